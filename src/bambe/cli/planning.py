"""What an `up` would do: read from what is there, with nothing changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bambe.cli.cluster import find_cluster
from bambe.cli.definitions import changed_definitions, live_definitions
from bambe.cli.previews import Change as StackChange
from bambe.cli.previews import Preview, additions
from bambe.cli.side_by_side import side_by_side
from bambe.cli.stacks import GIVEN_UP, NEVER_MADE, Stacks
from bambe.cli.target import Target
from bambe.cli.topics import Change
from bambe.cli.wanted import Wanted, check_owners, is_running
from bambe.project import Project
from bambe.synth import Stack
from bambe.synth.names import priorities

BY_RELEASES_ONLY = ("LoadBalancers", "NetworkConfiguration", "PlatformVersion", "TaskDefinition")
"""Properties of a service of CodeDeploy's that no update of a stack changes (UpdateService)."""
NAMES = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CodeDeploy::Application": "ApplicationName",
    "AWS::CodeDeploy::DeploymentConfig": "DeploymentConfigName",
    "AWS::CodeDeploy::DeploymentGroup": "DeploymentGroupName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::ECS::Service": "ServiceName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::MSK::Cluster": "ClusterName",
    "AWS::MSK::Topic": "TopicName",
    "AWS::SNS::Topic": "TopicName",
}
"""The property with a resource's own name, where it is not `Name`. With one it cannot be replaced, since the
new one is made before the old one is deleted (CloudFormation: "Rename ... and update the stack again")."""
FOUNDATIONS = ("AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::ServiceDiscovery::PrivateDnsNamespace")
"""Types in which others lie, that keep the old one from being deleted."""
TAKE_BACK = "take back what changes it"
OUT_AND_IN = "take it out of bambe.yml, `bambe up --yes`, and put it in again"
DESCRIPTION = r"{}: (?:the service|what builds the service) (\S+) \(made by Bambe\)"
EVENTS = "{}: its events (made by Bambe)"


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen. `released` are services whose task definition changes; `gone` stacks that bambe.yml
    does not have any more, and `kept` those of them that hold data; `refused` what AWS would refuse."""

    stacks: tuple[Preview, ...] = ()
    topics: tuple[Change, ...] = ()
    released: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether there is something to do."""
        return bool(self.topics or self.released or self.gone) or any(one.any for one in self.stacks)

    @property
    def needs_yes(self) -> tuple[str, ...]:
        """Lines of what replaces, interrupts or deletes something."""
        found = [
            f"{stack.name}: {one.line}" for stack in self.stacks for one in stack.changes if one.needs_yes
        ]
        return (*found, *(f"{name}: {NO_LONGER}" for name in self.gone))

    @property
    def is_first(self) -> bool:
        """Whether nothing of the project is there yet."""
        return all(one.is_new for one in self.stacks)


EVENTS_STAY = "bambe.yml has no events any more; their cluster stays, with its events"
NO_LONGER = "- the stack, with its logs and images, which bambe.yml does not have any more [DELETED]"


