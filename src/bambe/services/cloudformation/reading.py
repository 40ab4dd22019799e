"""A template's text as plain data: JSON, or YAML as CloudFormation reads it."""

from __future__ import annotations

import json
import math
from typing import Any

import yaml

from bambe.kernel.errors import ValidationError
from bambe.services.cloudformation.forms import check_form

LIMIT = 1_000_000
"""AWS takes templates of this size from S3; there is no S3 here, so they may come in the request."""
DEPTH = 100


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as CloudFormation reads it: short forms, and dates stay text."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name: value}


_Loader.add_multi_constructor("!", _short_form)


def _date_as_text(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _date_as_text)


def read(text: str) -> dict[str, Any]:
    """The mapping `text` says, functions in their long form; ValidationError where it is none."""
    plain: dict[str, Any] = _plain(_read(text), "", 0)
    return plain


def as_text(value: Any) -> str:
    """A scalar as CloudFormation spells it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(value: Any, where: str, depth: int) -> Any:
    """`value` with text for keys and well-formed functions; ValidationError for what JSON cannot say."""
    if depth > DEPTH:
        raise ValidationError(f"Template format error: the template is nested deeper than {DEPTH} levels")
    if isinstance(value, list):
        return [_plain(inner, f"{where}/{number}", depth + 1) for number, inner in enumerate(value)]
    if isinstance(value, dict):
        plain = {as_text(k): _plain(inner, f"{where}/{as_text(k)}", depth + 1) for k, inner in value.items()}
        for name, inner in plain.items():
            if name.startswith("Fn::") or (name == "Ref" and len(plain) == 1):
                check_form(name, inner)
        return plain
    if value is None:
        raise ValidationError(f"Template format error: [{where}] 'null' values are not allowed in templates")
    if not isinstance(value, str | int | float) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValidationError(f"Template format error: [{where}] unsupported value.")
    return value


def _read(text: str) -> dict[str, Any]:
    if len(text) > LIMIT:
        raise ValidationError(f"Template may not exceed {LIMIT} bytes in size.")
    try:
        raw = json.loads(text) if text.lstrip().startswith("{") else _read_yaml(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else f": {error}"
        kind = "JSON" if text.lstrip().startswith("{") else "YAML"
        raise ValidationError(f"Template format error: {kind} not well-formed.{where}") from None
    if not isinstance(raw, dict):
        raise ValidationError("Template format error: unsupported structure.")
    return raw


def _read_yaml(text: str) -> Any:
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, _Loader)):
        raise ValidationError("Template error: YAML aliases are not allowed in CloudFormation templates")
    return yaml.load(text, _Loader)
