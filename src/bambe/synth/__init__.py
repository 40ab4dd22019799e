"""Turns a project into a CloudFormation template."""
