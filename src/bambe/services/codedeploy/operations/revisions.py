"""Revisions: the AppSpecs an application knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.codedeploy import appspec, lookups, shapes, tables
from bambe.services.codedeploy.errors import RevisionDoesNotExistException
from bambe.services.codedeploy.model import Revision

if TYPE_CHECKING:
    from types_boto3_codedeploy.type_defs import (
        GetApplicationRevisionInputTypeDef,
        ListApplicationRevisionsInputTypeDef,
        RegisterApplicationRevisionInputTypeDef,
    )

NEVER = datetime.min.replace(tzinfo=UTC)
SORT = {"registerTime": "registered", "firstUsedTime": "first_used", "lastUsedTime": "last_used"}


async def register_application_revision(
    call: Call, request: RegisterApplicationRevisionInputTypeDef
) -> Answer:
    revision = dict(request["revision"])
    appspec.from_revision(revision)
    application = request["applicationName"]

    def write(tx: Tx) -> None:
        lookups.application(tx, call, application)
        key = (call.account, call.region, application, appspec.digest(revision))
        known = tables.revisions.find(tx, *key) or Revision(*key, revision, call.clock.now())
        tables.revisions.put(tx, replace(known, description=request.get("description", known.description)))

    await call.store.write(write)
    return {}


async def get_application_revision(call: Call, request: GetApplicationRevisionInputTypeDef) -> Answer:
    application, revision = request["applicationName"], dict(request["revision"])

    def read(tx: Tx) -> Revision:
        lookups.application(tx, call, application)
        row = tables.revisions.find(tx, call.account, call.region, application, appspec.digest(revision))
        if row is None:
            raise RevisionDoesNotExistException
        return row

    row = await call.store.read(read)
    return {
        "applicationName": application,
        "revision": row.location,
        "revisionInfo": shapes.revision_info(row),
    }


async def list_application_revisions(call: Call, request: ListApplicationRevisionsInputTypeDef) -> Answer:
    application = request["applicationName"]
    column = SORT[request.get("sortBy", "registerTime")]
    deployed = request.get("deployed", "ignore")

    def read(tx: Tx) -> list[Revision]:
        lookups.application(tx, call, application)
        where = {"account": call.account, "region": call.region, "application": application}
        return tables.revisions.list(tx, **where)

    rows = [
        row
        for row in await call.store.read(read)
        if deployed == "ignore" or (row.last_used is not None) == (deployed == "include")
    ]
    rows.sort(key=lambda row: getattr(row, column) or NEVER, reverse=request.get("sortOrder") == "descending")
    found, more = lookups.page([row.location for row in rows], request.get("nextToken"))
    return {"revisions": found, **more}
