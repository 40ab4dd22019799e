"""Intrinsic functions: a template's values, evaluated with what is known."""

from __future__ import annotations

import base64
import ipaddress
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bambe.kernel.errors import ValidationError
from bambe.services.cloudformation.forms import malformed
from bambe.services.cloudformation.reading import as_text
from bambe.services.cloudformation.references import VARIABLE
from bambe.services.cloudformation.template import Template


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
            return _called(name, inner, scope)
    evaluated = {key: evaluate(inner, scope) for key, inner in value.items()}
    return {key: inner for key, inner in evaluated.items() if inner is not NO_VALUE}


def _called(name: str, inner: Any, scope: Scope) -> Any:
    try:
        return FUNCTIONS[name](inner, scope)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise malformed(name) from None


def holds(condition: str, scope: Scope) -> bool:
    """Whether a condition of the template is true."""
    return _truth(scope.template.conditions[condition], scope)


def _truth(value: Any, scope: Scope) -> bool:
    """A condition's value: a function's, or that of the condition it names."""
    if isinstance(value, dict) and list(value) == ["Condition"]:
        return holds(value["Condition"], scope)
    return as_text(evaluate(value, scope)) == "true"


def without_ifs(value: Any, scope: Scope) -> Any:
    """`value` with each Fn::If replaced by the branch its condition chooses."""
    if isinstance(value, list):
        return [without_ifs(inner, scope) for inner in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["Fn::If"]:
        condition, yes, no = value["Fn::If"]
        return without_ifs(yes if holds(condition, scope) else no, scope)
    return {key: without_ifs(inner, scope) for key, inner in value.items()}


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
            return as_text(bound[name])
        return as_text(_get_att(name, scope) if "." in name and "::" not in name else _ref(name, scope))

    return VARIABLE.sub(value, str(text)).replace("${!", "${")


def _join(inner: Any, scope: Scope) -> str:
    separator, parts = inner[0], evaluate(inner[1], scope)
    return str(separator).join(as_text(part) for part in _list_of(parts))


def _list_of(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value


def _select(inner: Any, scope: Scope) -> Any:
    index, items = int(evaluate(inner[0], scope)), _list_of(evaluate(inner[1], scope))
    if not 0 <= index < len(items):
        raise ValidationError(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return items[index]


def _split(inner: Any, scope: Scope) -> list[str]:
    return str(evaluate(inner[1], scope)).split(str(inner[0]))


def _find_in_map(inner: Any, scope: Scope) -> Any:
    found: Any = scope.template.mappings
    path = [as_text(evaluate(part, scope)) for part in inner[:3]]
    for key in path:
        if not isinstance(found, dict) or key not in found:
            if len(inner) == 4:
                return evaluate(inner[3]["DefaultValue"], scope)
            raise ValidationError(f"Template error: Unable to get mapping for {'::'.join(path)}")
        found = found[key]
    return found


def _if(inner: Any, scope: Scope) -> Any:
    condition, yes, no = inner
    return evaluate(yes if holds(condition, scope) else no, scope)


def _equals(inner: Any, scope: Scope) -> bool:
    left, right = (evaluate(one, scope) for one in inner)
    return as_text(left) == as_text(right)


def _import_value(inner: Any, scope: Scope) -> str:
    name = str(evaluate(inner, scope))
    if name not in scope.exports:
        raise ValidationError(f"No export named {name} found.")
    return scope.exports[name]


def _cidr(inner: Any, scope: Scope) -> list[str]:
    block, count, *bits = (evaluate(one, scope) for one in inner)
    network = ipaddress.ip_network(block)
    subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits[0] if bits else 8))
    found = [str(one) for one in itertools.islice(subnets, min(int(count), 256))]
    if len(found) < int(count):
        raise ValueError("too few")
    return found


FUNCTIONS: dict[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
    "Fn::Equals": _equals,
    "Fn::And": lambda inner, scope: all(_truth(one, scope) for one in inner),
    "Fn::Or": lambda inner, scope: any(_truth(one, scope) for one in inner),
    "Fn::Not": lambda inner, scope: not _truth(inner[0], scope),
    "Fn::ImportValue": _import_value,
    "Fn::Cidr": _cidr,
    "Fn::Length": lambda inner, scope: len(_list_of(evaluate(inner, scope))),
    "Fn::ToJsonString": lambda inner, scope: json.dumps(evaluate(inner, scope), separators=(",", ":")),
    "Fn::Base64": lambda inner, scope: base64.b64encode(as_text(evaluate(inner, scope)).encode()).decode(),
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
