"""What has to be true once a release is over: one version, all its traffic, and nothing left behind."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

from tests.e2e.platform import wait_for

from benchmarks.proof import CLUSTER, SERVICE, Releases

TASKS = 2
SETTLES = 60.0
"""A drain, and the time in which a task's last lines are shipped before its containers go."""
PROCESSES = {"bambe.daemon": "daemon", "bambe.engines.dns": "name server", "bootstrap.json": "Envoy"}


def wrong(subject: Releases, version: str) -> list[str]:
    """What does not hold although it had time to; empty where all does."""
    found: list[list[str]] = [[]]

    def is_settled() -> bool:
        found[0] = list(_wrong(subject, version))
        return not found[0]

    try:
        wait_for(is_settled, "all is as it should be", SETTLES)
    except AssertionError:
        return found[0]
    return []


def _wrong(subject: Releases, version: str) -> Iterator[str]:
    service = subject.service()
    sets = service["taskSets"]
    if [one["status"] for one in sets] != ["PRIMARY"]:
        yield f"task sets: {[(one['id'], one['status']) for one in sets]}"
        return
    (primary,) = sets
    if primary["taskDefinition"] != subject.definitions[version]:
        yield f"the task set runs {primary['taskDefinition']}, not {version}"
    yield from _traffic(subject, primary["loadBalancers"][0]["targetGroupArn"])
    yield from _containers(subject)
    yield from _processes(subject)


def _traffic(subject: Releases, group: str) -> Iterator[str]:
    elb = subject.client("elbv2")
    for balancer in elb.describe_load_balancers()["LoadBalancers"]:
        for listener in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]:
            for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
                weights = _weights(rule)
                if weights and {arn: weight for arn, weight in weights.items() if weight} != {group: 100}:
                    yield f"a rule of {listener['Protocol']} gives {weights}"
    for one in elb.describe_target_groups()["TargetGroups"]:
        answer = elb.describe_target_health(TargetGroupArn=one["TargetGroupArn"])["TargetHealthDescriptions"]
        states = [target["TargetHealth"]["State"] for target in answer]
        if states != (["healthy"] * TASKS if one["TargetGroupArn"] == group else []):
            yield f"targets of {one['TargetGroupName']}: {states}"


def _weights(rule: dict[str, Any]) -> dict[str, int]:
    groups = [
        one for action in rule["Actions"] for one in action.get("ForwardConfig", {}).get("TargetGroups", [])
    ]
    return {one["TargetGroupArn"]: one.get("Weight", 0) for one in groups}


def _containers(subject: Releases) -> Iterator[str]:
    ecs = subject.client("ecs")
    tasks = ecs.list_tasks(cluster=CLUSTER, serviceName=SERVICE)["taskArns"]
    shown = ecs.describe_tasks(cluster=CLUSTER, tasks=tasks)["tasks"] if tasks else []
    wanted = {one["runtimeId"] for task in shown for one in task["containers"] if "runtimeId" in one}
    if len(tasks) != TASKS or len(wanted) != TASKS:
        yield f"{len(tasks)} tasks with {len(wanted)} containers"
    label = f"label=bambe={(subject.bambe.state / 'instance').read_text().strip()}"
    command = [
        "docker",
        "ps",
        "--all",
        "--no-trunc",
        "--filter",
        label,
        "--format",
        "{{.ID}} {{.Names}} {{.State}}",
    ]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    others = [line for line in listed if line.split()[0] not in wanted]
    if others:
        yield f"containers of no task: {others}"


def _processes(subject: Releases) -> Iterator[str]:
    shown = subprocess.run(
        ["pgrep", "--full", "--list-full", str(subject.bambe.state)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in shown.stdout.splitlines() if "benchmarks.steady" not in line]
    kinds = sorted(next((kind for word, kind in PROCESSES.items() if word in line), line) for line in lines)
    if kinds != sorted(PROCESSES.values()):
        yield f"processes: {kinds}"
