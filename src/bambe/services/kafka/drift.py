"""How MSK's resources are read back, to see what has drifted."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties

GOING = "DELETING"


async def _cluster(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    found = (await aws.kafka.describe_cluster_v2(ClusterArn=made.physical_id))["ClusterInfo"]
    if found["State"] == GOING:
        return None
    shown = found.get("Provisioned") or found.get("Serverless") or {}
    shown = {**_merged(_off(expected), shown), "ClusterName": found["ClusterName"]}
    software = shown.get("CurrentBrokerSoftwareInfo")
    if software:
        shown["KafkaVersion"] = software["KafkaVersion"]
        shown["ConfigurationInfo"] = {
            "Arn": software.get("ConfigurationArn", ""),
            "Revision": software.get("ConfigurationRevision", 0),
        }
    return {name: value for name, value in shown.items() if name != "CurrentVersion"}


def _off(expected: Any) -> Any:
    """What a cluster that shows nothing of all this has: every switch is off."""
    if isinstance(expected, Mapping):
        inner = {key: _off(value) for key, value in expected.items()}
        return {key: value for key, value in inner.items() if value not in (None, {})}
    return False if str(expected).lower() in ("true", "false") else None


def _merged(below: Any, above: Any) -> Any:
    """`above`, and of `below` what it lacks."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        return {**below, **{key: _merged(below.get(key), value) for key, value in above.items()}}
    return above


async def _configuration(aws: Aws, made: Made, expected: Properties) -> Properties:
    arn = made.physical_id
    found = await aws.kafka.describe_configuration(Arn=arn)
    newest = found["LatestRevision"]["Revision"]
    revision = await aws.kafka.describe_configuration_revision(Arn=arn, Revision=newest)
    return {
        "Name": found["Name"],
        "Description": found["Description"],
        "KafkaVersionsList": found["KafkaVersions"],
        "ServerProperties": revision["ServerProperties"].decode(),
    }


async def _topic(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    where = {"ClusterArn": expected["ClusterArn"], "TopicName": expected["TopicName"]}
    found = await aws.kafka.describe_topic(**where)
    if found["Status"] == GOING:
        return None
    # Two encodings of the same settings are the same.
    said = str(expected.get("Configs", ""))
    alike = _settings(said) == _settings(found["Configs"])
    return {**found, **where, "Configs": said if alike else found["Configs"]}


def _settings(encoded: str) -> set[str]:
    try:
        lines = base64.b64decode(encoded).decode().splitlines()
    except (binascii.Error, ValueError):
        return {encoded}
    return {"=".join(part.strip() for part in line.split("=", 1)) for line in lines if line.strip()}


async def _secrets(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    """Of the cluster's secrets those that the template names: others may be of other stacks."""
    wanted, found = expected.get("SecretArnList") or (), list[str]()
    page = await aws.kafka.list_scram_secrets(ClusterArn=made.physical_id)
    while True:
        found += [one for one in page["SecretArnList"] if one in wanted]
        if not page.get("NextToken"):
            break
        page = await aws.kafka.list_scram_secrets(ClusterArn=made.physical_id, NextToken=page["NextToken"])
    return None if wanted and not found else {"ClusterArn": made.physical_id, "SecretArnList": found}


async def _policy(aws: Aws, made: Made, expected: Properties) -> Properties:
    found = await aws.kafka.get_cluster_policy(ClusterArn=made.physical_id)
    return {"ClusterArn": made.physical_id, "Policy": found["Policy"]}


READS = {
    "AWS::MSK::BatchScramSecret": _secrets,
    "AWS::MSK::Cluster": _cluster,
    "AWS::MSK::ClusterPolicy": _policy,
    "AWS::MSK::Configuration": _configuration,
    "AWS::MSK::ServerlessCluster": _cluster,
    "AWS::MSK::Topic": _topic,
}
