"""MSK's CloudFormation types: Cluster, ServerlessCluster, Configuration, Topic, BatchScramSecret, ClusterPolicy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceFailed, ResourceType, Wish

GONE = "NotFoundException"
CHANGES = {
    "NumberOfBrokerNodes": "count",
    "BrokerNodeGroupInfo": "nodes",
    "ConfigurationInfo": "configuration",
    "KafkaVersion": "version",
    "ClientAuthentication": "security",
    "EncryptionInfo": "security",
    "EnhancedMonitoring": "monitoring",
    "OpenMonitoring": "monitoring",
    "LoggingInfo": "monitoring",
}
"""What can be changed in place, and by which operation."""
WHOLE_NUMBERS = ("NumberOfBrokerNodes", "VolumeSize", "Revision", "PartitionCount", "ReplicationFactor")
TOKEN = "bambe:creation"


def _plain(said: Any, name: str = "") -> Any:
    """A template's texts as the numbers and truths that the API takes; EBSStorageInfo has another spelling."""
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
    shown = (await aws.kafka.describe_cluster_v2(ClusterArn=made.physical_id))["ClusterInfo"]
    if shown["State"] == "FAILED":
        raise ResourceFailed(shown.get("StateInfo", {}).get("Message") or "The cluster has failed.")
    return bool(shown["State"] == "ACTIVE")


async def _update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    """One change after another: each waits for the one before, so a stack that changes several is asked again."""
    new = _plain(dict(wish.properties))
    before = _plain(dict(old))
    changed = [kind for name, kind in CHANGES.items() if new.get(name) != before.get(name)]
    for kind in dict.fromkeys(changed):
        shown = (await aws.kafka.describe_cluster(ClusterArn=made.physical_id))["ClusterInfo"]
        await _change(aws, kind, new, shown)
    tags = {**wish.tags, **(wish.properties.get("Tags") or {})}
    if tags:
        await aws.kafka.tag_resource(ResourceArn=made.physical_id, Tags=tags)
    return made


async def _change(aws: Aws, kind: str, new: Mapping[str, Any], shown: Mapping[str, Any]) -> None:
    where = {"ClusterArn": shown["ClusterArn"], "CurrentVersion": shown["CurrentVersion"]}
    software = shown["CurrentBrokerSoftwareInfo"]
    if kind == "count" and new["NumberOfBrokerNodes"] != shown["NumberOfBrokerNodes"]:
        await aws.kafka.update_broker_count(**where, TargetNumberOfBrokerNodes=new["NumberOfBrokerNodes"])
    if kind == "nodes":
        await _change_nodes(aws, where, new["BrokerNodeGroupInfo"], shown["BrokerNodeGroupInfo"])
    if kind == "configuration" and "ConfigurationInfo" in new:
        said = new["ConfigurationInfo"]
        now = (software.get("ConfigurationArn"), software.get("ConfigurationRevision"))
        if (said["Arn"], said["Revision"]) != now:
            await aws.kafka.update_cluster_configuration(**where, ConfigurationInfo=said)
    if kind == "version" and new["KafkaVersion"] != software["KafkaVersion"]:
        await aws.kafka.update_cluster_kafka_version(**where, TargetKafkaVersion=new["KafkaVersion"])
    if kind == "security":
        said = {name: new[name] for name in ("ClientAuthentication", "EncryptionInfo") if name in new}
        await aws.kafka.update_security(**where, **said)
    if kind == "monitoring":
        members = ("EnhancedMonitoring", "OpenMonitoring", "LoggingInfo")
        await aws.kafka.update_monitoring(**where, **{name: new[name] for name in members if name in new})


async def _change_nodes(
    aws: Aws, where: Mapping[str, Any], new: Mapping[str, Any], shown: Mapping[str, Any]
) -> None:
    size, was = _size(new), _size(shown)
    if size > was:
        volumes = [{"KafkaBrokerNodeId": "All", "VolumeSizeGB": size}]
        await aws.kafka.update_broker_storage(**where, TargetBrokerEBSVolumeInfo=volumes)
    elif new["InstanceType"] != shown["InstanceType"]:
        await aws.kafka.update_broker_type(**where, TargetInstanceType=new["InstanceType"])


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
    """A configuration has no tags: what tells a repeated creation from another one's is in its description."""
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


async def _changed_topic(aws: Aws, said: Mapping[str, Any]) -> Mapping[str, Any]:
    request = {key: value for key, value in said.items() if key != "ReplicationFactor"}
    return await aws.kafka.update_topic(**request)


async def _topic_ready(aws: Aws, made: Made, properties: Properties) -> bool:
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
            {*CHANGES, "ClusterName", "StorageMode", "Rebalancing", "CurrentVersion", "Tags"}
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
        replaces=frozenset({"ClusterArn", "TopicName", "ReplicationFactor"}),
        create=_topic,
        update=_update_topic,
        ready=_topic_ready,
        delete=_delete_topic,
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
