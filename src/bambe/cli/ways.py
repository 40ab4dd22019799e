"""By which access running tasks come to the brokers: none is shut out when bambe.yml names another."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from botocore.exceptions import ClientError

from bambe.cli.target import Target
from bambe.synth.events import PROTOCOLS

PROTOCOL = "KAFKA_SECURITY_PROTOCOL"
ACCESSES = {protocol: access for access, protocol in PROTOCOLS.items()}


def in_use(target: Target) -> dict[str, set[str]]:
    """Services by the access that tasks of theirs use, as their task definitions say."""
    ecs, found = target.client("ecs"), defaultdict(set)
    for definition in _definitions(ecs, target.cluster):
        described = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
        for container in described["containerDefinitions"]:
            said = {one["name"]: one["value"] for one in container.get("environment", ())}
            if said.get(PROTOCOL) in ACCESSES:
                found[ACCESSES[said[PROTOCOL]]].add(str(container["name"]))
    return dict(found)


def _definitions(ecs: Any, cluster: str) -> set[str]:
    found: set[str] = set()
    try:
        for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster):
            tasks = page["taskArns"]
            described = ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"] if tasks else []
            found |= {str(one["taskDefinitionArn"]) for one in described}
    except ClientError as error:
        if error.response["Error"]["Code"] != "ClusterNotFoundException":
            raise
    return found
