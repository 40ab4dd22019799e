"""Clusters as clients see them, from their creation to their end, with fake brokers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.services.kafka.conftest import Town, refused


async def test_a_cluster_comes_up_and_its_brokers_can_be_found(town: Town) -> None:
    arn = await town.begin(KafkaVersion="2.6.1", NumberOfBrokerNodes=2)
    assert (await town.shown(arn))["State"] == "CREATING"
    code, _ = await refused(town.kafka.get_bootstrap_brokers(ClusterArn=arn))
    assert code == "BadRequestException"
    await town.house.advance(10, 0.5)
    assert (await town.shown(arn))["State"] == "ACTIVE"
    assert town.running() == dict.fromkeys("012", "bambe/kafka:2.6.1"), "ZooKeeper and two brokers"
    said = await town.kafka.get_bootstrap_brokers(ClusterArn=arn)
    names = [one.partition(":") for one in said["BootstrapBrokerStringTls"].split(",")]
    assert [name.partition(".")[0] for name, _, _ in names] == ["b-1", "b-2"]
    hosts = town.house.dns.zones.hosts
    nodes = (await town.kafka.list_nodes(ClusterArn=arn))["NodeInfoList"]
    for (name, _, port), node in zip(names, nodes, strict=True):
        assert (hosts[name], port) == ((node["BrokerNodeInfo"]["ClientVpcIpAddress"],), "9094")
    assert "BootstrapBrokerString" not in said, "in plain text only where it is asked for"
    authority = await town.house.aws.ssm.get_parameter(Name="/bambe/kafka/shop/ca")
    assert authority["Parameter"]["Value"].startswith("authority of")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"KafkaVersion": "0.8.2"}, "Unsupported KafkaVersion"),
        ({"NumberOfBrokerNodes": 4}, "1 to 3 brokers"),
        (
            {"BrokerNodeGroupInfo": {"InstanceType": "kafka.t9.huge", "ClientSubnets": ["subnet-1"]}},
            "Unsupported InstanceType [kafka.t9.huge]",
        ),
        ({"ClusterName": "-shop"}, "letters, digits and hyphens"),
        ({"ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}}}, "no IAM"),
        ({"ClientAuthentication": {"Tls": {"Enabled": True}}}, "no certificates"),
        ({"ClientAuthentication": {"Unauthenticated": {"Enabled": False}}}, "way for clients"),
        ({"ConfigurationInfo": {"Arn": "arn:x/y/z", "Revision": 1}}, "does not exist"),
    ],
)
async def test_what_cannot_be_is_refused_in_one_sentence(town: Town, wrong: Any, says: str) -> None:
    _, message = await refused(town.begin(**wrong))
    assert says in message
    assert (await town.kafka.list_clusters_v2())["ClusterInfoList"] == []


async def test_a_name_is_taken_once(town: Town) -> None:
    await town.begin()
    assert (await refused(town.begin()))[0] == "ConflictException"


async def test_brokers_begin_anew_one_at_a_time_and_only_while_all_replicas_are_there(town: Town) -> None:
    arn = await town.cluster(NumberOfBrokerNodes=3, KafkaVersion="4.1.x.kraft")
    await town.kafka.create_topic(ClusterArn=arn, TopicName="orders", PartitionCount=2, ReplicationFactor=3)
    await town.house.advance(6, 0.5)
    town.house.brokers.short = True
    begun = list(town.house.containers.started)
    await town.kafka.update_broker_type(**await town.version(arn), TargetInstanceType="kafka.m7g.large")
    await town.house.advance(10, 0.5)
    assert town.house.containers.started == begun, "a partition lacks a replica: nothing is stopped"
    assert (await town.shown(arn))["State"] == "UPDATING"
    town.house.brokers.short = False
    await town.house.advance(20, 0.5)
    assert (await town.shown(arn))["State"] == "ACTIVE"
    assert len(town.house.containers.stopped) == 3
    (done,) = (await town.kafka.list_cluster_operations(ClusterArn=arn))["ClusterOperationInfoList"]
    assert (done["OperationType"], done["OperationState"]) == ("UPDATE_BROKER_TYPE", "UPDATE_COMPLETE")


async def test_reboot_of_one_broker_leaves_the_others(town: Town) -> None:
    arn = await town.cluster(NumberOfBrokerNodes=2)
    await town.kafka.reboot_broker(ClusterArn=arn, BrokerIds=["2"])
    assert (await town.shown(arn))["State"] == "REBOOTING_BROKER"
    await town.house.advance(10, 0.5)
    assert (await town.shown(arn))["State"] == "ACTIVE"
    assert len(town.house.containers.stopped) == 1
    assert (await refused(town.kafka.reboot_broker(ClusterArn=arn, BrokerIds=["7"])))[
        0
    ] == "BadRequestException"


async def test_a_change_names_the_version_it_is_meant_for_and_waits_for_the_one_before(town: Town) -> None:
    arn = await town.cluster()
    stale = {"ClusterArn": arn, "CurrentVersion": "K0"}
    code, _ = await refused(town.kafka.update_broker_count(**stale, TargetNumberOfBrokerNodes=2))
    assert code == "BadRequestException"
    fresh = await town.version(arn)
    await town.kafka.update_broker_count(**fresh, TargetNumberOfBrokerNodes=2)
    _, message = await refused(town.kafka.update_broker_count(**fresh, TargetNumberOfBrokerNodes=3))
    assert "state is UPDATING" in message
    await town.house.advance(10, 0.5)
    assert len((await town.kafka.list_nodes(ClusterArn=arn))["NodeInfoList"]) == 2
    assert (await town.version(arn)) != fresh


async def test_a_new_version_is_there_when_the_cluster_has_switched_it_on(town: Town) -> None:
    arn = await town.cluster()
    (cluster,) = town.house.brokers.finalized
    assert town.house.brokers.finalized == {cluster: "3.9.2"}
    town.house.brokers.disagree = {cluster}
    await town.kafka.update_cluster_kafka_version(**await town.version(arn), TargetKafkaVersion="4.1.x.kraft")
    await town.house.advance(20, 0.5)
    assert town.running() == {"1": "bambe/kafka:4.1.2"}
    assert (await town.shown(arn))["State"] == "UPDATING"
    town.house.brokers.disagree.clear()
    await town.house.advance(60, 0.5)
    shown = await town.shown(arn)
    assert (shown["State"], shown["CurrentBrokerSoftwareInfo"]["KafkaVersion"]) == ("ACTIVE", "4.1.x.kraft")
    assert town.house.brokers.finalized == {cluster: "4.1.2"}


async def test_a_broker_that_ends_is_started_again_and_one_that_always_does_fails_the_cluster(
    town: Town,
) -> None:
    arn = await town.cluster()
    (task,) = town.house.containers.specs
    town.house.containers.exit(task, code=137, reason="killed")
    await town.house.advance(10, 0.5)
    assert (await town.shown(arn))["State"] == "ACTIVE"
    assert town.running() == {"1": "bambe/kafka:3.9.2"}
    bad = await town.begin(ClusterName="bad")
    town.house.brokers.down = {1}
    for _ in range(200):
        for one, spec in list(town.house.containers.specs.items()):
            if spec.labels["bambe.arn"] == bad:
                town.house.containers.exit(one, code=1, reason="no space left")
        await town.house.advance(2, 0.5)
    shown = await town.shown(bad)
    assert shown["State"] == "FAILED"
    assert "no space left" in shown["StateInfo"]["Message"]


async def test_a_deleted_cluster_leaves_nothing(town: Town) -> None:
    arn = await town.cluster(KafkaVersion="2.6.1")
    await town.kafka.create_topic(ClusterArn=arn, TopicName="orders", PartitionCount=1, ReplicationFactor=1)
    await town.kafka.delete_cluster(ClusterArn=arn)
    await town.house.advance(10, 0.5)
    assert (await refused(town.kafka.describe_cluster(ClusterArn=arn)))[0] == "NotFoundException"
    assert town.house.containers.specs == {}
    assert town.house.brokers.removed == [arn.rsplit("/", 1)[-1]]
    assert not [name for name in town.house.dns.zones.hosts if ".kafka." in name]


async def test_the_next_start_goes_on_wherever_the_daemon_died(town: Town) -> None:
    arn = await town.begin(NumberOfBrokerNodes=3)
    for _ in range(12):
        town.house.restart()
        await town.house.advance(1, 0.5)
    assert (await town.shown(arn))["State"] == "ACTIVE"
    assert sorted(town.running()) == ["1", "2", "3"]


async def test_a_serverless_cluster_is_one_broker(town: Town) -> None:
    answer = await town.kafka.create_cluster_v2(
        ClusterName="small", Serverless={"VpcConfigs": [{"SubnetIds": ["subnet-1"]}]}
    )
    await town.house.advance(10, 0.5)
    shown = (await town.kafka.describe_cluster_v2(ClusterArn=answer["ClusterArn"]))["ClusterInfo"]
    assert (shown["State"], shown["ClusterType"]) == ("ACTIVE", "SERVERLESS")
    assert list(town.running()) == ["1"]


async def configured(town: Town, arn: str, revision: int, text: bytes) -> str:
    """Have the cluster take this revision of the configuration `shop`; the operation's ARN."""
    if revision == 1:
        await town.kafka.create_configuration(Name="shop", ServerProperties=text)
    (made,) = (await town.kafka.list_configurations())["Configurations"]
    if revision > 1:
        await town.kafka.update_configuration(Arn=made["Arn"], ServerProperties=text)
    answer = await town.kafka.update_cluster_configuration(
        **await town.version(arn), ConfigurationInfo={"Arn": made["Arn"], "Revision": revision}
    )
    return str(answer["ClusterOperationArn"])


