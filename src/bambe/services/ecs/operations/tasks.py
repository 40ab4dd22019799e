"""RunTask, StopTask, ListTasks, DescribeTasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.ids import hex_id
from bambe.kernel.pages import page
from bambe.kernel.tags import to_dict
from bambe.services.ecs import births, fargate, lookup, placement, shapes
from bambe.services.ecs.errors import ConflictException, InvalidParameterException
from bambe.services.ecs.model import Desired, Shape, StopCode, Task, TaskDefinition
from bambe.services.ecs.names import (
    cluster_name,
    definition_arn,
    family_and_revision,
    service_name,
    task_arn,
    task_id,
)
from bambe.services.ecs.network import check_network
from bambe.services.ecs.tables import TASKS

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import (
        DescribeTasksRequestTypeDef,
        ListTasksRequestTypeDef,
        RunTaskRequestTypeDef,
        StopTaskRequestTypeDef,
    )

STARTED_AT_ONCE = 10
DESCRIBED_AT_ONCE = 100


async def run_task(call: Call, request: RunTaskRequestTypeDef) -> Answer:
    placement.check_supported(request)
    placement.check_launch(request)
    count = request.get("count", 1)
    if not 1 <= count <= STARTED_AT_ONCE:
        raise InvalidParameterException(f"Count must be between 1 and {STARTED_AT_ONCE}.")
    await check_network(call, request.get("networkConfiguration") or {})
    if request.get("propagateTags") == "SERVICE":
        raise InvalidParameterException("Tags can be propagated from a service only to the service's tasks.")

    await call.store.read(lambda tx: _definition(tx, call, request))

    def run(tx: Tx) -> list[Task]:
        definition = _definition(tx, call, request)
        tasks = [_new(call, request, definition) for _ in range(count)]
        if again := _by_token(tx, call, request):
            _check_same(again, tasks)
            return again
        for task in tasks:
            TASKS.insert(tx, task)
        return tasks

    tasks = await call.store.write(run)
    return {"tasks": [shapes.task(task, with_tags=True) for task in tasks], "failures": []}


async def stop_task(call: Call, request: StopTaskRequestTypeDef) -> Answer:
    now = call.clock.now()

    def stop(tx: Tx) -> Task:
        row = lookup.find_task(tx, lookup.cluster(tx, call, request.get("cluster")), request["task"])
        if row is None:
            raise InvalidParameterException("The referenced task was not found.")
        if row.desired == Desired.STOPPED:
            return row
        reason = request.get("reason") or "Task stopped by user"
        ended = replace(row, desired=Desired.STOPPED, stop_code=StopCode.USER, stopped_reason=reason)
        ended = replace(ended, stopping_at=now, is_ready=False, version=row.version + 1)
        TASKS.update(tx, ended)
        return ended

    return {"task": shapes.task(await call.store.write(stop), with_tags=True)}


async def list_tasks(call: Call, request: ListTasksRequestTypeDef) -> Answer:
    def find(tx: Tx) -> list[str]:
        of = lookup.cluster(tx, call, request.get("cluster"))
        if request.get("serviceName"):
            lookup.service(tx, call, of, request["serviceName"])
        rows = TASKS.list(tx, account=of.account, region=of.region, cluster=of.name)
        return [task_arn(row) for row in rows if _matches(row, request)]

    arns = await call.store.read(find)
    try:
        shown, token = page(arns, request.get("nextToken"), min(request.get("maxResults") or 100, 100))
    except ValueError:
        raise lookup.bad_token() from None
    return {"taskArns": shown} | ({"nextToken": token} if token else {})


async def describe_tasks(call: Call, request: DescribeTasksRequestTypeDef) -> Answer:
    said = request["tasks"]
    if not said:
        raise InvalidParameterException("Tasks cannot be empty.")
    if len(said) > DESCRIBED_AT_ONCE:
        raise InvalidParameterException(f"Tasks can have at most {DESCRIBED_AT_ONCE} items.")
    with_tags = "TAGS" in request.get("include", ())

    def describe(tx: Tx) -> Answer:
        of = lookup.cluster(tx, call, request.get("cluster"))
        found: list[Shape] = []
        failures: list[Shape] = []
        for each in said:
            row = lookup.find_task(tx, of, each)
            if row is None:
                arn = call.arn("ecs", f"task/{of.name}/{task_id(each)}")
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                found.append(shapes.task(row, with_tags=with_tags))
        return {"tasks": found, "failures": failures}

    return await call.store.read(describe)


def _matches(row: Task, request: Mapping[str, Any]) -> bool:
    service = request.get("serviceName")
    return (
        row.desired == request.get("desiredStatus", Desired.RUNNING)
        and (not service or row.service == service_name(service))
        and request.get("family") in (None, family_and_revision(row.task_definition)[0])
        and request.get("startedBy") in (None, row.started_by)
        and request.get("launchType") in (None, row.launch_type)
        and not request.get("containerInstance")
    )


def _definition(tx: Tx, call: Call, request: Mapping[str, Any]) -> TaskDefinition:
    """What is to run; an error where it cannot, as asked."""
    lookup.cluster(tx, call, request.get("cluster"))
    definition = lookup.usable_definition(tx, call, request["taskDefinition"])
    placement.check_network(definition, request.get("networkConfiguration") or {})
    _check_overrides(definition, request.get("overrides") or {})
    return definition


def _check_overrides(definition: TaskDefinition, overrides: Mapping[str, Any]) -> None:
    known = {container["name"] for container in definition.containers}
    for override in overrides.get("containerOverrides") or ():
        if override.get("name") not in known:
            raise InvalidParameterException(
                f"Override for container named {override.get('name')}"
                " is not a container in the TaskDefinition."
            )
    if overrides.get("cpu") or overrides.get("memory"):
        fargate.check_size(*(int(each or 0) for each in _size(definition, overrides)))


def _size(definition: TaskDefinition, overrides: Mapping[str, Any]) -> tuple[str, str]:
    """CPU units and MiB of the task."""
    body = definition.body
    return (
        fargate.units(overrides.get("cpu"), "cpu") or body.get("cpu", ""),
        fargate.units(overrides.get("memory"), "memory") or body.get("memory", ""),
    )


def _by_token(tx: Tx, call: Call, request: Mapping[str, Any]) -> list[Task]:
    token = request.get("clientToken")
    if not token:
        return []
    cluster = cluster_name(request.get("cluster"))
    rows = TASKS.list(tx, account=call.account, region=call.region, cluster=cluster, service="")
    return [row for row in rows if row.client_token == token]


def _check_same(again: list[Task], tasks: list[Task]) -> None:
    """A token stands for one request: what it asked for cannot be something else the next time."""
    asked = ("task_definition", "group", "started_by", "overrides", "network", "tags", "execute_command")
    both = ([getattr(of[0], name) for name in asked] for of in (again, tasks))
    if len(again) != len(tasks) or next(both) != next(both):
        raise ConflictException(
            "The provided clientToken is already in use with a different RunTask request.",
            resourceIds=[task_arn(task) for task in again],
        )


def _new(call: Call, request: Mapping[str, Any], definition: TaskDefinition) -> Task:
    overrides = dict(request.get("overrides") or {})
    cpu, memory = _size(definition, overrides)
    tags = to_dict(request.get("tags") or (), "key", "value")
    if request.get("propagateTags") == "TASK_DEFINITION":
        tags = definition.tags | tags
    return Task(
        account=call.account,
        region=call.region,
        cluster=cluster_name(request.get("cluster")),
        service="",
        id=hex_id(32),
        task_definition=definition_arn(definition),
        group=request.get("group") or f"family:{definition.family}",
        started_by=request.get("startedBy", ""),
        client_token=request.get("clientToken", ""),
        platform_version=births.platform(request.get("platformVersion", "LATEST")),
        cpu=cpu,
        memory=memory,
        network=dict(request.get("networkConfiguration") or {}),
        overrides=overrides,
        tags=tags,
        execute_command=request.get("enableExecuteCommand", False),
        secret=hex_id(32),
        containers=births.containers(definition),
        created_at=call.clock.now(),
    )
