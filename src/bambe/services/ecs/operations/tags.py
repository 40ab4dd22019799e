"""TagResource, UntagResource, ListTagsForResource."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.arn import Arn, is_arn
from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.tags import to_dict
from bambe.services.ecs import lookup, shapes
from bambe.services.ecs.errors import (
    ClusterNotFoundException,
    InvalidParameterException,
    ServiceNotFoundException,
    TaskSetNotFoundException,
)
from bambe.services.ecs.tables import CLUSTERS, DEFINITIONS, SERVICES, TASK_SETS, TASKS

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import (
        ListTagsForResourceRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

Found = tuple[Any, Any]
"""A table and one of its rows."""
LIMIT = 50
MISSING = "The specified resource could not be found."


async def tag_resource(call: Call, request: TagResourceRequestTypeDef) -> Answer:
    added = to_dict(request["tags"], "key", "value")
    if any(key.lower().startswith("aws:") for key in added):
        raise InvalidParameterException("aws: prefixed tag key names are not allowed for external use.")

    def tag(tx: Tx) -> None:
        table, row = _find(tx, call, request["resourceArn"])
        tags = row.tags | added
        if len(tags) > LIMIT:
            raise InvalidParameterException(f"Number of tags exceeds the limit of {LIMIT}.")
        table.update(tx, replace(row, tags=tags))

    await call.store.write(tag)
    return {}


async def untag_resource(call: Call, request: UntagResourceRequestTypeDef) -> Answer:
    def untag(tx: Tx) -> None:
        table, row = _find(tx, call, request["resourceArn"])
        kept = {key: value for key, value in row.tags.items() if key not in request["tagKeys"]}
        table.update(tx, replace(row, tags=kept))

    await call.store.write(untag)
    return {}


async def list_tags_for_resource(call: Call, request: ListTagsForResourceRequestTypeDef) -> Answer:
    _, row = await call.store.read(lambda tx: _find(tx, call, request["resourceArn"]))
    return {"tags": shapes.tag_list(row.tags)}


def _find(tx: Tx, call: Call, said: str) -> Found:
    if not is_arn(said):
        raise InvalidParameterException(f"Invalid identifier: Unexpected ARN format {said}")
    arn = Arn.parse(said)
    kind, *parts = arn.resource.split("/")
    if len(parts) < PARTS.get(kind, 1):
        raise InvalidParameterException(f"Invalid identifier: Unexpected ARN format {said}")
    find = FINDERS.get(kind)
    if arn.service != "ecs" or find is None or (arn.account, arn.region) != (call.account, call.region):
        raise (ClusterNotFoundException if kind == "cluster" else InvalidParameterException(MISSING))
    try:
        return find(tx, call, said)
    except (ServiceNotFoundException, TaskSetNotFoundException):
        raise InvalidParameterException(MISSING) from None


def _cluster(tx: Tx, call: Call, said: str) -> Found:
    return CLUSTERS, lookup.cluster(tx, call, said)


def _service(tx: Tx, call: Call, said: str) -> Found:
    _, cluster, name = said.rsplit("/", 2)
    return SERVICES, lookup.service(tx, call, lookup.cluster(tx, call, cluster), name)


def _task(tx: Tx, call: Call, said: str) -> Found:
    row = lookup.find_task(tx, lookup.cluster(tx, call, said.rsplit("/", 2)[1]), said)
    if row is None:
        raise InvalidParameterException(MISSING)
    return TASKS, row


def _task_set(tx: Tx, call: Call, said: str) -> Found:
    _, cluster, service, *_ = said.split("/")
    row = lookup.service(tx, call, lookup.cluster(tx, call, cluster), service)
    return TASK_SETS, lookup.task_set(tx, row, said)


def _definition(tx: Tx, call: Call, said: str) -> Found:
    row = lookup.find_definition(tx, call, said)
    if row is None:
        raise InvalidParameterException("The specified task definition does not exist.")
    return DEFINITIONS, row


PARTS = {"service": 2, "task": 2, "task-set": 4}
"""How many names such an ARN has at least; ARNs of old leave the cluster out, and cannot be tagged."""
FINDERS: dict[str, Callable[[Tx, Call, str], Found]] = {
    "cluster": _cluster,
    "service": _service,
    "task": _task,
    "task-set": _task_set,
    "task-definition": _definition,
}
