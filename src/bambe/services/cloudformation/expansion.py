"""AWS::LanguageExtensions: a template's loops written out, its policies evaluated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bambe.kernel.errors import ValidationError
from bambe.services.cloudformation.forms import EXTENSIONS, LOOP
from bambe.services.cloudformation.intrinsics import NO_VALUE, Scope, evaluate
from bambe.services.cloudformation.parameters import typed
from bambe.services.cloudformation.reading import as_text
from bambe.services.cloudformation.template import Template

TRANSFORM = "AWS::LanguageExtensions"
POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")
LOOPING = ("Conditions", "Outputs", "Resources")
PLACE = re.compile(r"[$&]\{(\w+)\}")
Raw = dict[str, Any]
Bound = Mapping[str, str]


def transforms(raw: Mapping[str, Any]) -> list[str]:
    """The names of the transforms a template asks for; ValidationError for one that does not exist."""
    said = raw.get("Transform", [])
    names = said if isinstance(said, list) else [said]
    for name in names:
        if not isinstance(name, str):
            raise ValidationError("Template format error: Transform must be a string or a list of strings.")
        if name != TRANSFORM:
            raise ValidationError(f"No transform named {name} found.")
    return list(names)


def check_unextended(raw: Mapping[str, Any]) -> None:
    """ValidationError where a template uses AWS::LanguageExtensions without saying so."""
    found = next(_extended(raw), None)
    if found is not None:
        raise ValidationError(
            f"Template format error: {found} is not supported without the transform {TRANSFORM}"
        )


def _extended(value: Any) -> Any:
    """Every use of the extension's functions."""
    if isinstance(value, list):
        for inner in value:
            yield from _extended(inner)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key in EXTENSIONS or key.startswith(LOOP):
            yield key
        if key == "Fn::FindInMap" and len(inner) == 4:
            yield "the DefaultValue of Fn::FindInMap"
        yield from _extended(inner)


def expanded(raw: Raw, values: Mapping[str, str], pseudo: Mapping[str, Any]) -> Raw:
    """The template without loops, its parameters being `values`."""
    scope = _scope(raw, values, pseudo)
    done = {name: _written(part, {}, scope) if name in LOOPING else part for name, part in raw.items()}
    scope = _scope(done, values, pseudo)
    resources = done.get("Resources")
    if isinstance(resources, dict):
        done["Resources"] = {name: _with_policies(one, scope) for name, one in resources.items()}
    return done


def _scope(raw: Raw, values: Mapping[str, str], pseudo: Mapping[str, Any]) -> Scope:
    declared = raw.get("Parameters", {})
    template = Template(
        resources={},
        parameters=declared,
        mappings=raw.get("Mappings", {}),
        conditions=raw.get("Conditions", {}),
    )
    return Scope(template, typed(template, values), pseudo)


def _with_policies(resource: Any, scope: Scope) -> Any:
    if not isinstance(resource, dict):
        return resource
    said = {
        name: evaluate(resource[name], scope) for name in POLICIES if isinstance(resource.get(name), dict)
    }
    kept = {name: value for name, value in resource.items() if name not in said}
    return kept | {name: value for name, value in said.items() if value is not NO_VALUE}


def _written(value: Any, bound: Bound, scope: Scope) -> Any:
    if isinstance(value, list):
        return [_written(inner, bound, scope) for inner in value]
    if isinstance(value, str):
        return _filled(value, bound)
    if not isinstance(value, dict):
        return value
    if list(value) == ["Ref"] and value["Ref"] in bound:
        return bound[value["Ref"]]
    made: Raw = {}
    for key, inner in value.items():
        part = _loop(key, inner, bound, scope) if key.startswith(LOOP) else None
        part = {_filled(key, bound): _written(inner, bound, scope)} if part is None else part
        if twice := sorted(set(part) & set(made)):
            raise ValidationError(f"Transform {TRANSFORM} failed with: duplicate key {twice[0]}")
        made |= part
    return made


def _loop(name: str, inner: Any, bound: Bound, scope: Scope) -> Raw:
    identifier, collection, body = inner
    if identifier in bound or identifier in scope.parameters:
        raise ValidationError(
            f"Transform {TRANSFORM} failed with: the identifier {identifier} of {name} is already in use"
        )
    made: Raw = {}
    for item in _items(name, collection, bound, scope):
        within = {**bound, identifier: item}
        for key, value in _written(body, within, scope).items():
            if key in made:
                raise ValidationError(
                    f"Transform {TRANSFORM} failed with: {name} makes {key} twice:"
                    f" its key needs ${{{identifier}}}"
                )
            made[key] = value
    return made


def _items(name: str, collection: Any, bound: Bound, scope: Scope) -> list[str]:
    found = evaluate(_written(collection, bound, scope), scope)
    if not isinstance(found, list):
        raise ValidationError(f"Transform {TRANSFORM} failed with: the collection of {name} is no list")
    flat = [one for part in found for one in (part if isinstance(part, list) else [part])]
    if not all(isinstance(one, str | int | float) for one in flat):
        raise ValidationError(f"Transform {TRANSFORM} failed with: the collection of {name} holds no strings")
    return [as_text(one) for one in flat]


def _filled(text: str, bound: Bound) -> str:
    """`text` with each identifier's value; `&{X}` leaves out what no logical id may have."""

    def value(hit: re.Match[str]) -> str:
        if hit[1] not in bound:
            return hit[0]
        said = bound[hit[1]]
        return re.sub(r"[^A-Za-z0-9]", "", said) if hit[0].startswith("&") else said

    return PLACE.sub(value, text)
