"""A project at rest: what is left of its stacks when nothing runs and no data is lost.

Images, logs, and the Kafka cluster with its events stay, and of the network what the brokers lie in. A later
update by the whole template brings everything back.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from bambe.synth.stacks import Kind

DATA: Mapping[Kind, Collection[str]] = {
    "service": ("LogGroup",),
    "build": ("Repository", "BuildLogGroup"),
}
"""Logical ids of the resources that hold data."""
BESIDE_EVENTS: Mapping[Kind, Collection[str]] = {"shared": ("TaskSecurityGroup",)}
"""What the stack of events imports."""
WAYS_OUT = ("AWS::EC2::EIP", "AWS::EC2::NatGateway", "AWS::EC2::VPCEndpoint")
"""Of a network; brokers need none of them."""


def resting(kind: Kind, template: Mapping[str, Any], keeps_events: bool) -> Mapping[str, Any] | None:
    """The template of a stack at rest; None where nothing of it is left. `keeps_events` says whether a stack
    of events stays."""
    if kind == "events":
        return template if keeps_events else None
    if kind == "network":
        return _without(template, _ways_out(template)) if keeps_events else None
    kept = DATA.get(kind) or (BESIDE_EVENTS[kind] if keeps_events else ())
    gone = [name for name in template["Resources"] if name not in kept]
    return _without(template, gone) if kept else None


def _ways_out(template: Mapping[str, Any]) -> list[str]:
    """The ways out of a network, and what refers to them."""
    resources = template["Resources"]
    gone = [name for name, one in resources.items() if one["Type"] in WAYS_OUT]
    return [*gone, *(name for name, one in resources.items() if _refers(one, gone) and name not in gone)]


def _without(template: Mapping[str, Any], gone: Collection[str]) -> Mapping[str, Any]:
    """A template without some resources, and without the outputs that tell of them."""
    resources = {name: one for name, one in template["Resources"].items() if name not in gone}
    outputs = {name: one for name, one in template.get("Outputs", {}).items() if not _refers(one, gone)}
    return {**template, "Resources": resources, "Outputs": outputs}


def _refers(part: Any, names: Collection[str]) -> bool:
    """Whether a part of a template has a Ref or a GetAtt of one of these."""
    said = json.dumps(part)
    return any(f'{{"Ref": "{name}"}}' in said or f'"Fn::GetAtt": ["{name}"' in said for name in names)
