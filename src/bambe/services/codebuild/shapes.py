"""Rows as AWS spells them in its answers."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Answer
from bambe.services.codebuild.model import Build, PhaseRecord, Project

KEPT = (
    "description",
    "source",
    "secondarySources",
    "sourceVersion",
    "secondarySourceVersions",
    "artifacts",
    "secondaryArtifacts",
    "cache",
    "environment",
    "serviceRole",
    "timeoutInMinutes",
    "queuedTimeoutInMinutes",
    "encryptionKey",
    "tags",
    "vpcConfig",
    "logsConfig",
    "fileSystemLocations",
    "concurrentBuildLimit",
    "autoRetryLimit",
)
OF_BUILD = (
    "source",
    "secondarySources",
    "secondarySourceVersions",
    "cache",
    "environment",
    "serviceRole",
    "timeoutInMinutes",
    "queuedTimeoutInMinutes",
    "encryptionKey",
    "vpcConfig",
    "fileSystemLocations",
)


def project(row: Project) -> Answer:
    answer: Answer = {
        "name": row.name,
        "arn": row.arn,
        "created": row.created,
        "lastModified": row.modified,
        "badge": {"badgeEnabled": False},
        "projectVisibility": "PRIVATE",
        **{name: row.settings[name] for name in KEPT if name in row.settings},
    }
    if row.webhook is not None:
        answer["webhook"] = row.webhook
    return answer


def build(row: Build) -> Answer:
    answer: Answer = {
        "id": row.id,
        "arn": row.arn,
        "buildNumber": row.number,
        "startTime": row.created,
        "currentPhase": row.phase,
        "buildStatus": row.status,
        "projectName": row.project,
        "phases": [_phase(record) for record in row.phases],
        "artifacts": {"location": ""},
        "logs": _logs(row),
        "buildComplete": row.is_over,
        "initiator": row.initiator,
        "exportedEnvironmentVariables": [
            {"name": name, "value": value} for name, value in row.exported.items()
        ],
        **{name: row.settings[name] for name in OF_BUILD if name in row.settings},
    }
    environment = dict(row.settings["environment"])
    environment["environmentVariables"] = _variables(environment.get("environmentVariables"), row.overrides)
    answer["environment"] = environment
    optional = {
        "endTime": row.ended,
        "sourceVersion": row.source_version,
        "resolvedSourceVersion": row.resolved,
    }
    return answer | {key: value for key, value in optional.items() if value}


def _variables(given: list[Any] | None, overrides: list[dict[str, Any]]) -> list[Any]:
    names = {item["name"] for item in overrides}
    return [*(item for item in given or [] if item["name"] not in names), *overrides]


def _phase(record: PhaseRecord) -> Answer:
    answer: Answer = {"phaseType": record.type, "startTime": record.start}
    if record.end is not None:
        answer["endTime"] = record.end
        answer["durationInSeconds"] = int((record.end - record.start).total_seconds())
    if record.status is not None:
        answer["phaseStatus"] = record.status
        answer["contexts"] = [{"statusCode": record.code, "message": record.message}]
    return answer


def _logs(row: Build) -> Answer:
    arn = f"arn:aws:logs:{row.region}:{row.account}:log-group:{row.log_group}:log-stream:{row.log_stream}"
    return {
        "groupName": row.log_group,
        "streamName": row.log_stream,
        "cloudWatchLogsArn": arn,
        "cloudWatchLogs": (row.settings.get("logsConfig") or {}).get("cloudWatchLogs")
        or {"status": "ENABLED"},
    }
