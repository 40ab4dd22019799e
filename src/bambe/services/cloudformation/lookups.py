"""What templates say by reference to other services: SSM's parameters and `{{resolve:...}}`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError, ValidationError
from bambe.kernel.resources import ResourceFailed
from bambe.services.cloudformation.template import Template

SSM_VALUE = "AWS::SSM::Parameter::Value<"
SSM_NAME = "AWS::SSM::Parameter::Name"
REFERENCE = re.compile(r"\{\{resolve:(ssm-secure|ssm|secretsmanager):([^{}]+)\}\}")
AT_ONCE = 10


async def from_ssm(aws: Aws, template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """Values of the template's parameters that name one of SSM's; ValidationError where there is none."""
    named = {name: value for name, value in values.items() if _is_of_ssm(template.parameters[name])}
    found = await _parameters(aws, sorted(set(named.values())))
    missing = sorted({value for value in named.values() if value not in found})
    if missing:
        raise ValidationError(
            f"Unable to fetch parameters [{','.join(missing)}] from parameter store for this account."
        )
    wanted = {name: value for name, value in named.items() if template.parameters[name]["Type"] != SSM_NAME}
    secret = sorted({value for value in wanted.values() if found[value]["Type"] == "SecureString"})
    if secret:
        raise ValidationError(
            f"Parameters [{','.join(secret)}] referenced by template have types not supported by"
            " CloudFormation."
        )
    return {name: str(found[value]["Value"]) for name, value in wanted.items()}


def _is_of_ssm(declared: Mapping[str, Any]) -> bool:
    return str(declared["Type"]).startswith("AWS::SSM::Parameter::")


async def _parameters(aws: Aws, names: list[str]) -> dict[str, Any]:
    """SSM's parameters by the name (or `name:version`) they were asked by."""
    found: dict[str, Any] = {}
    for start in range(0, len(names), AT_ONCE):
        answer = await aws.ssm.get_parameters(Names=names[start : start + AT_ONCE])
        found |= {one["Name"] + one.get("Selector", ""): one for one in answer["Parameters"]}
    return found


async def resolved(aws: Aws, value: Any) -> Any:
    """`value` with each dynamic reference replaced by what it stands for now; ResourceFailed for nothing."""
    if isinstance(value, list):
        return [await resolved(aws, inner) for inner in value]
    if isinstance(value, Mapping):
        return {key: await resolved(aws, inner) for key, inner in value.items()}
    if not isinstance(value, str) or "{{resolve:" not in value:
        return value
    made, end = "", 0
    for hit in REFERENCE.finditer(value):
        made += value[end : hit.start()] + await _looked_up(aws, hit[1], hit[2].strip())
        end = hit.end()
    return made + value[end:]


def has_references(value: Any) -> bool:
    """Whether `value` says something by `{{resolve:...}}`."""
    return "{{resolve:" in json.dumps(value)


def check_secure(name: str, kind: str, properties: Mapping[str, Any]) -> None:
    """ValidationError for SSM's secure strings, which no type that Bambe knows may have."""
    for key, value in properties.items():
        if "{{resolve:ssm-secure:" in json.dumps(value):
            raise ValidationError(f"SSM Secure reference is not supported in: [{kind}/Properties/{key}]")


async def _looked_up(aws: Aws, service: str, said: str) -> str:
    try:
        return await (_of_ssm(aws, said) if service == "ssm" else _of_secretsmanager(aws, said))
    except AwsError as error:
        raise ResourceFailed(f"Could not resolve {{{{resolve:{service}:{said}}}}}: {error.message}") from None


async def _of_ssm(aws: Aws, said: str) -> str:
    found = (await aws.ssm.get_parameter(Name=said))["Parameter"]
    if found["Type"] == "SecureString":
        raise ResourceFailed(f"Could not resolve {said}: secure strings need ssm-secure")
    return str(found["Value"])


async def _of_secretsmanager(aws: Aws, said: str) -> str:
    parts = said.split(":")
    length = 7 if parts[0] == "arn" else 1
    name, rest = ":".join(parts[:length]), [*parts[length:], "", "", "", ""]
    kind, key, stage, version = rest[:4]
    if kind not in ("", "SecretString"):
        raise ResourceFailed(f"Could not resolve {said}: only SecretString can be referred to")
    words = {"VersionStage": stage} if stage else {"VersionId": version} if version else {}
    text = str((await aws.secretsmanager.get_secret_value(SecretId=name, **words)).get("SecretString", ""))
    return _member(text, key) if key else text


def _member(text: str, key: str) -> str:
    try:
        return str(json.loads(text)[key])
    except (ValueError, KeyError, TypeError):
        raise ResourceFailed("Could not find a value associated with JSONKey in SecretString") from None
