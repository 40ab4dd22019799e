"""All stacks of a project on AWS in the order in which they are made, with what each is given.

network ── shared ─┬─ events ─┐
                   └──────────┴─ each service's build ── its image and first task definition ── the service
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bambe.project import Project
from bambe.synth.build import build_template
from bambe.synth.events import events_template
from bambe.synth.names import Names
from bambe.synth.network import network_template
from bambe.synth.service import service_template
from bambe.synth.shared import shared_template

Kind = Literal["network", "shared", "events", "build", "service"]


@dataclass(frozen=True, slots=True)
class Output:
    """A parameter's value: what another stack puts out."""

    stack: str
    name: str


@dataclass(frozen=True, slots=True)
class FirstTaskDefinition:
    """A parameter's value: the ARN of the first task definition of a service, which is registered between its
    two stacks, when its image is there. Later it is what it was: releases own it."""

    service: str


Value = str | Output | FirstTaskDefinition
Ways = Mapping[str, Collection[str]]
"""Services by the access (`events.access`) by which tasks of theirs come to the brokers."""


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack: its template, what it is given, which stacks are made before it."""

    name: str
    kind: Kind
    template: Mapping[str, Any]
    parameters: Mapping[str, Value] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    service: str = ""

    @property
    def body(self) -> str:
        """The template as CloudFormation takes it."""
        return json.dumps(self.template, separators=(",", ":"))


def stacks(project: Project, in_use: Ways | None = None) -> tuple[Stack, ...]:
    """Every stack of the project, none before one of its `after`.

    Accesses to Kafka that are `in_use` stay open beside the one that is wanted.
    Without `source` the parameter SourceLocation of the build stacks has no value.
    """
    wanted = project.events.access if project.events else ""
    also = {way: who for way, who in (in_use or {}).items() if way != wanted}
    made = [*_network(project), _shared(project), *_events(project, also)]
    builds = [_build(project, service, also) for service in sorted(project.services)]
    return (*made, *builds, *(_service(project, service) for service in sorted(project.services)))


def _network(project: Project) -> list[Stack]:
    if project.existing.vpc:
        return []
    return [Stack(Names.of(project).network_stack, "network", network_template(project))]


def _shared(project: Project) -> Stack:
    names = Names.of(project)
    given = _given(project, shared_template(project), public=True)
    return Stack(names.shared_stack, "shared", shared_template(project), given, _made(project))


def _events(project: Project, also: Ways) -> list[Stack]:
    if project.events is None:
        return []
    names, template = Names.of(project), events_template(project, project.events, sorted(also))
    after = (*_made(project), names.shared_stack)
    return [Stack(names.events_stack, "events", template, _given(project, template), after)]


def _build(project: Project, service: str, also: Ways) -> Stack:
    names, source = Names.of(project), project.source
    given: dict[str, Value] = {}
    if source:
        given = {"SourceType": source.kind, "SourceLocation": source.repository}
    ways = sorted(way for way, who in also.items() if service in who)
    name, template = names.build_stack(service), build_template(project, service, ways)
    return Stack(name, "build", template, given, (), service)


def _service(project: Project, service: str) -> Stack:
    names, template = Names.of(project), service_template(project, service)
    given = {
        **_given(project, template, not project.is_private),
        "TaskDefinition": FirstTaskDefinition(service),
    }
    events = [names.events_stack] if project.events else []
    after = (*_made(project), names.shared_stack, *events, names.build_stack(service))
    return Stack(names.stack(service), "service", template, given, after, service)


def _made(project: Project) -> tuple[str, ...]:
    """The stack of the network, where there is one."""
    return () if project.existing.vpc else (Names.of(project).network_stack,)


def _given(project: Project, template: Mapping[str, Any], public: bool = False) -> dict[str, Value]:
    """VPC and subnets, as far as the template takes them."""
    there, network = project.existing, Names.of(project).network_stack
    mine = there.public_subnets if public else there.private_subnets or there.public_subnets
    kind = "PublicSubnetIds" if public else "PrivateSubnetIds"
    said: dict[str, Value] = {"VpcId": Output(network, "VpcId"), "SubnetIds": Output(network, kind)}
    if there.vpc:
        said = {"VpcId": there.vpc, "SubnetIds": ",".join(mine)}
    return {name: value for name, value in said.items() if name in template.get("Parameters", {})}
