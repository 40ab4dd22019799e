"""Finds what a request names, or raises AWS's error for what is not there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from bambe.kernel import pages
from bambe.kernel.call import Call, Tx
from bambe.services.codedeploy import configs, tables
from bambe.services.codedeploy.deployment import Deployment
from bambe.services.codedeploy.errors import (
    ApplicationDoesNotExistException,
    DeploymentConfigDoesNotExistException,
    DeploymentDoesNotExistException,
    DeploymentGroupDoesNotExistException,
    DeploymentIdRequiredException,
    InvalidDeploymentIdException,
    InvalidNextTokenException,
)
from bambe.services.codedeploy.model import Application, Config, Group

Item = TypeVar("Item")
PAGE = 100


def application(tx: Tx, call: Call, name: str) -> Application:
    row = tables.applications.find(tx, call.account, call.region, name)
    if row is None:
        raise ApplicationDoesNotExistException(name)
    return row


def group(tx: Tx, call: Call, of: str, name: str) -> Group:
    application(tx, call, of)
    row = tables.deployment_groups.find(tx, call.account, call.region, of, name)
    if row is None:
        raise DeploymentGroupDoesNotExistException(name)
    return row


def config(tx: Tx, call: Call, name: str) -> Config:
    row = configs.predefined(call.account, call.region, name) or tables.configs.find(
        tx, call.account, call.region, name
    )
    if row is None:
        raise DeploymentConfigDoesNotExistException(name)
    return row


def deployment(tx: Tx, call: Call, id: str | None) -> Deployment:
    if not id:
        raise DeploymentIdRequiredException
    if not re.fullmatch(r"d-[A-Z0-9]{9}", id):
        raise InvalidDeploymentIdException(id)
    row = tables.deployments.find(tx, call.account, call.region, id)
    if row is None:
        raise DeploymentDoesNotExistException(id)
    return row


def history(tx: Tx, row: Group) -> list[Deployment]:
    """A group's deployments, oldest first."""
    found = tables.deployments.list(
        tx, account=row.account, region=row.region, application=row.application, group=row.name
    )
    return sorted(found, key=lambda item: (item.created, item.is_rollback))


def page(items: Sequence[Item], token: str | None) -> tuple[list[Item], dict[str, str]]:
    """A page and, where there is more, the member that says so."""
    try:
        found, following = pages.page(items, token, PAGE)
    except ValueError:
        raise InvalidNextTokenException from None
    return found, {"nextToken": following} if following else {}
