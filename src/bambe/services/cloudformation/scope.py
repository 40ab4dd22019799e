"""What a stack's template may refer to, gathered from the stack, its resources and all exports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bambe.services.cloudformation.intrinsics import NO_VALUE, Scope
from bambe.services.cloudformation.model import Resource, Stack, Version
from bambe.services.cloudformation.parameters import typed
from bambe.services.cloudformation.template import Template


def scope_of(
    stack: Stack,
    template: Template,
    version: Version,
    rows: Iterable[Resource] = (),
    exports: Mapping[str, str] | None = None,
) -> Scope:
    """The scope in which `template` with `version`'s parameters is evaluated for `stack`."""
    existing = [row for row in rows if row.exists and row.physical_id]
    return Scope(
        template=template,
        parameters=typed(template, version.values),
        pseudo=pseudo(stack),
        physical={row.logical_id: row.physical_id for row in existing},
        attributes={row.logical_id: row.attributes for row in existing},
        exports=exports or {},
    )


def pseudo(stack: Stack) -> dict[str, Any]:
    """The pseudo parameters."""
    return {**standing(stack.account, stack.region, stack.name), "AWS::StackId": stack.arn}


def standing(account: str, region: str, name: str) -> dict[str, Any]:
    """The pseudo parameters that are known before there is a stack."""
    return {
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": name,
        "AWS::NotificationARNs": [],
        "AWS::NoValue": NO_VALUE,
    }
