"""Register, describe, list, deregister and delete task definitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.pages import page
from bambe.kernel.tags import to_dict
from bambe.services.ecs import fargate, lookup, shapes
from bambe.services.ecs.errors import ClientException, InvalidParameterException
from bambe.services.ecs.model import Shape, TaskDefinition
from bambe.services.ecs.names import definition_arn, family_and_revision
from bambe.services.ecs.tables import DEFINITIONS

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import (
        DeleteTaskDefinitionsRequestTypeDef,
        DeregisterTaskDefinitionRequestTypeDef,
        DescribeTaskDefinitionRequestTypeDef,
        ListTaskDefinitionFamiliesRequestTypeDef,
        ListTaskDefinitionsRequestTypeDef,
        RegisterTaskDefinitionRequestTypeDef,
    )

ACTIVE, INACTIVE, DELETING = "ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS"


async def register_task_definition(call: Call, request: RegisterTaskDefinitionRequestTypeDef) -> Answer:
    body = _body(dict(request))
    tags = to_dict(request.get("tags", ()), "key", "value")
    body["compatibilities"] = fargate.compatibilities(body)
    now = call.clock.now()

    def register(tx: Tx) -> TaskDefinition:
        known = DEFINITIONS.list(tx, account=call.account, region=call.region, family=body["family"])
        row = TaskDefinition(
            account=call.account,
            region=call.region,
            family=body["family"],
            revision=known[-1].revision + 1 if known else 1,
            body=body,
            registered_at=now,
            registered_by=call.caller.principal,
            tags=tags,
        )
        DEFINITIONS.insert(tx, row)
        return row

    row = await call.store.write(register)
    shown = {"taskDefinition": shapes.definition(row)}
    return shown | ({"tags": shapes.tag_list(tags)} if tags else {})


async def describe_task_definition(call: Call, request: DescribeTaskDefinitionRequestTypeDef) -> Answer:
    row = await call.store.read(lambda tx: lookup.find_definition(tx, call, request["taskDefinition"]))
    if row is None:
        raise ClientException("Unable to describe task definition.")
    shown: Answer = {"taskDefinition": shapes.definition(row)}
    if "TAGS" in request.get("include", ()):
        shown["tags"] = shapes.tag_list(row.tags)
    return shown


async def list_task_definitions(call: Call, request: ListTaskDefinitionsRequestTypeDef) -> Answer:
    status = request.get("status", ACTIVE)
    family = request.get("familyPrefix")
    rows = await call.store.read(lambda tx: DEFINITIONS.list(tx, account=call.account, region=call.region))
    # The "prefix" is a whole family name where it is given in full (ECS API, ListTaskDefinitions).
    arns = [definition_arn(r) for r in rows if r.status == status and family in (None, r.family)]
    if request.get("sort") == "DESC":
        arns.reverse()
    return _page("taskDefinitionArns", arns, request.get("nextToken"), request.get("maxResults"))


async def list_task_definition_families(
    call: Call, request: ListTaskDefinitionFamiliesRequestTypeDef
) -> Answer:
    prefix = request.get("familyPrefix", "")
    wanted = request.get("status", ACTIVE)
    rows = await call.store.read(lambda tx: DEFINITIONS.list(tx, account=call.account, region=call.region))
    every = {row.family for row in rows if row.status != DELETING}
    active = {row.family for row in rows if row.status == ACTIVE}
    chosen = {ACTIVE: active, INACTIVE: every - active}.get(wanted, every)
    families = sorted(family for family in chosen if family.startswith(prefix))
    return _page("families", families, request.get("nextToken"), request.get("maxResults"))


async def deregister_task_definition(call: Call, request: DeregisterTaskDefinitionRequestTypeDef) -> Answer:
    said, now = request["taskDefinition"], call.clock.now()
    if not family_and_revision(said)[1]:
        raise InvalidParameterException("Revision is missing.")

    def deregister(tx: Tx) -> TaskDefinition:
        row = lookup.find_definition(tx, call, said)
        if row is None:
            raise ClientException("Unable to describe task definition.")
        if row.status != ACTIVE:
            raise InvalidParameterException("The specified task definition is inactive.")
        changed = replace(row, status=INACTIVE, deregistered_at=now)
        DEFINITIONS.update(tx, changed)
        return changed

    return {"taskDefinition": shapes.definition(await call.store.write(deregister))}


async def delete_task_definitions(call: Call, request: DeleteTaskDefinitionsRequestTypeDef) -> Answer:
    said = request["taskDefinitions"]
    if not 1 <= len(said) <= 10:
        raise InvalidParameterException("Between 1 and 10 task definitions can be deleted at a time.")
    now = call.clock.now()
    return await call.store.write(lambda tx: _delete_all(tx, said, _finder(tx, call), now))


def _finder(tx: Tx, call: Call) -> Callable[[str], TaskDefinition | None]:
    return lambda said: lookup.find_definition(tx, call, said)


def _delete_all(
    tx: Tx, said: Any, find: Callable[[str], TaskDefinition | None], now: datetime
) -> dict[str, Any]:
    deleted: list[Shape] = []
    failures: list[Shape] = []
    for each in said:
        row = find(each) if family_and_revision(each)[1] else None
        if row is None:
            failures.append({"arn": each, "reason": "The specified task definition does not exist."})
        elif row.status == ACTIVE:
            reason = "The specified task definition is still in ACTIVE status. Please deregister the target and try again."  # noqa: E501
            failures.append({"arn": each, "reason": reason})
        else:
            changed = replace(row, status=DELETING, delete_requested_at=row.delete_requested_at or now)
            DEFINITIONS.update(tx, changed)
            deleted.append(shapes.definition(changed))
    return {"taskDefinitions": deleted, "failures": failures}


def _body(request: Shape) -> Shape:
    """The definition with AWS's defaults written out."""
    if not fargate.NAME.fullmatch(request["family"]):
        raise ClientException("Family contains invalid characters.")
    required = list(request.get("requiresCompatibilities") or ())
    body: Shape = {
        **{name: value for name, value in request.items() if name != "tags"},
        # Bambe runs everything as Fargate does: one network namespace and one address per task.
        "networkMode": request.get("networkMode", "bridge"),
        "requiresCompatibilities": required,
        "containerDefinitions": [_container(dict(c)) for c in request["containerDefinitions"]],
        "volumes": list(request.get("volumes") or ()),
        "placementConstraints": list(request.get("placementConstraints") or ()),
        "requiresAttributes": [],
    }
    for member in ("cpu", "memory"):
        if member in body:
            body[member] = fargate.units(body[member], member)
    return body


def _container(said: Shape) -> Shape:
    ports = []
    for mapping in said.get("portMappings") or ():
        port = mapping.get("containerPort", 0)
        ports.append({"protocol": "tcp", **mapping, "hostPort": mapping.get("hostPort") or port})
    shown = {"cpu": 0, "essential": True, "environment": [], "mountPoints": [], "volumesFrom": []}
    checked = {}
    if check := said.get("healthCheck"):
        checked = {"healthCheck": {"interval": 30, "timeout": 5, "retries": 3, **check}}
    return {**shown, "systemControls": [], **said, "portMappings": ports, **checked}


def _page(member: str, items: list[str], token: str | None, limit: int | None) -> Answer:
    try:
        shown, following = page(items, token, min(limit or 100, 100))
    except ValueError:
        raise lookup.bad_token() from None
    return {member: shown} | ({"nextToken": following} if following else {})
