"""The JSON schema of bambe.yml, for editors."""

from __future__ import annotations

from typing import Any

from bambe.project.model import Project


def json_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a whole bambe.yml."""
    schema = Project.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "bambe.yml",
        "description": "What Bambe knows of a project.",
    }
