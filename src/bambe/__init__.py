"""Bambe: push a commit, get a safe blue/green release, on one machine or on AWS."""

__version__ = "0.1.0"
