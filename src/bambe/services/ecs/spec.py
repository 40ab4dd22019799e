"""What a task asks of the container engine, and what the engine shows of it, in ECS's terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bambe.engines.containers.port import ContainerSeen, ContainerSpec, HealthCheck, State, TaskSeen, TaskSpec
from bambe.engines.containers.port import Health as Checked
from bambe.services.ecs import inside
from bambe.services.ecs.model import Container, Health, Shape, Task, TaskDefinition
from bambe.services.ecs.names import task_arn
from bambe.services.ecs.secret_values import Values
from bambe.services.ecs.task_actions import Sight

KIND = "ecs"
DEFAULT_STOP_TIMEOUT = 30

STATES = {State.PENDING: "PENDING", State.RUNNING: "RUNNING", State.EXITED: "STOPPED"}
HEALTHS = {
    Checked.NONE: Health.UNKNOWN,
    Checked.STARTING: Health.UNKNOWN,
    Checked.HEALTHY: Health.HEALTHY,
    Checked.UNHEALTHY: Health.UNHEALTHY,
}


def labels(task: Task) -> dict[str, str]:
    """By these the task's containers are found again after a restart."""
    return {
        "bambe.kind": KIND,
        "bambe.task": task_arn(task),
        "bambe.account": task.account,
        "bambe.region": task.region,
        "bambe.cluster": task.cluster,
        "bambe.service": task.service,
        "bambe.token": task.id,
    }


def spec(
    task: Task, definition: TaskDefinition, images: Mapping[str, str], secrets: Values, endpoint: str
) -> TaskSpec:
    """The task as the engine is to run it; `images` says what each container's image resolved to, and
    `endpoint` where the API answers inside."""
    body = definition.body
    overrides = {o["name"]: o for o in task.overrides.get("containerOverrides", ()) if "name" in o}
    return TaskSpec(
        id=task.id,
        containers=tuple(
            _container(
                task,
                c,
                overrides.get(c["name"], {}),
                images.get(c["name"], c["image"]),
                inside.variables(task, definition, number, endpoint),
                secrets.get(c["name"], {}),
            )
            for number, c in enumerate(body["containerDefinitions"])
        ),
        labels=labels(task) | _log_labels(body["containerDefinitions"]),
        cpu=int(task.cpu or 0),
        memory=int(task.memory or 0),
    )


def _log_labels(containers: Sequence[Shape]) -> dict[str, str]:
    """Output goes to groups that exist; only `awslogs-create-group` makes missing ones (ECS: awslogs)."""
    options = [(c.get("logConfiguration") or {}).get("options") or {} for c in containers]
    creates = any(one.get("awslogs-create-group") == "true" for one in options)
    return {} if creates else {"bambe.log-group": "exists"}


def _container(
    task: Task,
    said: Shape,
    override: Shape,
    image: str,
    platform: Mapping[str, str],
    secrets: Mapping[str, str],
) -> ContainerSpec:
    group, stream = _log(task, said)
    return ContainerSpec(
        name=said["name"],
        image=image,
        command=tuple(override.get("command") or said.get("command") or ()),
        entry_point=tuple(said.get("entryPoint") or ()),
        environment={**platform, **_environment(task, said, override)},
        secrets=secrets,
        depends_on=tuple(on["containerName"] for on in said.get("dependsOn") or ()),
        cpu=int(override.get("cpu") or said.get("cpu") or 0),
        memory=int(override.get("memory") or said.get("memory") or 0),
        essential=said.get("essential", True),
        health_check=_health_check(said.get("healthCheck")),
        working_directory=said.get("workingDirectory", ""),
        user=said.get("user", ""),
        read_only_root=said.get("readonlyRootFilesystem", False),
        ulimits=tuple((u["name"], u["softLimit"], u["hardLimit"]) for u in said.get("ulimits") or ()),
        labels=said.get("dockerLabels") or {},
        restarts=bool((said.get("restartPolicy") or {}).get("enabled")),
        init=bool((said.get("linuxParameters") or {}).get("initProcessEnabled")),
        stop_timeout=said.get("stopTimeout", DEFAULT_STOP_TIMEOUT),
        log_group=group,
        log_stream=stream,
    )


def _environment(task: Task, said: Shape, override: Shape) -> dict[str, str]:
    given = {
        # Fargate's platform sets these three as well.
        "AWS_DEFAULT_REGION": task.region,
        "AWS_REGION": task.region,
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
    }
    for pair in (*(said.get("environment") or ()), *(override.get("environment") or ())):
        given[pair["name"]] = pair.get("value", "")
    return given


def _health_check(said: Mapping[str, Any] | None) -> HealthCheck | None:
    if not said or said["command"][:1] == ["NONE"]:
        return None
    return HealthCheck(
        command=tuple(said["command"]),
        interval=said.get("interval", 30),
        timeout=said.get("timeout", 5),
        retries=said.get("retries", 3),
        start_period=said.get("startPeriod", 0),
    )


def _log(task: Task, said: Shape) -> tuple[str, str]:
    log = said.get("logConfiguration") or {}
    if log.get("logDriver") != "awslogs":
        return "", ""
    options = log.get("options") or {}
    prefix = options.get("awslogs-stream-prefix")
    stream = f"{prefix}/{said['name']}/{task.id}" if prefix else task.id
    return options.get("awslogs-group", ""), stream


def sight(task: Task, seen: TaskSeen | None) -> Sight | None:
    """The engine's view of the task; None when it shows no container of it."""
    if seen is None or not seen.containers:
        return None
    known = {c.name: c for c in task.containers}
    found = tuple(_seen(known[c.name], c) for c in seen.containers if c.name in known)
    return Sight(seen.address, found) if found else None


def _seen(known: Container, seen: ContainerSeen) -> Container:
    return replace(
        known,
        status=STATES[seen.state],
        health=HEALTHS[seen.health],
        runtime_id=seen.runtime_id,
        digest=seen.image_digest or known.digest,
        exit_code=seen.exit_code,
        reason=seen.reason,
        started_at=seen.started_at,
        ended_at=seen.finished_at,
    )
