"""Builds: start one, look at it, stop it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.codebuild import checks, lookups, shapes, sources, tables
from bambe.services.codebuild.errors import InvalidInputException
from bambe.services.codebuild.model import Build

if TYPE_CHECKING:
    from types_boto3_codebuild.type_defs import (
        BatchGetBuildsInputTypeDef,
        ListBuildsForProjectInputTypeDef,
        ListBuildsInputTypeDef,
        RetryBuildInputTypeDef,
        StartBuildInputTypeDef,
        StopBuildInputTypeDef,
    )

OVERRIDES = {
    "sourceTypeOverride": ("source", "type"),
    "sourceLocationOverride": ("source", "location"),
    "sourceAuthOverride": ("source", "auth"),
    "gitCloneDepthOverride": ("source", "gitCloneDepth"),
    "gitSubmodulesConfigOverride": ("source", "gitSubmodulesConfig"),
    "buildspecOverride": ("source", "buildspec"),
    "insecureSslOverride": ("source", "insecureSsl"),
    "reportBuildStatusOverride": ("source", "reportBuildStatus"),
    "environmentTypeOverride": ("environment", "type"),
    "imageOverride": ("environment", "image"),
    "computeTypeOverride": ("environment", "computeType"),
    "certificateOverride": ("environment", "certificate"),
    "privilegedModeOverride": ("environment", "privilegedMode"),
    "imagePullCredentialsTypeOverride": ("environment", "imagePullCredentialsType"),
    "artifactsOverride": ("artifacts", ""),
    "secondarySourcesOverride": ("secondarySources", ""),
    "secondaryArtifactsOverride": ("secondaryArtifacts", ""),
    "cacheOverride": ("cache", ""),
    "serviceRoleOverride": ("serviceRole", ""),
    "timeoutInMinutesOverride": ("timeoutInMinutes", ""),
    "queuedTimeoutInMinutesOverride": ("queuedTimeoutInMinutes", ""),
    "encryptionKeyOverride": ("encryptionKey", ""),
    "logsConfigOverride": ("logsConfig", ""),
}
"""StartBuild's member -> the project setting (and its member) it replaces."""


async def start_build(call: Call, request: StartBuildInputTypeDef) -> Answer:
    overrides = [dict(item) for item in request.get("environmentVariablesOverride") or []]
    checks.variables(overrides)
    token = request.get("idempotencyToken", "")
    return {
        "build": shapes.build(await call.store.write(lambda tx: _start(tx, call, request, overrides, token)))
    }


def _start(
    tx: Tx, call: Call, request: Mapping[str, Any], overrides: list[dict[str, Any]], token: str
) -> Build:
    project = lookups.project(tx, call, request["projectName"])
    again = _earlier(tx, call, project.name, token)
    if again is not None:
        return again
    settings = checks.settings(_overridden(project.settings, request))
    return tables.submit(
        tx,
        project,
        call.clock.now(),
        settings=settings,
        repository=sources.repository_of(settings["source"], call.site),
        source_version=request.get("sourceVersion") or settings.get("sourceVersion", ""),
        initiator=call.caller.principal.rsplit(":", 1)[-1],
        overrides=overrides,
        token=token,
    )


def _overridden(settings: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: dict(value) if isinstance(value, dict) else value for key, value in settings.items()}
    for name, (setting, member) in OVERRIDES.items():
        if name not in request:
            continue
        if member:
            found[setting][member] = request[name]
        else:
            found[setting] = request[name]
    return found


def _earlier(tx: Tx, call: Call, project: str, token: str) -> Build | None:
    if not token:
        return None
    where = {"account": call.account, "region": call.region, "project": project, "token": token}
    return next(iter(tables.builds.list(tx, **where)), None)


async def retry_build(call: Call, request: RetryBuildInputTypeDef) -> Answer:
    """The same build once more: same source version, same overrides."""
    id = request.get("id", "")
    if not id:
        raise InvalidInputException("id is required")

    def write(tx: Tx) -> Build:
        old = lookups.build(tx, call, id)
        if not old.is_over:
            raise InvalidInputException(f"Build {old.id} is still running and cannot be retried")
        project = lookups.project(tx, call, old.project)
        token = request.get("idempotencyToken", "")
        return _earlier(tx, call, project.name, token) or tables.submit(
            tx,
            project,
            call.clock.now(),
            settings=old.settings,
            repository=old.repository,
            source_version=old.resolved or old.source_version,
            initiator=call.caller.principal.rsplit(":", 1)[-1],
            webhook=old.webhook,
            overrides=old.overrides,
            token=token,
        )

    return {"build": shapes.build(await call.store.write(write))}


async def stop_build(call: Call, request: StopBuildInputTypeDef) -> Answer:
    def write(tx: Tx) -> Build:
        row = lookups.build(tx, call, request["id"])
        if not row.is_over:
            row = replace(row, stop_asked=True)
            tables.builds.update(tx, row)
        return row

    return {"build": shapes.build(await call.store.write(write))}


async def batch_get_builds(call: Call, request: BatchGetBuildsInputTypeDef) -> Answer:
    ids = request["ids"]
    if not 1 <= len(ids) <= 100:
        raise InvalidInputException("Between 1 and 100 build ids are required")

    def read(tx: Tx) -> dict[str, Build | None]:
        return {id: tables.builds.find(tx, call.account, call.region, lookups.bare(id)) for id in ids}

    found = await call.store.read(read)
    return {
        "builds": [shapes.build(row) for row in found.values() if row is not None],
        "buildsNotFound": [id for id, row in found.items() if row is None],
    }


async def list_builds(call: Call, request: ListBuildsInputTypeDef) -> Answer:
    rows = await call.store.read(lambda tx: tables.builds.list(tx, account=call.account, region=call.region))
    return _ids(rows, request)


async def list_builds_for_project(call: Call, request: ListBuildsForProjectInputTypeDef) -> Answer:
    def read(tx: Tx) -> list[Build]:
        project = lookups.project(tx, call, request["projectName"])
        where = {"account": call.account, "region": call.region, "project": project.name}
        return tables.builds.list(tx, **where)

    return _ids(await call.store.read(read), request)


def _ids(rows: list[Build], request: Mapping[str, Any]) -> Answer:
    """Newest first, unless asked for ASCENDING."""
    ordered = tables.newest_first(rows)
    if request.get("sortOrder") == "ASCENDING":
        ordered.reverse()
    ids, more = lookups.page([row.id for row in ordered], request.get("nextToken"))
    return {"ids": ids, **more}
