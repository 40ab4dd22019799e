"""docs/aws-rights.md: every kind of role of the templates with its rights, and what checkov may find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from tests.judges.matrix import projects

from bambe.synth import stacks

ROOT = Path(__file__).parents[1]
SHOWN = {
    "shop-gateway-execution": "By it ECS starts a service's tasks (here with secrets, and without Kafka).",
    "shop-orders-execution": "The same for a service that is a user of Kafka (`access: scram`).",
    "shop-gateway-task": "What a service's tasks are themselves, where `exec: true`.",
    "shop-pay-task": "The same where they consume and CodeDeploy releases them (`events: hold`, `canary`).",
    "shop-orders-task": "The same where ECS releases them.",
    "shop-gateway-build": "A build whose service CodeDeploy releases.",
    "shop-cart-build": "A build whose service ECS updates.",
    "shop-gateway-deploy": "By it CodeDeploy releases a service (here with alarms, hooks and notices).",
    "shop-orders-shift": "By it ECS shifts a service's traffic (`controller: ecs`).",
    "shop-flow-logs": "Where `network: {flow_logs: true}`.",
}
"""Roles of the project `full` of the tests' matrix, one of each kind."""


def page() -> str:
    """The whole page."""
    roles = {one["RoleName"]: one for one in _roles()}
    lines = [
        "# Rights on AWS",
        "",
        "Written by `make docs` from the templates of a project with every feature",
        "(`tests/judges/matrix.py`); `…` is the region and the account. No role has a managed policy",
        "or an action with a wildcard. A test holds every right against IAM's own reference: that the",
        "action exists, that it takes the resource, that the condition means something for it, that",
        "`*` stands only where IAM knows nothing narrower.",
    ]
    for name, says in SHOWN.items():
        lines += ["", f"## {name}", "", says, "", *_table(roles[name])]
    return "\n".join([*lines, "", *_exceptions()]) + "\n"


def _roles() -> Iterator[Mapping[str, Any]]:
    for stack in stacks(projects()["full"]):
        for one in stack.template["Resources"].values():
            if one["Type"] == "AWS::IAM::Role":
                yield one["Properties"]


def _table(role: Mapping[str, Any]) -> list[str]:
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    source = trust.get("Condition", {}).get("ArnLike", {}).get("aws:SourceArn")
    behalf = f", on behalf of `{_resource(source)}`" if source else ""
    lines = [f"Taken by {trust['Principal']['Service']}{behalf}.", "", "| may | on | if |", "|---|---|---|"]
    for policy in role["Policies"]:
        for said in policy["PolicyDocument"]["Statement"]:
            actions = "<br>".join(f"`{one}`" for one in said["Action"])
            resources = "<br>".join(f"`{_resource(one)}`" for one in said["Resource"])
            lines.append(f"| {actions} | {resources} | {_condition(said)} |")
    return lines


def _resource(said: Any) -> str:
    """A resource as short as it can be said."""
    if isinstance(said, str):
        return said
    ((function, value),) = said.items()
    if function == "Fn::Sub":
        text = str(value).removeprefix("arn:${AWS::Partition}:")
        return text.replace("${AWS::Region}:${AWS::AccountId}", "…").replace("${AWS::AccountId}", "…")
    if function == "Fn::ImportValue":
        return f"the {str(value).partition('-')[2]} of the project"
    return f"its own {value[0] if function == 'Fn::GetAtt' else value}"


def _condition(statement: Mapping[str, Any]) -> str:
    parts = [
        f"`{key}` is `{_resource(value)}`"
        for one in statement.get("Condition", {}).values()
        for key, value in one.items()
    ]
    return "<br>".join(parts)


def _exceptions() -> list[str]:
    found = yaml.safe_load((ROOT / "tests" / "judges" / "exceptions.yml").read_text())
    lines = [
        "## What checkov may find",
        "",
        "cfn-lint finds no error and no warning in the templates. Of checkov's rules for",
        "CloudFormation these are not kept, each for a reason (`tests/judges/exceptions.yml`); a test",
        "holds that there are no others.",
        "",
        "| rule | of | says | why it is not kept |",
        "|---|---|---|---|",
    ]
    return lines + [f"| {one['check']} | `{one['type']}` | {one['says']} | {one['why']} |" for one in found]
