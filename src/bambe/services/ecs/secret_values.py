"""Values of a task's secrets, looked up when it starts; they go to its containers and nowhere else.

A `valueFrom` is a name or ARN of a parameter, or the ARN of a secret with up to three more parts:
`arn:aws:secretsmanager:<region>:<account>:secret:<name>[:<json key>[:<stage>[:<version id>]]]`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from bambe.kernel.arn import Arn, is_arn
from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError, BambeError
from bambe.services.ecs.model import Shape, Task

BEGINNING = "ResourceInitializationError: unable to pull secrets or registry auth: "
RETRIEVAL = f"{BEGINNING}execution resource retrieval failed: unable to retrieve "
RETRIED = "service call has been retried 1 time(s): "

Values = Mapping[str, Mapping[str, str]]
"""Variables by container: {container: {name: value}}."""


class NoSecret(BambeError):
    """A value cannot be had; the message is the task's stop reason and holds no value."""


async def secret_values(aws: Aws, task: Task, containers: Iterable[Shape]) -> Values:
    """The value of every secret of `containers`; NoSecret."""
    found: dict[str, dict[str, str]] = {}
    missing: list[str] = []
    for container in containers:
        values = found.setdefault(container["name"], {})
        for secret in container.get("secrets") or ():
            source = secret["valueFrom"]
            value = await _value(aws, task, source)
            if value is None:
                missing.append(_parameter(source))
            else:
                values[secret["name"]] = value
    if missing:
        names = ", ".join(dict.fromkeys(missing))
        raise NoSecret(f"{RETRIEVAL}secrets from ssm: {RETRIED}invalid ssm parameters: {names}")
    return found


async def _value(aws: Aws, task: Task, source: str) -> str | None:
    """The value; None for a parameter that is not there, since all of those are told together."""
    if not is_arn(source):
        return await _of_parameter(aws.within(task.account, task.region), source)
    arn = Arn.parse(source)
    if arn.account != task.account:
        what = "secrets from ssm" if arn.service == "ssm" else "secret from asm"
        raise NoSecret(f"{RETRIEVAL}{what}: {RETRIED}AccessDeniedException: {source} is of another account")
    there = aws.within(arn.account, arn.region)
    return await (_of_parameter(there, source) if arn.service == "ssm" else _of_secret(there, arn))


async def _of_parameter(aws: Aws, name: str) -> str | None:
    try:
        answer = await aws.ssm.get_parameter(Name=name, WithDecryption=True)
    except AwsError as error:
        if error.wire_code() in ("ParameterNotFound", "ParameterVersionNotFound"):
            return None
        raise NoSecret(f"{RETRIEVAL}secrets from ssm: {RETRIED}{_said(error)}") from None
    return str(answer["Parameter"]["Value"])


async def _of_secret(aws: Aws, arn: Arn) -> str:
    _, name, key, stage, version = (arn.resource.split(":") + [""] * 4)[:5]
    secret = str(Arn(arn.service, arn.region, arn.account, f"secret:{name}", arn.partition))
    request = {"SecretId": secret, "VersionStage": stage, "VersionId": version}
    try:
        answer = await aws.secretsmanager.get_secret_value(**{k: v for k, v in request.items() if v})
    except AwsError as error:
        raise NoSecret(
            f"{RETRIEVAL}secret from asm: {RETRIED}failed to fetch secret {secret} from secrets manager:"
            f" {_said(error)}"
        ) from None
    value = answer.get("SecretString")
    if value is None:
        raise NoSecret(f"{RETRIEVAL}secret from asm: {RETRIED}secret {secret} is binary, not a string")
    return _member(secret, value, key) if key else str(value)


def _member(secret: str, value: str, key: str) -> str:
    """One member of a JSON object; text as it is, anything else as JSON."""
    try:
        whole: Any = json.loads(value)
    except ValueError:
        # Not `from`: the parser's error shows the text.
        raise NoSecret(
            f"{RETRIEVAL}secret from asm: {RETRIED}the value of secret {secret} is not JSON"
        ) from None
    if not isinstance(whole, dict) or key not in whole:
        raise NoSecret(
            f"{RETRIEVAL}secret from asm: {RETRIED}"
            f"retrieved secret from Secrets Manager did not contain json key {key}"
        )
    member = whole[key]
    return member if isinstance(member, str) else json.dumps(member)


def _parameter(source: str) -> str:
    return Arn.parse(source).resource.removeprefix("parameter") if is_arn(source) else source


def _said(error: AwsError) -> str:
    return f"{error.wire_code()}: {error.message}"
