"""A stack's parameters: given, kept, defaulted, and checked against the template's constraints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import re2

from bambe.kernel.errors import ValidationError
from bambe.services.cloudformation.reading import as_text
from bambe.services.cloudformation.template import Template

NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)")
SSM = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")
TYPE = re.compile(
    r"String|Number|CommaDelimitedList|List<Number>|AWS::[\w:]+|List<AWS::[\w:]+>"
    r"|AWS::SSM::Parameter::Value<(String|CommaDelimitedList|AWS::[\w:]+|List<(String|AWS::[\w:]+)>)>"
)
LONGEST = 4096


def chosen(
    template: Template, given: Iterable[Mapping[str, Any]], previous: Mapping[str, str]
) -> dict[str, str]:
    """Parameter values for `template`; ValidationError in AWS's words."""
    asked = {one["ParameterKey"]: one for one in given if "ParameterKey" in one}
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
    return as_text(declared["Default"]) if "Default" in declared else None


def _check(name: str, value: str, declared: Mapping[str, Any]) -> None:
    kind = declared["Type"]
    if not TYPE.fullmatch(kind):
        raise ValidationError(f"Template format error: Unrecognized parameter type: {kind}")
    for one in _typed(kind, value) if _is_list(kind) else [value]:
        problem = _problem(name, one, declared)
        if problem:
            said = declared.get("ConstraintDescription")
            raise ValidationError(
                f"Parameter {name} failed to satisfy constraint: {said}" if said else problem
            )


def _problem(name: str, value: str, declared: Mapping[str, Any]) -> str:
    """What is wrong with `value`, or nothing."""
    if len(value.encode()) > LONGEST:
        return f"Parameter '{name}' must contain at most {LONGEST} characters"
    if "Number" in declared["Type"] and not NUMBER.fullmatch(value):
        return f"Parameter '{name}' must be a number."
    allowed = declared.get("AllowedValues")
    if allowed is not None and value not in [as_text(one) for one in _as_list(name, allowed)]:
        return f"Parameter '{name}' must be one of AllowedValues"
    pattern = declared.get("AllowedPattern")
    if pattern is not None and not _compiled(name, as_text(pattern)).fullmatch(value):
        return f"Parameter '{name}' must match pattern {pattern}"
    if "MinLength" in declared and len(value) < _limit(name, "MinLength", declared):
        return f"Parameter '{name}' must contain at least {declared['MinLength']} characters"
    if "MaxLength" in declared and len(value) > _limit(name, "MaxLength", declared):
        return f"Parameter '{name}' must contain at most {declared['MaxLength']} characters"
    if "MinValue" in declared and float(value) < _limit(name, "MinValue", declared):
        return f"Parameter '{name}' must be a number not less than {declared['MinValue']}"
    if "MaxValue" in declared and float(value) > _limit(name, "MaxValue", declared):
        return f"Parameter '{name}' must be a number not greater than {declared['MaxValue']}"
    return ""


def _limit(name: str, constraint: str, declared: Mapping[str, Any]) -> float:
    if constraint.endswith("Value") and "Number" not in declared["Type"]:
        raise ValidationError(f"Template format error: Parameter {name}: {constraint} is for numbers only.")
    said = as_text(declared[constraint])
    if not NUMBER.fullmatch(said):
        raise ValidationError(f"Template format error: Parameter {name}: {constraint} must be a number.")
    return float(said)


def _as_list(name: str, allowed: Any) -> list[Any]:
    if not isinstance(allowed, list):
        raise ValidationError(f"Template format error: Parameter {name}: AllowedValues must be a list.")
    return allowed


def _compiled(name: str, pattern: str) -> Any:
    """The pattern in RE2, which no text can keep busy for long."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        raise ValidationError(
            f"Template format error: Parameter {name}: AllowedPattern {pattern} is no regular expression"
            " that Bambe understands (RE2: no lookahead, no backreferences)"
        ) from None


def typed(template: Template, values: Mapping[str, str]) -> dict[str, Any]:
    """Values as Ref gives them: lists where the type says so."""
    declared = template.parameters
    return {name: _typed(declared[name]["Type"], value) for name, value in values.items() if name in declared}


def _is_list(kind: str) -> bool:
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def _typed(kind: str, value: str) -> Any:
    within = SSM.fullmatch(kind)
    kind = within[1] if within else kind
    if _is_list(kind):
        return [part.strip() for part in value.split(",")] if value else []
    return value


def is_secret(declared: Mapping[str, Any]) -> bool:
    """Whether a parameter's value is never shown (NoEcho)."""
    return as_text(declared.get("NoEcho", "false")).lower() == "true"
