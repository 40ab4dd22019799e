"""The user's bambe.yml: model, validation, JSON schema, annotated example."""

from bambe.project.loading import EXAMPLE, BadProject, load, parse
from bambe.project.model import Health, Project, Service
from bambe.project.release import Release
from bambe.project.schema import json_schema

__all__ = ["EXAMPLE", "BadProject", "Health", "Project", "Release", "Service", "json_schema", "load", "parse"]
