"""What a template's values refer to, and an order in which nothing comes before what it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


def attribute_owners(value: Any) -> Iterator[str]:
    """Every name whose attribute `value` takes by Fn::GetAtt."""
    if isinstance(value, list):
        for inner in value:
            yield from attribute_owners(inner)
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Fn::GetAtt":
                yield (inner if isinstance(inner, list) else inner.split("."))[0]
            else:
                yield from attribute_owners(inner)


def references(value: Any) -> Iterator[str]:
    """Every name `value` refers to: Ref, Fn::GetAtt, and the variables of Fn::Sub that it does not bind."""
    if isinstance(value, list):
        for inner in value:
            yield from references(inner)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key == "Ref" and len(value) == 1:
            yield str(inner)
        elif key == "Fn::GetAtt":
            yield (inner if isinstance(inner, list) else inner.split("."))[0]
        elif key == "Fn::Sub":
            yield from _sub_references(inner)
        else:
            yield from references(inner)


def _sub_references(inner: Any) -> Iterator[str]:
    text, bound = (inner[0], inner[1]) if isinstance(inner, list) else (inner, {})
    yield from references(bound)
    for name in VARIABLE.findall(str(text)):
        if name not in bound:
            yield name.strip().split(".")[0]


def functions_in(value: Any) -> Iterator[str]:
    """The name of every function in `value`."""
    if isinstance(value, list):
        for inner in value:
            yield from functions_in(inner)
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.startswith("Fn::"):
                yield key
            yield from functions_in(inner)


def depends_on(resource: Mapping[str, Any]) -> list[str]:
    """A resource's DependsOn as a list."""
    said = resource.get("DependsOn", [])
    return said if isinstance(said, list) else [said]


def conditions_of(value: Any) -> Iterator[str]:
    """Every condition `value` names: Condition (a resource's, an output's or in a condition) and Fn::If."""
    if isinstance(value, list):
        for inner in value:
            yield from conditions_of(inner)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key == "Condition" and isinstance(inner, str):
            yield inner
        elif key == "Fn::If":
            yield str(inner[0])
            yield from conditions_of(inner[1:])
        else:
            yield from conditions_of(inner)


def in_order(needs: Mapping[str, set[str]]) -> tuple[list[str], list[str]]:
    """Names with each after what it needs, and those that a circle keeps from it."""
    left, done = dict(needs), list[str]()
    while left:
        free = sorted(name for name, wanted in left.items() if not wanted - set(done))
        if not free:
            return done, sorted(left)
        done += free
        left = {name: wanted for name, wanted in left.items() if name not in free}
    return done, []
