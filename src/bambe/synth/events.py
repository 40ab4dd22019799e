"""The project's Kafka cluster and its topics, and what tasks are told of them."""

from __future__ import annotations

import base64
from typing import Any

from bambe.project import Project
from bambe.project.events import Events
from bambe.synth.names import Names, imported, logical_topic

Resource = dict[str, Any]
PROTOCOLS = {"tls": "SSL", "plaintext": "PLAINTEXT", "scram": "SASL_SSL"}
PORTS = {"tls": 9094, "plaintext": 9092, "scram": 9096}
SERVERS, AUTHORITY = "bootstrap-servers", "ca"
SYSTEM = "system"
"""The value of KAFKA_CA where the certificates are of an authority that everybody trusts, as on AWS."""


def events_template(project: Project, wish: Events) -> dict[str, Any]:
    """The template of the stack `<project>-events`; parameters VpcId and SubnetIds."""
    names = Names(project.project)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{project.project}: its events (made by Bambe)",
        "Parameters": {
            "VpcId": {"Type": "AWS::EC2::VPC::Id"},
            "SubnetIds": {"Type": "List<AWS::EC2::Subnet::Id>"},
        },
        "Resources": {
            "BrokerSecurityGroup": _security_group(names, wish),
            "Configuration": _configuration(names, wish),
            "Cluster": _cluster(names, wish),
            **{f"Topic{logical_topic(name)}": _topic(wish, name) for name in sorted(wish.topics)},
        },
        "Outputs": {"Cluster": {"Value": {"Ref": "Cluster"}}},
    }


def parameter(names: Names, what: str) -> str:
    """The name of the parameter in which tasks find SERVERS or AUTHORITY."""
    return f"/{names.project}/kafka/{what}"


def variables(project: Project, service: str) -> dict[str, str]:
    """What a service's tasks are told of the cluster, as plain variables."""
    wish = project.services[service]
    if project.events is None or not wish.has_events:
        return {}
    said = {"KAFKA_SECURITY_PROTOCOL": PROTOCOLS[project.events.access]}
    return said | ({"KAFKA_GROUP": service} if wish.consumes else {})


def looked_up(project: Project, service: str) -> dict[str, str]:
    """More of it, in the form of bambe.yml's `secrets`: looked up when a task starts."""
    names, wish = Names(project.project), project.services[service]
    if project.events is None or not wish.has_events:
        return {}
    found = {"KAFKA_BOOTSTRAP_SERVERS": f"ssm:{parameter(names, SERVERS)}"}
    if project.events.access != "plaintext":
        found["KAFKA_CA"] = f"ssm:{parameter(names, AUTHORITY)}"
    return found


def _security_group(names: Names, wish: Events) -> Resource:
    ingress = {
        "IpProtocol": "tcp",
        "FromPort": PORTS[wish.access],
        "ToPort": PORTS[wish.access],
        "SourceSecurityGroupId": imported(names, "TaskSecurityGroup"),
    }
    properties = {
        "GroupDescription": f"{names.project}: tasks to brokers",
        "VpcId": {"Ref": "VpcId"},
        "SecurityGroupIngress": [ingress],
    }
    return {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}


def _configuration(names: Names, wish: Events) -> Resource:
    said = {"auto.create.topics.enable": "false", **wish.settings}
    # Without KafkaVersionsList: another version would be another configuration, of the same name.
    properties = {
        "Name": names.kafka,
        "ServerProperties": "".join(f"{key}={said[key]}\n" for key in sorted(said)),
    }
    return {"Type": "AWS::MSK::Configuration", "Properties": properties}


def _cluster(names: Names, wish: Events) -> Resource:
    configuration = {
        "Arn": {"Fn::GetAtt": ["Configuration", "Arn"]},
        "Revision": {"Fn::GetAtt": ["Configuration", "LatestRevision.Revision"]},
    }
    in_transit = {"ClientBroker": "PLAINTEXT" if wish.access == "plaintext" else "TLS", "InCluster": True}
    properties = {
        "ClusterName": names.kafka,
        "KafkaVersion": wish.kafka,
        "NumberOfBrokerNodes": wish.brokers,
        "BrokerNodeGroupInfo": {
            "InstanceType": wish.instance,
            "ClientSubnets": [
                {"Fn::Select": [number, {"Ref": "SubnetIds"}]} for number in range(wish.brokers)
            ],
            "SecurityGroups": [{"Fn::GetAtt": ["BrokerSecurityGroup", "GroupId"]}],
            "StorageInfo": {"EBSStorageInfo": {"VolumeSize": wish.storage}},
        },
        "ConfigurationInfo": configuration,
        "EncryptionInfo": {"EncryptionInTransit": in_transit},
        "ClientAuthentication": {
            "Unauthenticated": {"Enabled": wish.access != "scram"},
            "Sasl": {"Scram": {"Enabled": wish.access == "scram"}},
        },
    }
    return {"Type": "AWS::MSK::Cluster", "Properties": properties}


def _topic(wish: Events, name: str) -> Resource:
    said = wish.topics[name]
    lines = "".join(f"{key}={value}\n" for key, value in sorted(said.configs.items()))
    properties = {
        "ClusterArn": {"Ref": "Cluster"},
        "TopicName": name,
        "PartitionCount": said.partitions,
        "ReplicationFactor": wish.replication_of(name),
        "Configs": base64.b64encode(lines.encode()).decode(),
    }
    return {"Type": "AWS::MSK::Topic", "DeletionPolicy": "Retain", "Properties": properties}
