"""Build projects: what to build, where, with which role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.codebuild import checks, lookups, shapes, sources, tables
from bambe.services.codebuild.errors import InvalidInputException, ResourceAlreadyExistsException
from bambe.services.codebuild.model import Project

if TYPE_CHECKING:
    from types_boto3_codebuild.type_defs import (
        BatchGetProjectsInputTypeDef,
        CreateProjectInputTypeDef,
        DeleteProjectInputTypeDef,
        ListProjectsInputTypeDef,
        UpdateProjectInputTypeDef,
    )

SORT = {"NAME": "name", "CREATED_TIME": "created", "LAST_MODIFIED_TIME": "modified"}


async def create_project(call: Call, request: CreateProjectInputTypeDef) -> Answer:
    settings = checks.settings(_settings(request))
    now = call.clock.now()
    row = Project(
        account=call.account,
        region=call.region,
        name=checks.name(request["name"]),
        repository=sources.repository_of(settings["source"], call.site),
        created=now,
        modified=now,
        settings=settings,
    )

    def write(tx: Tx) -> None:
        if tables.projects.find(tx, *tables.projects.key_of(row)):
            raise ResourceAlreadyExistsException(f"Project already exists: {row.arn}")
        tables.projects.insert(tx, row)

    await call.store.write(write)
    return {"project": shapes.project(row)}


async def update_project(call: Call, request: UpdateProjectInputTypeDef) -> Answer:
    def write(tx: Tx) -> Project:
        old = lookups.project(tx, call, request["name"])
        settings = checks.settings({**old.settings, **_settings(request)})
        repository = sources.repository_of(settings["source"], call.site)
        row = replace(old, settings=settings, repository=repository)
        if row != old:
            row = replace(row, modified=call.clock.now())
        tables.projects.update(tx, row)
        return row

    return {"project": shapes.project(await call.store.write(write))}


async def delete_project(call: Call, request: DeleteProjectInputTypeDef) -> Answer:
    key = (call.account, call.region, lookups.bare(request["name"]))
    await call.store.write(lambda tx: tables.projects.delete(tx, *key))
    return {}


async def batch_get_projects(call: Call, request: BatchGetProjectsInputTypeDef) -> Answer:
    names = request["names"]
    if not 1 <= len(names) <= 100:
        raise InvalidInputException("Between 1 and 100 project names are required")

    def read(tx: Tx) -> dict[str, Project | None]:
        return {n: tables.projects.find(tx, call.account, call.region, lookups.bare(n)) for n in names}

    found = await call.store.read(read)
    return {
        "projects": [shapes.project(row) for row in found.values() if row is not None],
        "projectsNotFound": [name for name, row in found.items() if row is None],
    }


async def list_projects(call: Call, request: ListProjectsInputTypeDef) -> Answer:
    column = SORT[request.get("sortBy", "NAME")]
    rows = await call.store.read(
        lambda tx: tables.projects.list(tx, account=call.account, region=call.region)
    )
    rows.sort(key=lambda row: getattr(row, column), reverse=request.get("sortOrder") == "DESCENDING")
    names, more = lookups.page([row.name for row in rows], request.get("nextToken"))
    return {"projects": names, **more}


def _settings(request: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if key not in ("name", "badgeEnabled")}