async def operation(town: Town, arn: str) -> dict[str, Any]:
    answer = await town.kafka.describe_cluster_operation(ClusterOperationArn=arn)
    return dict(answer["ClusterOperationInfo"])


async def ends(town: Town, arn: str, why: str) -> None:
    """Broker 1 ends whenever it is started, until what `arn` names is given up or has ended."""
    town.house.brokers.down = {1}
    known = await operation(town, arn)
    for _ in range(120):
        for task, spec in list(town.house.containers.specs.items()):
            if spec.labels["bambe.node"] == "1":
                town.house.containers.exit(task, code=1, reason=why)
        await town.house.advance(1, 0.5)
        if await operation(town, arn) != known:
            return
    raise AssertionError("it is tried for ever")


@pytest.mark.parametrize("number", [1, 3])
async def test_a_change_with_which_brokers_do_not_start_is_taken_back(town: Town, number: int) -> None:
    arn = await town.cluster(NumberOfBrokerNodes=number)
    good = await configured(town, arn, 1, b"log.retention.hours=9\n")
    await town.house.advance(30, 0.5)
    assert (await operation(town, good))["OperationState"] == "UPDATE_COMPLETE"
    before = {task: spec.labels["bambe.generation"] for task, spec in town.house.containers.specs.items()}
    bad = await configured(town, arn, 2, b"log.retention.hours=0\n")
    await ends(town, bad, "exit code 1")
    town.house.brokers.down = set()
    await town.house.advance(20, 0.5)
    shown = await operation(town, bad)
    assert shown["OperationState"] == "UPDATE_FAILED"
    assert "exit code 1" in shown["ErrorInfo"]["ErrorString"]
    assert "/aws/msk/shop" in shown["ErrorInfo"]["ErrorString"]
    second = await town.kafka.describe_cluster_operation_v2(ClusterOperationArn=bad)
    assert second["ClusterOperationInfo"]["ErrorInfo"] == shown["ErrorInfo"]
    (newest, *_) = (await town.kafka.list_cluster_operations(ClusterArn=arn))["ClusterOperationInfoList"]
    assert (newest["OperationArn"], newest["OperationState"]) == (bad, "UPDATE_FAILED")
    cluster = await town.shown(arn)
    assert cluster["State"] == "ACTIVE"
    assert cluster["CurrentBrokerSoftwareInfo"]["ConfigurationRevision"] == 1
    now = {task: spec.labels["bambe.generation"] for task, spec in town.house.containers.specs.items()}
    assert now == before, "the former configuration runs"
    again = await configured(town, arn, 3, b"log.retention.hours=8\n")
    await town.house.advance(30, 0.5)
    assert (await operation(town, again))["OperationState"] == "UPDATE_COMPLETE"


