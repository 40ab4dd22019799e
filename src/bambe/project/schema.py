"""The JSON schema of bambe.yml: for editors, and for what a mistake's sentence says of its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bambe.project.model import Project

Schema = Mapping[str, Any]


def json_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a whole bambe.yml."""
    schema = Project.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "bambe.yml",
        "description": "What Bambe knows of a project.",
    }


def part_of_schema(where: Sequence[str | int]) -> Schema:
    """What the schema says of a place in a bambe.yml; nothing of one that cannot be."""
    whole = Project.model_json_schema()
    part = _resolved(whole, whole)
    for step in where:
        part = _resolved(_within(part, step), whole)
    return part


def _within(part: Schema, step: str | int) -> Schema:
    if isinstance(step, int):
        inner = part.get("items", {})
    else:
        others = next(iter(part.get("patternProperties", {}).values()), part.get("additionalProperties"))
        inner = part.get("properties", {}).get(step, others)
    return inner if isinstance(inner, Mapping) else {}


def _resolved(part: Schema, whole: Schema) -> Schema:
    """A part with what it refers to; of several choices the one that goes on further down."""
    if "$ref" in part:
        name = str(part["$ref"]).rpartition("/")[2]
        part = {**whole["$defs"][name], **{key: one for key, one in part.items() if key != "$ref"}}
    if "anyOf" in part:
        choices = [_resolved(one, whole) for one in part["anyOf"]]
        deep = [one for one in choices if {"properties", "items"} & set(one)]
        part = {**(deep or choices)[0], **{key: one for key, one in part.items() if key != "anyOf"}}
    return part
