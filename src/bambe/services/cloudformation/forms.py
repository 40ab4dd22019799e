"""What an intrinsic function must look like, in AWS's words where it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bambe.kernel.errors import ValidationError


def _list(least: int, most: int | None = None) -> Callable[[Any], bool]:
    return lambda inner: isinstance(inner, list) and least <= len(inner) <= (most or least)


def _is_join(inner: Any) -> bool:
    return _list(2)(inner) and isinstance(inner[0], str) and isinstance(inner[1], list | dict)


def _is_select(inner: Any) -> bool:
    return _list(2)(inner) and isinstance(inner[1], list | dict)


def _is_split(inner: Any) -> bool:
    return _list(2)(inner) and isinstance(inner[0], str) and isinstance(inner[1], str | dict)


def _is_sub(inner: Any) -> bool:
    with_map = _list(2)(inner) and isinstance(inner[0], str) and isinstance(inner[1], dict)
    return isinstance(inner, str) or with_map


def _is_get_att(inner: Any) -> bool:
    if isinstance(inner, str):
        name, _, attribute = inner.partition(".")
        return bool(name and attribute)
    return _list(2)(inner) and isinstance(inner[0], str) and isinstance(inner[1], str | dict)


def _is_if(inner: Any) -> bool:
    return _list(3)(inner) and isinstance(inner[0], str)


def _is_find_in_map(inner: Any) -> bool:
    """Three parts, and a fourth that is only for templates with AWS::LanguageExtensions."""
    with_default = _list(4)(inner) and isinstance(inner[3], dict) and set(inner[3]) == {"DefaultValue"}
    return _list(3)(inner) or with_default


def _is_loop(inner: Any) -> bool:
    named = _list(3)(inner) and isinstance(inner[0], str)
    return named and isinstance(inner[1], list | dict) and isinstance(inner[2], dict) and bool(inner[2])


def _is_value(inner: Any) -> bool:
    return isinstance(inner, str | dict)


def _is_cidr(inner: Any) -> bool:
    return _list(2, 3)(inner)


FORMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "Ref": (lambda inner: isinstance(inner, str), "every Ref object must have a single String value."),
    "Fn::GetAtt": (
        _is_get_att,
        "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource"
        " attribute",
    ),
    "Fn::Sub": (
        _is_sub,
        "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first"
        " argument, and an optional second argument to specify a mapping of values to replace in the string",
    ),
    "Fn::Join": (
        _is_join,
        "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to"
        " be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.",
    ),
    "Fn::Select": (_is_select, "Fn::Select requires a list argument with two elements: an index and a list"),
    "Fn::Split": (
        _is_split,
        "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split"
        " or a function that returns a string to be split.",
    ),
    "Fn::FindInMap": (
        _is_find_in_map,
        "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for"
        " return value",
    ),
    "Fn::If": (_is_if, "Fn::If requires a list argument with three elements, the first a condition's name"),
    "Fn::Equals": (_list(2), "every Fn::Equals object requires a list of 2 string parameters."),
    "Fn::And": (
        _list(2, 10),
        "every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
    ),
    "Fn::Or": (
        _list(2, 10),
        "every Fn::Or object requires a list of at least 2 and at most 10 boolean parameters.",
    ),
    "Fn::Not": (_list(1), "every Fn::Not object requires one boolean parameter."),
    "Fn::ImportValue": (_is_value, "the attribute in Fn::ImportValue must be a string or a function."),
    "Fn::Base64": (_is_value, "every Fn::Base64 object must have a String-typed value."),
    "Fn::GetAZs": (_is_value, "every Fn::GetAZs object must have a String-typed value."),
    "Fn::Cidr": (
        _is_cidr,
        "every Fn::Cidr object requires two or three parameters: ipBlock, count and cidrBits",
    ),
    "Fn::Length": (
        lambda inner: isinstance(inner, list | dict),
        "Fn::Length requires a list, or a function that returns a list",
    ),
    "Fn::ToJsonString": (
        lambda inner: isinstance(inner, list | dict),
        "Fn::ToJsonString requires an object or an array",
    ),
    "Fn::Contains": (_list(2), "every Fn::Contains object requires a list of strings and a string."),
    "Fn::EachMemberEquals": (_list(2), "every Fn::EachMemberEquals object requires two parameters."),
    "Fn::EachMemberIn": (_list(2), "every Fn::EachMemberIn object requires two lists of strings."),
    "Fn::RefAll": (lambda inner: isinstance(inner, str), "Fn::RefAll requires a parameter type."),
    "Fn::ValueOf": (_list(2), "every Fn::ValueOf object requires two parameters."),
    "Fn::ValueOfAll": (_list(2), "every Fn::ValueOfAll object requires two parameters."),
}
LOOP = "Fn::ForEach::"
EXTENSIONS = ("Fn::Length", "Fn::ToJsonString")
"""Functions of AWS::LanguageExtensions, besides loops."""
IN_RULES = (
    "Fn::Contains",
    "Fn::EachMemberEquals",
    "Fn::EachMemberIn",
    "Fn::RefAll",
    "Fn::ValueOf",
    "Fn::ValueOfAll",
)
"""Functions that only the Rules section has."""


def check_form(name: str, inner: Any) -> None:
    """ValidationError where `{name: inner}` is no function, or not well formed."""
    if name.startswith(LOOP):
        if not _is_loop(inner):
            raise ValidationError(
                "Transform AWS::LanguageExtensions failed with: Fn::ForEach layout is incorrect"
                f" ({name}: an identifier, a collection and a mapping)"
            )
        return
    if name not in FORMS:
        raise ValidationError(f"Template error: the function {name} is not supported by Bambe")
    is_well_formed, words = FORMS[name]
    if not is_well_formed(inner):
        raise ValidationError(f"Template error: {words}")


def malformed(name: str) -> ValidationError:
    """The error of a function whose arguments turned out wrong when they were evaluated."""
    return ValidationError(f"Template error: {FORMS[name][1]}")


def check_rules(rules: Mapping[str, Any]) -> None:
    """ValidationError for rules that are not well formed."""
    for name, rule in rules.items():
        members = {"RuleCondition", "Assertions"}
        if not isinstance(rule, dict) or set(rule) - members or not isinstance(rule.get("Assertions"), list):
            raise ValidationError(f"Template format error: Rule {name} must have a list of Assertions.")
        for one in rule["Assertions"]:
            if not isinstance(one, dict) or "Assert" not in one:
                raise ValidationError(
                    f"Template format error: Each assertion of rule {name} needs an Assert."
                )
