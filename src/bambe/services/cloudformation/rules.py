"""A template's Rules: what must be true of its parameters before anything is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bambe.kernel.errors import ValidationError
from bambe.services.cloudformation.intrinsics import Scope, evaluate
from bambe.services.cloudformation.reading import as_text


def check(rules: Mapping[str, Any], scope: Scope) -> None:
    """ValidationError with the descriptions of the assertions that do not hold."""
    said = []
    for name, rule in rules.items():
        if "RuleCondition" in rule and not _holds(rule["RuleCondition"], scope):
            continue
        for one in rule["Assertions"]:
            if not _holds(one["Assert"], scope):
                said.append(str(one.get("AssertDescription") or f"rule {name} does not hold"))
    if said:
        raise ValidationError(f"Template validation error: {'; '.join(said)}")


def _holds(value: Any, scope: Scope) -> bool:
    return as_text(_value(value, scope)) == "true"


def _value(value: Any, scope: Scope) -> Any:
    if isinstance(value, dict) and len(value) == 1:
        name, inner = next(iter(value.items()))
        if name in FUNCTIONS:
            return FUNCTIONS[name](inner, scope)
    if isinstance(value, list):
        return [_value(one, scope) for one in value]
    return evaluate(value, scope)


def _texts(value: Any, scope: Scope) -> list[str]:
    found = _value(value, scope)
    return [as_text(one) for one in (found if isinstance(found, list) else [found])]


def _contains(inner: Any, scope: Scope) -> bool:
    return as_text(_value(inner[1], scope)) in _texts(inner[0], scope)


def _each_equals(inner: Any, scope: Scope) -> bool:
    wanted = as_text(_value(inner[1], scope))
    return all(one == wanted for one in _texts(inner[0], scope))


def _each_in(inner: Any, scope: Scope) -> bool:
    return set(_texts(inner[0], scope)) <= set(_texts(inner[1], scope))


def _equals(inner: Any, scope: Scope) -> bool:
    left, right = (as_text(_value(one, scope)) for one in inner)
    return left == right


def _ref_all(inner: Any, scope: Scope) -> list[Any]:
    names = [name for name, said in scope.template.parameters.items() if said["Type"] == inner]
    return [scope.parameters[name] for name in names if name in scope.parameters]


def _value_of(inner: Any, scope: Scope) -> Any:
    raise ValidationError(
        "Template error: Fn::ValueOf and Fn::ValueOfAll look up attributes of AWS resources,"
        " which Bambe does not"
    )


FUNCTIONS: dict[str, Callable[[Any, Scope], Any]] = {
    "Fn::And": lambda inner, scope: all(_holds(one, scope) for one in inner),
    "Fn::Or": lambda inner, scope: any(_holds(one, scope) for one in inner),
    "Fn::Not": lambda inner, scope: not _holds(inner[0], scope),
    "Fn::Equals": _equals,
    "Fn::Contains": _contains,
    "Fn::EachMemberEquals": _each_equals,
    "Fn::EachMemberIn": _each_in,
    "Fn::RefAll": _ref_all,
    "Fn::ValueOf": _value_of,
    "Fn::ValueOfAll": _value_of,
}
