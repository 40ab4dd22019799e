"""MSK's CloudFormation types: clusters, configurations, topics, SCRAM secrets, cluster policies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceFailed, ResourceType, Wish
from bambe.services.kafka.model import Access

GONE = "NotFoundException"
WHOLE_NUMBERS = ("NumberOfBrokerNodes", "VolumeSize", "Revision", "PartitionCount", "ReplicationFactor")
TOKEN = "bambe:creation"
BEFORE = "bambe:before"
"""The attribute of a cluster that names the last operation of before its update."""


def _plain(said: Any, name: str = "") -> Any:
    """A template's texts as the API's numbers and truths; EBSStorageInfo has another spelling."""
    if isinstance(said, Mapping):
        return {
            key.replace("EBSStorageInfo", "EbsStorageInfo"): _plain(value, key) for key, value in said.items()
        }
    if isinstance(said, list):
        return [_plain(one) for one in said]
    if name in WHOLE_NUMBERS:
        return int(said)
    return said == "true" if said in ("true", "false") else said


def _tags(wish: Wish) -> dict[str, str]:
    return {**wish.tags, **(wish.properties.get("Tags") or {}), TOKEN: wish.token}


async def _create(aws: Aws, wish: Wish) -> Made:
    said = _plain({key: value for key, value in wish.properties.items() if key != "Tags"})
    return await _created(aws, wish, "create_cluster", said)


async def _create_serverless(aws: Aws, wish: Wish) -> Made:
    said = {
        key: wish.properties[key] for key in ("VpcConfigs", "ClientAuthentication") if key in wish.properties
    }
    request = {"ClusterName": wish.properties["ClusterName"], "Serverless": _plain(said)}
    return await _created(aws, wish, "create_cluster_v2", request)


async def _created(aws: Aws, wish: Wish, operation: str, request: Mapping[str, Any]) -> Made:
    try:
        answer = await getattr(aws.kafka, operation)(**request, Tags=_tags(wish))
        return _made(str(answer["ClusterArn"]))
    except AwsError as error:
        if error.wire_code() != "ConflictException":
            raise
        name = wish.properties["ClusterName"]
        listed = await aws.kafka.list_clusters_v2(ClusterNameFilter=name)
        for one in listed["ClusterInfoList"]:
            if one["ClusterName"] == name and one.get("Tags", {}).get(TOKEN) == wish.token:
                return _made(one["ClusterArn"])
        raise


def _made(arn: str) -> Made:
    return Made(arn, {"Arn": arn})


async def _ready(aws: Aws, made: Made, properties: Properties) -> bool:
    """ACTIVE, and as the template says: MSK makes one change at a time, so each is asked for in its turn."""
    shown = (await aws.kafka.describe_cluster_v2(ClusterArn=made.physical_id))["ClusterInfo"]
    if shown["State"] == "FAILED":
        raise ResourceFailed(shown.get("StateInfo", {}).get("Message") or "The cluster has failed.")
    if shown["State"] != "ACTIVE":
        return False
    for one in await _operations(aws, made.physical_id):
        if one["OperationArn"] == made.attributes.get(BEFORE):
            break
        if one["OperationState"] == "UPDATE_FAILED":
            raise ResourceFailed(one["ErrorInfo"]["ErrorString"])
    change = _next_change(_plain(dict(properties)), shown.get("Provisioned"))
    if change is None:
        return True
    operation, request = change
    where = {"ClusterArn": shown["ClusterArn"], "CurrentVersion": shown["CurrentVersion"]}
    await getattr(aws.kafka, operation)(**where, **request)
    return False


async def _update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    """Tags; all else follows in `_ready`, which fails with the first operation after this that does."""
    tags = {**wish.tags, **(wish.properties.get("Tags") or {})}
    if tags:
        await aws.kafka.tag_resource(ResourceArn=made.physical_id, Tags=tags)
    newest = (await _operations(aws, made.physical_id))[:1]
    before = {BEFORE: newest[0]["OperationArn"]} if newest else {}
    return Made(made.physical_id, {**made.attributes, **before})


async def _operations(aws: Aws, arn: str) -> list[dict[str, Any]]:
    """What was asked of the cluster, newest first."""
    answer = await aws.kafka.list_cluster_operations(ClusterArn=arn)
    return list(answer["ClusterOperationInfoList"])


def _next_change(new: Mapping[str, Any], now: Mapping[str, Any] | None) -> tuple[str, dict[str, Any]] | None:
    """The next operation, with its request, that brings the cluster to what is wanted; None for none."""
    if now is None or "BrokerNodeGroupInfo" not in new:
        return None
    software, nodes = now["CurrentBrokerSoftwareInfo"], now["BrokerNodeGroupInfo"]
    wanted, size = new["BrokerNodeGroupInfo"], _size(new["BrokerNodeGroupInfo"])
    configured = new.get("ConfigurationInfo")
    revision = {"Arn": software.get("ConfigurationArn"), "Revision": software.get("ConfigurationRevision")}
    if new["KafkaVersion"] != software["KafkaVersion"]:
        return "update_cluster_kafka_version", {"TargetKafkaVersion": new["KafkaVersion"]}
    if new["NumberOfBrokerNodes"] != now["NumberOfBrokerNodes"]:
        return "update_broker_count", {"TargetNumberOfBrokerNodes": new["NumberOfBrokerNodes"]}
    if size and size != _size(nodes):
        volumes = [{"KafkaBrokerNodeId": "All", "VolumeSizeGB": size}]
        return "update_broker_storage", {"TargetBrokerEBSVolumeInfo": volumes}
    if wanted["InstanceType"] != nodes["InstanceType"]:
        return "update_broker_type", {"TargetInstanceType": wanted["InstanceType"]}
    if configured and configured != revision:
        return "update_cluster_configuration", {"ConfigurationInfo": configured}
    if Access.of(new) != Access.of(now):
        members = ("ClientAuthentication", "EncryptionInfo")
        return "update_security", {name: new[name] for name in members if name in new}
    level = new.get("EnhancedMonitoring", "DEFAULT")
    if level != now["EnhancedMonitoring"]:
        return "update_monitoring", {"EnhancedMonitoring": level}
    return None


def _size(group: Mapping[str, Any]) -> int:
    return int(((group.get("StorageInfo") or {}).get("EbsStorageInfo") or {}).get("VolumeSize", 0))


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    try:
        await aws.kafka.delete_cluster(ClusterArn=made.physical_id)
    except AwsError as error:
        if error.wire_code() != GONE:
            raise


async def _gone(aws: Aws, made: Made, properties: Properties) -> bool:
    try:
        await aws.kafka.describe_cluster_v2(ClusterArn=made.physical_id)
    except AwsError as error:
        if error.wire_code() != GONE:
            raise
        return True
    return False


async def _configure(aws: Aws, wish: Wish) -> Made:
    said = wish.properties
    try:
        answer = await aws.kafka.create_configuration(
            Name=said["Name"],
            KafkaVersions=list(said.get("KafkaVersionsList") or ()),
            ServerProperties=str(said["ServerProperties"]).encode(),
            Description=_description(wish),
        )
    except AwsError as error:
        if error.wire_code() != "ConflictException":
            raise
        listed = await aws.kafka.list_configurations()
        mine = [one for one in listed["Configurations"] if one["Name"] == said["Name"]]
        if not mine or mine[0]["Description"] != _description(wish):
            raise
        answer = mine[0]
    return _configured(answer["Arn"], answer["LatestRevision"]["Revision"])


def _description(wish: Wish) -> str:
    """A configuration has no tags: its description tells a repeated creation from another one's."""
    return wish.properties.get("Description") or f"made by CloudFormation ({wish.token})"


