"""Intrinsic functions: a template's values, evaluated with what is known."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bambe.kernel.errors import ValidationError
from bambe.services.cloudformation.template import VARIABLE, Template


class _NoValue:
    """AWS::NoValue: what carries it is left out."""


NO_VALUE = _NoValue()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a template's values may refer to. `attributes` by logical id."""

    template: Template
    parameters: Mapping[str, Any]
    pseudo: Mapping[str, Any]
    physical: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    exports: Mapping[str, str] = field(default_factory=dict)


def evaluate(value: Any, scope: Scope) -> Any:
    """`value` with every intrinsic function replaced by its result."""
    if isinstance(value, list):
        return [one for one in (evaluate(inner, scope) for inner in value) if one is not NO_VALUE]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        name, inner = next(iter(value.items()))
        if name in FUNCTIONS:
            return FUNCTIONS[name](inner, scope)
    evaluated = {key: evaluate(inner, scope) for key, inner in value.items()}
    return {key: inner for key, inner in evaluated.items() if inner is not NO_VALUE}


def holds(condition: str, scope: Scope) -> bool:
    """Whether a condition of the template is true."""
    if condition not in scope.template.conditions:
        raise ValidationError(f"Template error: unresolved condition {condition}")
    return bool(evaluate(scope.template.conditions[condition], scope))


def is_wanted(name: str, scope: Scope) -> bool:
    """Whether a resource's condition (if any) is true."""
    condition = scope.template.resources[name].get("Condition")
    return condition is None or holds(condition, scope)


def _ref(inner: Any, scope: Scope) -> Any:
    if inner == "AWS::NoValue":
        return NO_VALUE
    for known in (scope.pseudo, scope.parameters, scope.physical):
        if inner in known:
            return known[inner]
    raise ValidationError(f"Template error: {inner} cannot be resolved (its condition is false)")


def _get_att(inner: Any, scope: Scope) -> Any:
    name, attribute = inner if isinstance(inner, list) else str(inner).split(".", 1)
    attributes = scope.attributes.get(name, {})
    attribute = str(evaluate(attribute, scope))
    if attribute not in attributes:
        kind = scope.template.resources[name]["Type"]
        raise ValidationError(
            f"Template error: resource {name} does not support attribute type {attribute} ({kind})"
        )
    return attributes[attribute]


def _sub(inner: Any, scope: Scope) -> str:
    text, bound = (inner[0], evaluate(inner[1], scope)) if isinstance(inner, list) else (inner, {})

    def value(hit: Any) -> str:
        name = hit[1].strip()
        if name in bound:
            return str(bound[name])
        return str(_get_att(name, scope) if "." in name and "::" not in name else _ref(name, scope))

    return VARIABLE.sub(value, str(text)).replace("${!", "${")


def _join(inner: Any, scope: Scope) -> str:
    separator, parts = inner
    return str(separator).join(str(part) for part in evaluate(parts, scope))


def _select(inner: Any, scope: Scope) -> Any:
    index, items = int(evaluate(inner[0], scope)), evaluate(inner[1], scope)
    if not 0 <= index < len(items):
        raise ValidationError(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return items[index]


def _split(inner: Any, scope: Scope) -> list[str]:
    return str(evaluate(inner[1], scope)).split(str(inner[0]))


def _find_in_map(inner: Any, scope: Scope) -> Any:
    found: Any = scope.template.mappings
    path = [str(evaluate(part, scope)) for part in inner[:3]]
    for key in path:
        if not isinstance(found, dict) or key not in found:
            raise ValidationError(f"Template error: Unable to get mapping for {'::'.join(path)}")
        found = found[key]
    return found


def _if(inner: Any, scope: Scope) -> Any:
    condition, yes, no = inner
    return evaluate(yes if holds(condition, scope) else no, scope)


def _equals(inner: Any, scope: Scope) -> bool:
    left, right = (evaluate(one, scope) for one in inner)
    return str(left) == str(right)


def _import_value(inner: Any, scope: Scope) -> str:
    name = str(evaluate(inner, scope))
    if name not in scope.exports:
        raise ValidationError(f"No export named {name} found.")
    return scope.exports[name]


FUNCTIONS: dict[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Condition": lambda inner, scope: holds(inner, scope),
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
    "Fn::Equals": _equals,
    "Fn::And": lambda inner, scope: all(evaluate(one, scope) for one in inner),
    "Fn::Or": lambda inner, scope: any(evaluate(one, scope) for one in inner),
    "Fn::Not": lambda inner, scope: not evaluate(inner[0], scope),
    "Fn::ImportValue": _import_value,
    "Fn::Base64": lambda inner, scope: base64.b64encode(str(evaluate(inner, scope)).encode()).decode(),
    "Fn::GetAZs": lambda inner, scope: [
        f"{evaluate(inner, scope) or scope.pseudo['AWS::Region']}{z}" for z in "abc"
    ],
}


def imported(value: Any, scope: Scope) -> set[str]:
    """The exports a template's value imports, as far as they can be known beforehand."""
    if isinstance(value, list):
        return {name for inner in value for name in imported(inner, scope)}
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for key, inner in value.items():
        if key == "Fn::ImportValue":
            found.add(str(evaluate(inner, scope)))
        else:
            found |= imported(inner, scope)
    return found
