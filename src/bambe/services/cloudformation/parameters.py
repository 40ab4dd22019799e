"""A stack's parameters: given, kept, defaulted, and checked against the template's constraints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bambe.kernel.errors import ValidationError
from bambe.services.cloudformation.template import Template


def chosen(
    template: Template, given: Iterable[Mapping[str, Any]], previous: Mapping[str, str]
) -> dict[str, str]:
    """Parameter values for `template`; ValidationError in AWS's words."""
    asked = {one["ParameterKey"]: one for one in given}
    unknown = sorted(set(asked) - set(template.parameters))
    if unknown:
        raise ValidationError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values: dict[str, str] = {}
    missing: list[str] = []
    for name, declared in template.parameters.items():
        value = _value(asked.get(name), name, previous, declared)
        if value is None:
            missing.append(name)
        else:
            _check(name, value, declared)
            values[name] = value
    if missing:
        raise ValidationError(f"Parameters: [{', '.join(sorted(missing))}] must have values")
    return values


def _value(
    asked: Mapping[str, Any] | None, name: str, previous: Mapping[str, str], declared: Mapping[str, Any]
) -> str | None:
    if asked is not None and asked.get("UsePreviousValue"):
        if name not in previous:
            raise ValidationError(f"Invalid input for parameter key {name}. Cannot specify usePreviousValue"
                                  " as true for a parameter key not in the previous template")  # fmt: skip
        return previous[name]
    if asked is not None and "ParameterValue" in asked:
        return str(asked["ParameterValue"])
    return str(declared["Default"]) if "Default" in declared else None


def _check(name: str, value: str, declared: Mapping[str, Any]) -> None:
    kind = str(declared.get("Type", "String"))
    if kind.startswith("AWS::SSM::Parameter"):
        raise ValidationError(f"Parameter {name}: the type {kind} is not supported by Bambe: pass the value")
    if kind == "Number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        raise ValidationError(f"Parameter '{name}' must be a number.")
    allowed = declared.get("AllowedValues")
    if allowed is not None and value not in [str(one) for one in allowed]:
        raise ValidationError(f"Parameter '{name}' must be one of AllowedValues")
    pattern = declared.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(str(pattern), value):
        said = declared.get("ConstraintDescription")
        raise ValidationError(
            f"Parameter {name} failed to satisfy constraint: {said}"
            if said
            else f"Parameter '{name}' must match pattern {pattern}"
        )
    if "MinLength" in declared and len(value) < int(declared["MinLength"]):
        raise ValidationError(f"Parameter '{name}' must contain at least {declared['MinLength']} characters")
    if "MaxLength" in declared and len(value) > int(declared["MaxLength"]):
        raise ValidationError(f"Parameter '{name}' must contain at most {declared['MaxLength']} characters")


def typed(template: Template, values: Mapping[str, str]) -> dict[str, Any]:
    """Values as Ref gives them: lists where the type says so."""
    declared = template.parameters
    return {
        name: _typed(str(declared[name].get("Type")), value)
        for name, value in values.items()
        if name in declared
    }


def _typed(kind: str, value: str) -> Any:
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [part.strip() for part in value.split(",")] if value else []
    return value
