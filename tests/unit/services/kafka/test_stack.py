"""What CloudFormation says when Kafka will not do what a template wants."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.unit.services.kafka.conftest import Town

CLUSTER = {
    "Type": "AWS::MSK::Cluster",
    "Properties": {
        "ClusterName": "shop",
        "KafkaVersion": "3.9.x",
        "NumberOfBrokerNodes": 1,
        "BrokerNodeGroupInfo": {"InstanceType": "kafka.t3.small", "ClientSubnets": ["subnet-1"]},
        "ConfigurationInfo": {
            "Arn": {"Fn::GetAtt": ["Configuration", "Arn"]},
            "Revision": {"Fn::GetAtt": ["Configuration", "LatestRevision.Revision"]},
        },
    },
}


def template(hours: int, **topics: str) -> str:
    properties = {"Name": "shop", "ServerProperties": f"log.retention.hours={hours}\n"}
    resources: dict[str, Any] = {
        "Configuration": {"Type": "AWS::MSK::Configuration", "Properties": properties},
        "Cluster": CLUSTER,
    }
    for name, configs in topics.items():
        encoded = base64.b64encode(configs.encode()).decode()
        said = {"TopicName": name, "PartitionCount": 1, "ReplicationFactor": 1, "Configs": encoded}
        resources[name] = {
            "Type": "AWS::MSK::Topic",
            "Properties": {"ClusterArn": {"Ref": "Cluster"}, **said},
        }
    return json.dumps({"Resources": resources})


async def status(town: Town) -> str:
    found = await town.house.aws.cloudformation.describe_stacks(StackName="events")
    return str(found["Stacks"][0]["StackStatus"])


async def reasons(town: Town) -> list[str]:
    """Why resources failed, oldest first."""
    found = await town.house.aws.cloudformation.describe_stack_events(StackName="events")
    failed = [one for one in found["StackEvents"] if one["ResourceStatus"].endswith("_FAILED")]
    return [one["ResourceStatusReason"] for one in failed[::-1]]


async def test_a_configuration_with_which_brokers_do_not_come_up_is_rolled_back(town: Town) -> None:
    stacks = town.house.aws.cloudformation
    await stacks.create_stack(StackName="events", TemplateBody=template(9))
    await town.house.advance(30, 0.5)
    assert await status(town) == "CREATE_COMPLETE"
    await stacks.update_stack(StackName="events", TemplateBody=template(0))
    town.house.brokers.down = {1}
    await town.house.advance(620, 2)
    town.house.brokers.down = set()
    await town.house.advance(60, 0.5)
    assert await status(town) == "UPDATE_ROLLBACK_COMPLETE"
    assert "The brokers do not come up: 1 of 1 not in the cluster." in (await reasons(town))[0]
    await stacks.update_stack(StackName="events", TemplateBody=template(8))
    await town.house.advance(60, 0.5)
    assert await status(town) == "UPDATE_COMPLETE", "an older failure is no reason"


async def test_a_topic_that_kafka_refuses_fails_with_its_words(town: Town) -> None:
    stacks = town.house.aws.cloudformation
    town.house.brokers.refuses["odd"] = "Unknown topic config name: odd"
    await stacks.create_stack(StackName="events", TemplateBody=template(9, orders="retention.ms=60000\n"))
    await town.house.advance(30, 0.5)
    await stacks.update_stack(StackName="events", TemplateBody=template(9, odd="odd=1\n"))
    await town.house.advance(60, 0.5)
    assert await status(town) == "UPDATE_ROLLBACK_COMPLETE"
    assert "The topic odd cannot be created: Unknown topic config name: odd" in (await reasons(town))[0]
