"""Finds what a request names, or raises AWS's error for what is not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from bambe.kernel import pages
from bambe.kernel.call import Call, Tx
from bambe.services.codebuild import tables
from bambe.services.codebuild.errors import InvalidInputException, ResourceNotFoundException
from bambe.services.codebuild.model import Build, Project

Item = TypeVar("Item")
PAGE = 100


def bare(text: str) -> str:
    """The name or id in an ARN; both are accepted everywhere."""
    return text.split("/", 1)[1] if text.startswith("arn:") and "/" in text else text


def project(tx: Tx, call: Call, name: str) -> Project:
    row = tables.projects.find(tx, call.account, call.region, bare(name))
    if row is None:
        raise ResourceNotFoundException.project(bare(name), call.region, call.account)
    return row


def build(tx: Tx, call: Call, id: str) -> Build:
    row = tables.builds.find(tx, call.account, call.region, bare(id))
    if row is None:
        raise ResourceNotFoundException.build(bare(id))
    return row


def page(items: Sequence[Item], token: str | None) -> tuple[list[Item], dict[str, str]]:
    """A page and, where there is more, the member that says so."""
    try:
        found, following = pages.page(items, token, PAGE)
    except ValueError:
        raise InvalidInputException("Invalid nextToken") from None
    return found, {"nextToken": following} if following else {}
