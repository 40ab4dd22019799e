"""Functions as AWS spells them in its answers."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from bambe.kernel.call import Answer
from bambe.services.lambda_.model import LATEST, Function, PackageType


def revision_id() -> str:
    """A fresh RevisionId."""
    text = secrets.token_hex(16)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def configuration(row: Function) -> Answer:
    """A FunctionConfiguration."""
    answer: dict[str, Any] = {
        "FunctionName": row.name,
        "FunctionArn": row.arn,
        "Role": row.role,
        "CodeSize": row.code_size,
        "Description": row.description,
        "Timeout": row.timeout,
        "MemorySize": row.memory,
        "LastModified": row.modified.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "CodeSha256": _digest(row),
        "Version": LATEST,
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": row.revision,
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": row.package.value,
        "Architectures": [row.architecture],
        "EphemeralStorage": {"Size": 512},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": row.log_group},
    }
    if row.package is PackageType.ZIP:
        answer |= {"Runtime": row.runtime, "Handler": row.handler}
    else:
        image = {
            "Command": list(row.command),
            "EntryPoint": list(row.entry_point),
            "WorkingDirectory": row.working_directory,
        }
        given = {key: value for key, value in image.items() if value}
        if given:
            answer["ImageConfigResponse"] = {"ImageConfig": given}
    if row.environment:
        answer["Environment"] = {"Variables": row.environment}
    return answer


def code(row: Function, endpoint: str) -> Answer:
    """A FunctionCodeLocation."""
    if row.package is PackageType.IMAGE:
        return {"RepositoryType": "ECR", "ImageUri": row.image, "ResolvedImageUri": row.image}
    return {"RepositoryType": "S3", "Location": ""}


def _digest(row: Function) -> str:
    return base64.b64encode(bytes.fromhex(row.code)).decode() if row.code else ""
