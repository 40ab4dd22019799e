"""What keeps a project from AWS though this machine takes it, each as one sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bambe.project import Project
from bambe.synth.stacks import Stack, stacks

TEMPLATE_BYTES = 51_200
"""Of a template given in the call itself (CloudFormation's quota)."""
MARK = 40
"""Bytes of the digest that a template puts out when it is applied."""
TEMPLATE_BYTES_FROM_S3 = 1_000_000
"""Of a template that lies in a bucket (CloudFormation's quota: 1 MB)."""
RESOURCES = 500
OUTPUTS = PARAMETERS = 200
"""Of a template (CloudFormation's quotas)."""
POLICY_CHARACTERS = 10_240
"""Of all inline policies of a role, without white space (IAM's quota)."""
REGION, ACCOUNT, PARTITION = "ap-southeast-1", "1" * 12, "aws-us-gov"
"""The longest that there are."""


def problems(project: Project, template_bytes: int = TEMPLATE_BYTES) -> tuple[str, ...]:
    """Everything that has to change before AWS takes the project, with templates of so many bytes at most;
    empty where nothing has to."""
    every = stacks(project)
    sizes = (said for stack in every for said in _sizes(stack, template_bytes))
    return (*_missing(project), *_brokers(project), *sizes)


def policy_size(role: Mapping[str, Any]) -> int:
    """Characters of a role's inline policies as IAM counts them, at most."""
    filled = json.dumps(role["Properties"].get("Policies", []), separators=(",", ":"))
    for name, value in (("Region", REGION), ("AccountId", ACCOUNT), ("Partition", PARTITION)):
        filled = filled.replace("${AWS::" + name + "}", value)
    return len(re.sub(r"\s", "", filled))


def _missing(project: Project) -> Iterator[str]:
    if project.source is None:
        yield "`source` is missing: on AWS it says which repository is built when it is pushed to"


def _brokers(project: Project) -> Iterator[str]:
    events, there = project.events, project.existing
    if events is None or there.kafka:
        return
    zones = len(there.private_subnets or there.public_subnets) if there.vpc else project.network.zones
    if events.brokers < 2:
        yield "events.brokers is 1, and MSK makes no cluster of fewer than two: say 2 or 3"
    elif events.brokers > zones:
        yield (
            f"events.brokers is {events.brokers}, one in each zone, and there are {zones} zones:"
            f" say {zones}, or `network: {{zones: {events.brokers}}}`"
        )


def _sizes(stack: Stack, template_bytes: int) -> Iterator[str]:
    size, template = len(stack.body.encode()) + MARK, stack.template
    if size > template_bytes:
        yield (
            f"the template of {stack.name} has {size} bytes, and CloudFormation takes {template_bytes}:"
            f" {_shorter(stack)}"
        )
    counts = {"Resources": RESOURCES, "Outputs": OUTPUTS, "Parameters": PARAMETERS}
    for part, most in counts.items():
        if len(template.get(part, {})) > most:
            yield (
                f"the template of {stack.name} has {len(template[part])} {part.lower()},"
                f" and CloudFormation takes {most}: {_shorter(stack)}"
            )
    for one in template["Resources"].values():
        if one["Type"] == "AWS::IAM::Role" and policy_size(one) > POLICY_CHARACTERS:
            yield (
                f"the policy of the role {one['Properties']['RoleName']} has {policy_size(one)} characters,"
                f" and IAM takes {POLICY_CHARACTERS}: put some of the service's secrets together"
            )


def _shorter(stack: Stack) -> str:
    if stack.kind == "events":
        return "let some topics be, or split the project in two"
    return f"shorten what bambe.yml says of {stack.service or 'the project'}"