def _configured(arn: str, revision: int) -> Made:
    return Made(arn, {"Arn": arn, "LatestRevision.Revision": revision})


async def _reconfigure(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    if wish.properties["ServerProperties"] == old["ServerProperties"]:
        return made
    answer = await aws.kafka.update_configuration(
        Arn=made.physical_id,
        ServerProperties=str(wish.properties["ServerProperties"]).encode(),
        Description=wish.properties.get("Description", ""),
    )
    return _configured(made.physical_id, answer["LatestRevision"]["Revision"])


async def _unconfigure(aws: Aws, made: Made, properties: Properties) -> None:
    try:
        await aws.kafka.delete_configuration(Arn=made.physical_id)
    except AwsError as error:
        if error.wire_code() != GONE:
            raise


async def _topic(aws: Aws, wish: Wish) -> Made:
    """A topic that is there already is taken over: a stack retains its topics when it forgets them."""
    said = _plain(dict(wish.properties))
    try:
        answer = await aws.kafka.create_topic(**said)
    except AwsError as error:
        if error.wire_code() != "TopicExistsException":
            raise
        answer = await _changed_topic(aws, said)
    return Made(answer["TopicArn"], {"TopicArn": answer["TopicArn"]})


async def _update_topic(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    await _changed_topic(aws, _plain(dict(wish.properties)))
    return made


async def _changed_topic(aws: Aws, said: Mapping[str, Any]) -> dict[str, Any]:
    request = {key: value for key, value in said.items() if key != "ReplicationFactor"}
    return await aws.kafka.update_topic(**request)


async def _topic_ready(aws: Aws, made: Made, properties: Properties) -> bool:
    """DescribeTopic answers an error where Kafka has refused."""
    where = {"ClusterArn": properties["ClusterArn"], "TopicName": properties["TopicName"]}
    return bool((await aws.kafka.describe_topic(**where))["Status"] == "ACTIVE")


async def _delete_topic(aws: Aws, made: Made, properties: Properties) -> None:
    try:
        await aws.kafka.delete_topic(ClusterArn=properties["ClusterArn"], TopicName=properties["TopicName"])
    except AwsError as error:
        if error.wire_code() != GONE:
            raise


async def _associate(aws: Aws, wish: Wish) -> Made:
    arn, secrets = wish.properties["ClusterArn"], list(wish.properties.get("SecretArnList") or ())
    answer = await aws.kafka.batch_associate_scram_secret(ClusterArn=arn, SecretArnList=secrets)
    for one in answer["UnprocessedScramSecrets"]:
        raise ResourceFailed(f"{one['SecretArn']}: {one['ErrorMessage']}")
    return Made(arn)


async def _reassociate(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    stale = sorted(set(old.get("SecretArnList") or ()) - set(wish.properties.get("SecretArnList") or ()))
    if stale:
        await aws.kafka.batch_disassociate_scram_secret(ClusterArn=made.physical_id, SecretArnList=stale)
    return await _associate(aws, wish)


async def _disassociate(aws: Aws, made: Made, properties: Properties) -> None:
    secrets = list(properties.get("SecretArnList") or ())
    try:
        await aws.kafka.batch_disassociate_scram_secret(ClusterArn=made.physical_id, SecretArnList=secrets)
    except AwsError as error:
        if error.wire_code() != GONE:
            raise


async def _permit(aws: Aws, wish: Wish) -> Made:
    arn, policy = wish.properties["ClusterArn"], wish.properties["Policy"]
    text = policy if isinstance(policy, str) else json.dumps(policy)
    answer = await aws.kafka.put_cluster_policy(ClusterArn=arn, Policy=text)
    return Made(arn, {"CurrentVersion": answer["CurrentVersion"]})


async def _permit_anew(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    return await _permit(aws, wish)


async def _forbid(aws: Aws, made: Made, properties: Properties) -> None:
    try:
        await aws.kafka.delete_cluster_policy(ClusterArn=made.physical_id)
    except AwsError as error:
        if error.wire_code() != GONE:
            raise


RESOURCES = (
    ResourceType(
        name="AWS::MSK::Cluster",
        properties=frozenset(
            {
                "BrokerNodeGroupInfo",
                "ClientAuthentication",
                "ClusterName",
                "ConfigurationInfo",
                "CurrentVersion",
                "EncryptionInfo",
                "EnhancedMonitoring",
                "KafkaVersion",
                "LoggingInfo",
                "NumberOfBrokerNodes",
                "OpenMonitoring",
                "Rebalancing",
                "StorageMode",
                "Tags",
            }
        ),
        required=frozenset({"ClusterName", "KafkaVersion", "NumberOfBrokerNodes", "BrokerNodeGroupInfo"}),
        replaces=frozenset({"ClusterName"}),
        create=_create,
        update=_update,
        ready=_ready,
        delete=_delete,
        gone=_gone,
    ),
    ResourceType(
        name="AWS::MSK::ServerlessCluster",
        properties=frozenset({"ClusterName", "ClientAuthentication", "VpcConfigs", "Tags"}),
        required=frozenset({"ClusterName", "ClientAuthentication", "VpcConfigs"}),
        create=_create_serverless,
        ready=_ready,
        delete=_delete,
        gone=_gone,
    ),
    ResourceType(
        name="AWS::MSK::Configuration",
        properties=frozenset(
            {"Name", "Description", "KafkaVersionsList", "ServerProperties", "LatestRevision"}
        ),
        required=frozenset({"Name", "ServerProperties"}),
        replaces=frozenset({"Name", "KafkaVersionsList"}),
        create=_configure,
        update=_reconfigure,
        delete=_unconfigure,
        busy=frozenset({"BadRequestException"}),
    ),
    ResourceType(
        name="AWS::MSK::Topic",
        properties=frozenset({"ClusterArn", "TopicName", "PartitionCount", "ReplicationFactor", "Configs"}),
        required=frozenset({"ClusterArn", "TopicName", "PartitionCount", "ReplicationFactor"}),
        within=frozenset({"ClusterArn"}),
        replaces=frozenset({"ClusterArn", "TopicName", "ReplicationFactor"}),
        create=_topic,
        update=_update_topic,
        ready=_topic_ready,
        delete=_delete_topic,
        limit=timedelta(minutes=15),
    ),
    ResourceType(
        name="AWS::MSK::BatchScramSecret",
        properties=frozenset({"ClusterArn", "SecretArnList"}),
        required=frozenset({"ClusterArn"}),
        replaces=frozenset({"ClusterArn"}),
        create=_associate,
        update=_reassociate,
        delete=_disassociate,
    ),
    ResourceType(
        name="AWS::MSK::ClusterPolicy",
        properties=frozenset({"ClusterArn", "Policy"}),
        required=frozenset({"ClusterArn", "Policy"}),
        replaces=frozenset({"ClusterArn"}),
        create=_permit,
        update=_permit_anew,
        delete=_forbid,
    ),
)