@pytest.mark.parametrize("number", [1, 3])
async def test_a_change_after_which_a_broker_does_not_come_up_is_taken_back(town: Town, number: int) -> None:
    arn = await town.cluster(NumberOfBrokerNodes=number)
    bad = await configured(town, arn, 1, b"log.retention.hours=9\n")
    town.house.brokers.down = {1}
    await town.house.advance(590, 2)
    assert (await operation(town, bad))["OperationState"] != "UPDATE_FAILED"
    await town.house.advance(20, 0.5)
    assert "1 of" in (await operation(town, bad))["ErrorInfo"]["ErrorString"]
    town.house.brokers.down = set()
    await town.house.advance(20, 0.5)
    assert (await operation(town, bad))["OperationState"] == "UPDATE_FAILED"
    shown = await town.shown(arn)
    assert (shown["State"], "ConfigurationArn" in shown["CurrentBrokerSoftwareInfo"]) == ("ACTIVE", False)


async def test_brokers_that_do_not_start_as_they_were_either_keep_nobody_from_changing_more(
    town: Town,
) -> None:
    arn = await town.cluster()
    bad = await configured(town, arn, 1, b"log.retention.hours=9\n")
    await ends(town, bad, "no space left")
    await ends(town, bad, "no space left")
    shown = await operation(town, bad)
    assert shown["OperationState"] == "UPDATE_FAILED"
    assert "Nor do they as they were" in shown["ErrorInfo"]["ErrorString"]
    assert (await town.shown(arn))["State"] == "ACTIVE"
    await town.house.advance(70, 0.5)
    assert list(town.running()) == ["1"], "they are tried again"
