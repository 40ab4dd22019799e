"""Webhooks: which pushes start a build of a project."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.codebuild import checks, lookups, tables
from bambe.services.codebuild.errors import ResourceAlreadyExistsException, ResourceNotFoundException

if TYPE_CHECKING:
    from types_boto3_codebuild.type_defs import (
        CreateWebhookInputTypeDef,
        DeleteWebhookInputTypeDef,
        UpdateWebhookInputTypeDef,
    )

CHANGEABLE = ("filterGroups", "branchFilter")


async def create_webhook(call: Call, request: CreateWebhookInputTypeDef) -> Answer:
    def write(tx: Tx) -> dict[str, Any]:
        project = lookups.project(tx, call, request["projectName"])
        if project.webhook is not None:
            raise ResourceAlreadyExistsException(f"Webhook already exists for project {project.name}")
        webhook = checks.webhook(project.settings["source"], request)
        webhook["url"] = webhook["payloadUrl"] = f"{call.site.endpoint}/git/{project.repository}.git"
        tables.projects.update(tx, replace(project, webhook=webhook))
        return webhook

    return {"webhook": await call.store.write(write)}


async def update_webhook(call: Call, request: UpdateWebhookInputTypeDef) -> Answer:
    def write(tx: Tx) -> dict[str, Any]:
        project = lookups.project(tx, call, request["projectName"])
        if project.webhook is None:
            raise ResourceNotFoundException(f"Webhook not found for project {project.name}")
        named = {key: value for key, value in request.items() if key in CHANGEABLE}
        old = {key: value for key, value in project.webhook.items() if key in CHANGEABLE}
        webhook = {**project.webhook, **checks.webhook(project.settings["source"], {**old, **named})}
        for key, value in named.items():
            if not value:
                webhook.pop(key, None)
        tables.projects.update(tx, replace(project, webhook=webhook))
        return webhook

    return {"webhook": await call.store.write(write)}


async def delete_webhook(call: Call, request: DeleteWebhookInputTypeDef) -> Answer:
    def write(tx: Tx) -> None:
        project = lookups.project(tx, call, request["projectName"])
        if project.webhook is None:
            raise ResourceNotFoundException(f"Webhook not found for project {project.name}")
        tables.projects.update(tx, replace(project, webhook=None))

    await call.store.write(write)
    return {}
