"""A stack's outputs and exports, written when its resources are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bambe.kernel.call import Tx
from bambe.kernel.errors import ValidationError
from bambe.services.cloudformation.intrinsics import Scope, evaluate, holds, imported, is_wanted, without_ifs
from bambe.services.cloudformation.model import Output, Resource, Stack
from bambe.services.cloudformation.reading import as_text
from bambe.services.cloudformation.scope import scope_of
from bambe.services.cloudformation.tables import STACKS, exports, importers
from bambe.services.cloudformation.template import parse


def written(
    tx: Tx, stack: Stack, rows: Mapping[str, Resource], known: Mapping[str, str], back: bool
) -> Stack:
    """The stack with the outputs of its template, stored; ValidationError for an export that clashes."""
    version = stack.previous if back and stack.previous else stack.goal
    template = parse(version.template)
    scope = scope_of(stack, template, version, rows.values(), known)
    made = [_output(name, scope) for name in template.outputs if _is_shown(name, scope)]
    _check_exports(tx, stack, made)
    changed = replace(stack, outputs=made, imports=sorted(imports_of(scope)))
    STACKS.update(tx, changed)
    return changed


def imports_of(scope: Scope) -> set[str]:
    """The exports that the template's resources and outputs import; AwsError for a name not yet known."""
    names = set[str]()
    template = scope.template
    for name, resource in template.resources.items():
        if is_wanted(name, scope):
            names |= imported(without_ifs(resource.get("Properties", {}), scope), scope)
    for name in template.outputs:
        if _is_shown(name, scope):
            names |= imported(without_ifs(template.outputs[name], scope), scope)
    return names


def _is_shown(name: str, scope: Scope) -> bool:
    condition = scope.template.outputs[name].get("Condition")
    return condition is None or holds(condition, scope)


def _output(name: str, scope: Scope) -> Output:
    said = scope.template.outputs[name]
    export = said.get("Export") or {}
    return Output(
        key=name,
        value=_text(evaluate(said["Value"], scope)),
        description=str(said.get("Description", "")),
        export=_text(evaluate(export["Name"], scope)) if "Name" in export else "",
    )


def _text(value: Any) -> str:
    if not isinstance(value, str | int | float):
        raise ValidationError(
            "Template format error: The Value field of every Outputs member must evaluate to a String."
        )
    return as_text(value)


def _check_exports(tx: Tx, stack: Stack, made: list[Output]) -> None:
    taken = exports(tx, stack.account, stack.region)
    fresh = {one.export: one.value for one in made if one.export}
    for name in fresh:
        if name in taken and taken[name][1] != stack.arn:
            other = taken[name][1].split("/")[1]
            raise ValidationError(f"Export with name {name} is already exported by stack {other}.")
    for old in stack.outputs:
        users = importers(tx, stack.account, stack.region, old.export) if old.export else []
        if users and fresh.get(old.export) != old.value:
            raise ValidationError(
                f"Export {old.export} cannot be updated as it is in use by {' and '.join(users)}"
            )
