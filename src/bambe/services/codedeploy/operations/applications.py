"""Applications: a name under which deployment groups and revisions are kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel import tags
from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.ids import uuid_id
from bambe.services.codedeploy import lookups, shapes, tables
from bambe.services.codedeploy.errors import ApplicationAlreadyExistsException, BatchLimitExceededException
from bambe.services.codedeploy.model import Application

if TYPE_CHECKING:
    from types_boto3_codedeploy.type_defs import (
        BatchGetApplicationsInputTypeDef,
        CreateApplicationInputTypeDef,
        DeleteApplicationInputTypeDef,
        GetApplicationInputTypeDef,
        ListApplicationsInputTypeDef,
        UpdateApplicationInputTypeDef,
    )


async def create_application(call: Call, request: CreateApplicationInputTypeDef) -> Answer:
    platform = request.get("computePlatform", "Server")
    if platform != "ECS":
        raise NotImplementedByBambe(
            f"Bambe deploys on the compute platform ECS, not {platform}: give computePlatform=ECS"
        )
    row = Application(
        account=call.account,
        region=call.region,
        name=request["applicationName"],
        id=uuid_id(),
        platform=platform,
        created=call.clock.now(),
        tags=tags.to_dict(request.get("tags", ())),
    )

    def write(tx: Tx) -> None:
        if tables.applications.find(tx, call.account, call.region, row.name):
            raise ApplicationAlreadyExistsException(row.name)
        tables.applications.insert(tx, row)

    await call.store.write(write)
    return {"applicationId": row.id}


async def get_application(call: Call, request: GetApplicationInputTypeDef) -> Answer:
    row = await call.store.read(lambda tx: lookups.application(tx, call, request["applicationName"]))
    return {"application": shapes.application(row)}


async def batch_get_applications(call: Call, request: BatchGetApplicationsInputTypeDef) -> Answer:
    names = request["applicationNames"]
    if len(names) > 100:
        raise BatchLimitExceededException("applications", 100)
    rows = await call.store.read(lambda tx: [lookups.application(tx, call, name) for name in names])
    return {"applicationsInfo": [shapes.application(row) for row in rows]}


async def list_applications(call: Call, request: ListApplicationsInputTypeDef) -> Answer:
    rows = await call.store.read(
        lambda tx: tables.applications.list(tx, account=call.account, region=call.region)
    )
    names, more = lookups.page([row.name for row in rows], request.get("nextToken"))
    return {"applications": names, **more}


async def update_application(call: Call, request: UpdateApplicationInputTypeDef) -> Answer:
    old, new = request.get("applicationName", ""), request.get("newApplicationName", "")

    def write(tx: Tx) -> None:
        row = lookups.application(tx, call, old)
        if not new or new == old:
            return
        if tables.applications.find(tx, call.account, call.region, new):
            raise ApplicationAlreadyExistsException(new)
        tables.applications.delete(tx, call.account, call.region, old)
        tables.applications.insert(tx, replace(row, name=new))
        _rename(tx, call, old, new)

    await call.store.write(write)
    return {}


def _rename(tx: Tx, call: Call, old: str, new: str) -> None:
    where = {"account": call.account, "region": call.region, "application": old}
    for group in tables.deployment_groups.list(tx, **where):
        tables.deployment_groups.delete(tx, *tables.deployment_groups.key_of(group))
        tables.deployment_groups.insert(tx, replace(group, application=new))
    for deployment in tables.deployments.list(tx, **where):
        tables.deployments.update(tx, replace(deployment, application=new))
    for revision in tables.revisions.list(tx, **where):
        tables.revisions.delete(tx, *tables.revisions.key_of(revision))
        tables.revisions.insert(tx, replace(revision, application=new))


async def delete_application(call: Call, request: DeleteApplicationInputTypeDef) -> Answer:
    name = request["applicationName"]

    def write(tx: Tx) -> None:
        tables.applications.delete(tx, call.account, call.region, name)
        where = {"account": call.account, "region": call.region, "application": name}
        for group in tables.deployment_groups.list(tx, **where):
            tables.deployment_groups.delete(tx, *tables.deployment_groups.key_of(group))
        for revision in tables.revisions.list(tx, **where):
            tables.revisions.delete(tx, *tables.revisions.key_of(revision))

    await call.store.write(write)
    return {}
