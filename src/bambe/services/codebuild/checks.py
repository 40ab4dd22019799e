"""What CodeBuild demands of a project, and what Bambe refuses because it does not do it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bambe.kernel.errors import NotImplementedByBambe
from bambe.services.codebuild.errors import InvalidInputException
from bambe.services.codebuild.filters import EVENTS, compile_pattern
from bambe.services.codebuild.sources import GIT_TYPES

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-_]{1,149}")
DEFAULTS: Mapping[str, Any] = {
    "timeoutInMinutes": 60,
    "queuedTimeoutInMinutes": 480,
    "cache": {"type": "NO_CACHE"},
}


def name(given: str) -> str:
    if not NAME.fullmatch(given):
        raise InvalidInputException(
            f"Project name {given!r} is not valid: 2 to 150 letters, digits, - and _, first a letter or digit"
        )
    return given


def settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """A project's settings, checked; what was not given gets AWS's defaults."""
    found = {**DEFAULTS, **given}
    _source(found["source"])
    _artifacts(found["artifacts"])
    variables(found["environment"].get("environmentVariables") or [])
    if found["environment"]["type"] not in ("LINUX_CONTAINER", "ARM_CONTAINER"):
        raise NotImplementedByBambe(f"Bambe has no build environment {found['environment']['type']}")
    if not 5 <= found["timeoutInMinutes"] <= 2160:
        raise InvalidInputException("Invalid timeout specified: timeoutInMinutes must be between 5 and 2160")
    for unknown in ("secondarySources", "secondaryArtifacts", "fileSystemLocations", "buildBatchConfig"):
        if found.get(unknown):
            raise NotImplementedByBambe(f"Bambe does not know {unknown} yet")
    logs = found.get("logsConfig") or {}
    if (logs.get("s3Logs") or {}).get("status") == "ENABLED":
        raise NotImplementedByBambe("Bambe has no S3 for logs yet; they go to CloudWatch Logs")
    return found


def _source(source: Mapping[str, Any]) -> None:
    kind = source["type"]
    if kind == "NO_SOURCE":
        if not source.get("buildspec"):
            raise InvalidInputException("buildspec is required when source type is NO_SOURCE")
    elif kind != "CODEPIPELINE" and not source.get("location"):
        raise InvalidInputException("Invalid project source: location is required")


def _artifacts(artifacts: Mapping[str, Any]) -> None:
    if artifacts["type"] != "NO_ARTIFACTS":
        raise NotImplementedByBambe(f"Bambe keeps no artifacts yet: {artifacts['type']}; use NO_ARTIFACTS")


def variables(given: Sequence[Mapping[str, Any]]) -> None:
    for item in given:
        kind = item.get("type", "PLAINTEXT")
        if kind != "PLAINTEXT":
            raise NotImplementedByBambe(f"{item['name']}: Bambe has no {kind} for environment variables yet")


def webhook(project_source: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """The webhook of a request, checked."""
    if project_source["type"] not in GIT_TYPES:
        raise InvalidInputException("Webhooks are supported for git sources only")
    if request.get("buildType", "BUILD") != "BUILD":
        raise NotImplementedByBambe(f"Bambe has no builds of the type {request['buildType']}")
    groups = request.get("filterGroups") or []
    for group in groups:
        _group(group)
    found: dict[str, Any] = {"buildType": "BUILD", "status": "ACTIVE"}
    if groups:
        found["filterGroups"] = [[dict(item) for item in group] for group in groups]
    if request.get("branchFilter"):
        _pattern(request["branchFilter"])
        found["branchFilter"] = request["branchFilter"]
    return found


def _group(group: Sequence[Mapping[str, Any]]) -> None:
    if not any(item["type"] == "EVENT" for item in group):
        raise InvalidInputException("A filter group must have at least one EVENT filter")
    for item in group:
        if item["type"] != "EVENT":
            _pattern(item["pattern"])
            continue
        for event in item["pattern"].split(","):
            if event.strip() not in EVENTS:
                raise InvalidInputException(f"Invalid EVENT pattern: {event.strip()!r}")


def _pattern(pattern: str) -> None:
    try:
        compile_pattern(pattern)
    except ValueError as error:
        raise InvalidInputException(f"Invalid pattern {pattern!r}: {error}") from error