class Planner:
    """Plans for one target, whose stacks are `wanted`."""

    def __init__(self, target: Target, there: Stacks, wanted: Wanted) -> None:
        self.target = target
        self.there = there
        self.wanted = wanted

    def plan(self) -> Plan:
        """What would happen; Trouble where a stack is another project's."""
        found = self.there.all()
        project = self.target.project
        check_owners(project.project, self.wanted.every, found)
        stacks = tuple(side_by_side(lambda one: self._preview(one, found), self.wanted.every))
        gone, kept = no_longer(project, found)
        return Plan(
            stacks,
            self._topics(found),
            tuple(self._released(found)),
            gone,
            kept,
            (
                *refusals(project, self.wanted.every, stacks),
                *self._places_taken(found, stacks),
                *self._other_kafka(),
            ),
        )

    def _preview(self, stack: Stack, found: Mapping[str, Mapping[str, Any]]) -> Preview:
        there = found.get(stack.name)
        status = str((there or {}).get("StackStatus", ""))
        if status in GIVEN_UP:
            return Preview(stack.name, note=f"{status}: {GIVEN_UP[status]}")
        if status.endswith("_IN_PROGRESS") and status not in NEVER_MADE:
            return Preview(stack.name, note=f"{status}: `bambe up` waits for its end")
        if there and status not in NEVER_MADE and (first := self._lacking(stack, found)):
            return self._after(stack, first)
        later = stack.kind == "service" and is_running(there)
        given = (self.wanted.given_later if later else self.wanted.given)(stack, found)
        return self.there.compare(there, stack.name, stack.template, given)

    def _lacking(self, stack: Stack, found: Mapping[str, Mapping[str, Any]]) -> str:
        """A stack that does not put out yet what this one is to be given; "" for none."""
        wanted = {one.name: one for one in self.wanted.every}
        for name in stack.after:
            outputs = {one["OutputKey"] for one in found.get(name, {}).get("Outputs", ())}
            if not outputs >= set(wanted[name].template.get("Outputs", {})):
                return name
        return ""

    def _after(self, stack: Stack, first: str) -> Preview:
        """What is certain of a stack before another one has changed: CloudFormation cannot be asked yet."""
        pages = self.there.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
        has = {one["LogicalResourceId"] for page in pages for one in page["StackResourceSummaries"]}
        more = tuple(one for one in additions(stack.template) if one.resource not in has)
        return Preview(stack.name, changes=more, note=f"more can be said once {first} has changed")

    def _other_kafka(self) -> list[str]:
        """Why the cluster cannot become one of the version that is wanted."""
        cluster = find_cluster(self.target) if self.target.project.events else None
        why = cluster.why_not() if cluster else ""
        return [f"events: {why}"] if why else []

    def _places_taken(self, found: Mapping[str, Any], stacks: Sequence[Preview]) -> Iterator[str]:
        """Services whose place among the rules of the load balancer another rule has still: each stack is an
        update of its own, so two of them cannot swap places."""
        wanted = priorities(self.target.project)
        for stack, preview in zip(self.wanted.every, stacks, strict=True):
            moves = any(one.resource == "Rule" and "Priority" in one.properties for one in preview.changes)
            if stack.kind != "service" or stack.service not in wanted or not (moves or preview.is_new):
                continue
            if str(wanted[stack.service]) in self._rules(found):
                yield (
                    f"{stack.name}: another service has its place among the rules still (priority"
                    f" {wanted[stack.service]}): give that one another route first, or take it out with"
                    " `bambe up --yes`, and then this one the route"
                )

    def _rules(self, found: Mapping[str, Any]) -> set[str]:
        """Priorities of the rules of the project's listener."""
        outputs = found.get(self.target.names.shared_stack, {}).get("Outputs", ())
        listener = next((one["OutputValue"] for one in outputs if one["OutputKey"] == "Listener"), "")
        if not listener:
            return set()
        pages = self.target.client("elbv2").get_paginator("describe_rules").paginate(ListenerArn=listener)
        return {str(one["Priority"]) for page in pages for one in page["Rules"]}

    def _topics(self, found: Mapping[str, Any]) -> tuple[Change, ...]:
        wish = self.target.project.events
        if wish is None or self.target.names.events_stack not in found:
            return ()
        cluster = find_cluster(self.target)
        return cluster.changes(self.there) if cluster else ()

    def _released(self, found: Mapping[str, Any]) -> list[str]:
        if not any(one.name in found for one in self.wanted.of("service")):
            return []
        account = str(self.target.client("sts").get_caller_identity()["Account"])
        live = live_definitions(self.target)
        return changed_definitions(self.target.project, live, account, self.target.place.region)


def no_longer(project: Project, found: Mapping[str, Mapping[str, Any]]) -> tuple[tuple[str, ...], ...]:
    """Stacks of the project that bambe.yml does not have any more: those of services, those before those of
    their builders; and those that hold events."""
    pattern = re.compile(DESCRIPTION.format(re.escape(project.project)))
    services: list[str] = []
    builders: list[str] = []
    events: list[str] = []
    for name, stack in sorted(found.items()):
        said = str(stack.get("Description", ""))
        hit = pattern.match(said)
        if hit and hit[1] not in project.services:
            (builders if "what builds" in hit[0] else services).append(name)
        if said.startswith(EVENTS.format(project.project)) and project.events is None:
            events.append(name)
    return (*services, *builders), tuple(events)


def refusals(project: Project, wanted: Sequence[Stack], previews: Sequence[Preview]) -> Iterator[str]:
    """What AWS would refuse of the changes, one sentence each."""
    for stack, preview in zip(wanted, previews, strict=True):
        if preview.is_new:
            continue
        if preview.note.partition(":")[0] in GIVEN_UP:
            yield f"the stack {stack.name} is {preview.note.rstrip('.')}"
        for change in preview.changes:
            if said := _why_not(project, stack, change):
                yield f"{stack.name}: {said}"


def _why_not(project: Project, stack: Stack, change: StackChange) -> str:
    """Why AWS would refuse a change; "" for one that it takes."""
    if change.kind == "replace" and change.type in FOUNDATIONS:
        what = " and ".join(change.properties)
        return (
            f"AWS makes {change.resource} anew for another {what}, and what lies in it does not move:"
            f" {TAKE_BACK}, or begin anew with `bambe down`"
        )
    if change.kind == "replace":
        said = stack.template["Resources"].get(change.resource, {}).get("Properties", {})
        name = NAMES.get(change.type, "Name")
        if name in said and name not in change.properties:
            what = " and ".join(change.properties)
            return (
                f"AWS makes {change.resource} anew for another {what}, and cannot while one has its name:"
                f" {TAKE_BACK}, or {OUT_AND_IN}"
            )
    stuck = [one for one in change.properties if one in BY_RELEASES_ONLY]
    by_codedeploy = stack.kind == "service" and project.has_codedeploy(stack.service)
    if by_codedeploy and change.resource == "Service" and stuck:
        what = " and ".join(stuck)
        return (
            f"AWS changes {what} of what CodeDeploy releases by no update of a stack: {TAKE_BACK}, give"
            f" {stack.service} `release: {{controller: ecs}}`, or {OUT_AND_IN}"
        )
    return ""
