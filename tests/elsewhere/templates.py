"""Templates cut down to what another implementation knows: pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bambe.services.cloudformation.references import VARIABLE, depends_on

Template = dict[str, Any]
StandIn = Callable[[str, str], str]
"""What is said instead of a reference to a resource that was left out: (type, attribute or nothing)."""


def types_of(template: Mapping[str, Any]) -> set[str]:
    return {str(one["Type"]) for one in template["Resources"].values()}


def without(template: Mapping[str, Any], types: set[str], stand_in: StandIn) -> Template:
    """The template without resources of some types; what refers to one says its stand-in."""
    gone = {name: one["Type"] for name, one in template["Resources"].items() if one["Type"] in types}
    kept = {name: one for name, one in template["Resources"].items() if name not in gone}
    made: Template = _replaced({**template, "Resources": kept}, gone, stand_in)
    for resource in made["Resources"].values():
        if "DependsOn" in resource:
            resource["DependsOn"] = [one for one in depends_on(resource) if one not in gone]
            if not resource["DependsOn"]:
                del resource["DependsOn"]
    return made


def _replaced(value: Any, gone: Mapping[str, str], stand_in: StandIn) -> Any:
    if isinstance(value, list):
        return [_replaced(one, gone, stand_in) for one in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["Ref"] and value["Ref"] in gone:
        return stand_in(gone[value["Ref"]], "")
    if list(value) == ["Fn::GetAtt"]:
        inner = value["Fn::GetAtt"]
        name, attribute = inner if isinstance(inner, list) else inner.split(".", 1)
        if name in gone:
            return stand_in(gone[name], attribute)
    if list(value) == ["Fn::Sub"]:
        return {"Fn::Sub": _substituted(value["Fn::Sub"], gone, stand_in)}
    return {key: _replaced(one, gone, stand_in) for key, one in value.items()}


def _substituted(inner: Any, gone: Mapping[str, str], stand_in: StandIn) -> Any:
    text, bound = inner if isinstance(inner, list) else (inner, None)

    def said(hit: Any) -> str:
        name, _, attribute = hit[1].strip().partition(".")
        return stand_in(gone[name], attribute) if name in gone else str(hit[0])

    filled = VARIABLE.sub(said, text)
    return filled if bound is None else [filled, _replaced(bound, gone, stand_in)]
