"""The project's Kafka cluster and its topics, and what tasks are told of them."""

from __future__ import annotations

import base64
from collections.abc import Collection
from typing import Any

from bambe.project import Project, Release
from bambe.project.events import Events
from bambe.synth import users
from bambe.synth.logs import log_group
from bambe.synth.names import Names, imported, logical_topic

Resource = dict[str, Any]
PROTOCOLS = {"tls": "SSL", "plaintext": "PLAINTEXT", "scram": "SASL_SSL"}
PORTS = {"tls": 9094, "plaintext": 9092, "scram": 9096}
MECHANISM = "SCRAM-SHA-512"
"""MSK's only one."""
SERVERS = {
    "tls": "bootstrap-servers",
    "plaintext": "bootstrap-servers-plaintext",
    "scram": "bootstrap-servers-scram",
}
"""By access, so that a task of before a change of it finds its own brokers when it starts again."""
STRINGS = {
    "plaintext": "BootstrapBrokerString",
    "tls": "BootstrapBrokerStringTls",
    "scram": "BootstrapBrokerStringSaslScram",
}
"""Members of GetBootstrapBrokers by `events.access`: addresses for tasks."""
AUTHORITY = "ca"
SYSTEM = "system"
"""The value of KAFKA_CA where the certificates are of an authority that everybody trusts, as on AWS."""


def events_template(project: Project, wish: Events, also: Collection[str] = ()) -> dict[str, Any]:
    """The template of the stack `<project>-events`; parameters VpcId and SubnetIds
    (none where the Kafka cluster is there already).

    `also` are accesses that stay open beside the one that is wanted, for tasks that run and use them.
    """
    names, ways = Names.of(project), frozenset({wish.access, *also})
    there = project.existing.kafka
    cluster = there or {"Ref": "Cluster"}
    inside = {
        "VpcId": {"Type": "AWS::EC2::VPC::Id"},
        "SubnetIds": {"Type": "List<AWS::EC2::Subnet::Id>"},
    }
    resources = {
        **(_let_in(project, names, ways) if there else _own_cluster(project, names, wish, ways)),
        **(users.users(project, names, cluster) if "scram" in ways else {}),
        **{f"Topic{logical_topic(name)}": _topic(wish, name, cluster) for name in sorted(wish.topics)},
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{project.project}: its events (made by Bambe)",
        **({} if there else {"Parameters": inside}),
        "Resources": resources,
        "Outputs": {"Cluster": {"Value": cluster}},
    }


def parameter(names: Names, what: str) -> str:
    """The name of the parameter in which tasks find one of SERVERS or AUTHORITY."""
    return f"/{names.project}/kafka/{what}"


def parameters(project: Project) -> list[str]:
    """Every parameter of which tasks may learn of the brokers."""
    names = Names.of(project)
    return [parameter(names, what) for what in (*SERVERS.values(), AUTHORITY)] if project.events else []


def variables(project: Project, service: str) -> dict[str, str]:
    """What a service's tasks are told of the cluster, as plain variables."""
    wish = project.services[service]
    if project.events is None or not wish.has_events:
        return {}
    said = {"KAFKA_SECURITY_PROTOCOL": PROTOCOLS[project.events.access]}
    if project.events.access == "scram":
        said["KAFKA_SASL_MECHANISM"] = MECHANISM
    if wish.consumes:
        said |= {"KAFKA_GROUP": service, "KAFKA_CONSUMES": ",".join(wish.consumes)}
    if project.steers_events(service):
        said |= _steered(project.release_of(service))
    return said


def _steered(release: Release) -> dict[str, str]:
    """What the consumers of a new version go by during a release."""
    said = {"KAFKA_EVENTS": str(release.events)}
    if release.events == "canary":
        said |= {"KAFKA_PERCENT": str(release.percent), "KAFKA_ON_ROLLBACK": release.on_rollback}
    return said


def looked_up(project: Project, service: str) -> dict[str, str]:
    """More of it, in the form of bambe.yml's `secrets`: looked up when a task starts."""
    names, wish = Names.of(project), project.services[service]
    if project.events is None or not wish.has_events:
        return {}
    found = {"KAFKA_BOOTSTRAP_SERVERS": f"ssm:{parameter(names, SERVERS[project.events.access])}"}
    if project.events.access != "plaintext":
        found["KAFKA_CA"] = f"ssm:{parameter(names, AUTHORITY)}"
    return found | (users.sources(names, service) if project.events.access == "scram" else {})


def _own_cluster(project: Project, names: Names, wish: Events, ways: frozenset[str]) -> dict[str, Resource]:
    return {
        "BrokerSecurityGroup": _security_group(names, ways),
        "Configuration": _configuration(names, wish),
        "BrokerLogGroup": log_group(project, names.broker_log_group),
        "Cluster": _cluster(names, wish, ways),
    }


def _security_group(names: Names, ways: frozenset[str]) -> Resource:
    properties = {
        "GroupDescription": f"{names.project}: tasks to brokers",
        "VpcId": {"Ref": "VpcId"},
        "SecurityGroupIngress": [_from_tasks(names, way) for way in sorted(ways)],
    }
    return {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}


def _let_in(project: Project, names: Names, ways: frozenset[str]) -> dict[str, Resource]:
    """Tasks come in to brokers that are there already."""
    group = {"GroupId": project.existing.kafka_security_group}
    return {
        f"Tasks{way.capitalize()}": {
            "Type": "AWS::EC2::SecurityGroupIngress",
            "Properties": {**group, **_from_tasks(names, way)},
        }
        for way in sorted(ways)
    }


def _from_tasks(names: Names, way: str) -> Resource:
    return {
        "Description": f"tasks of {names.project}, {way}",
        "IpProtocol": "tcp",
        "FromPort": PORTS[way],
        "ToPort": PORTS[way],
        "SourceSecurityGroupId": imported(names, "TaskSecurityGroup"),
    }


def _configuration(names: Names, wish: Events) -> Resource:
    said = {"auto.create.topics.enable": "false", **wish.settings}
    # Without KafkaVersionsList: another version would be another configuration, of the same name.
    properties = {
        "Name": names.kafka,
        "ServerProperties": "".join(f"{key}={said[key]}\n" for key in sorted(said)),
    }
    return {"Type": "AWS::MSK::Configuration", "Properties": properties}


def _cluster(names: Names, wish: Events, ways: frozenset[str]) -> Resource:
    configuration = {
        "Arn": {"Fn::GetAtt": ["Configuration", "Arn"]},
        "Revision": {"Fn::GetAtt": ["Configuration", "LatestRevision.Revision"]},
    }
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
        "LoggingInfo": {
            "BrokerLogs": {"CloudWatchLogs": {"Enabled": True, "LogGroup": {"Ref": "BrokerLogGroup"}}}
        },
        "EncryptionInfo": {"EncryptionInTransit": {"ClientBroker": _client_broker(ways), "InCluster": True}},
        "ClientAuthentication": {
            "Unauthenticated": {"Enabled": bool(ways - {"scram"})},
            "Sasl": {"Scram": {"Enabled": "scram" in ways}},
        },
    }
    return {"Type": "AWS::MSK::Cluster", "Properties": properties}


def _client_broker(ways: frozenset[str]) -> str:
    if "plaintext" not in ways:
        return "TLS"
    return "PLAINTEXT" if ways == {"plaintext"} else "TLS_PLAINTEXT"


def _topic(wish: Events, name: str, cluster: Any) -> Resource:
    said = wish.topics[name]
    lines = "".join(f"{key}={value}\n" for key, value in sorted(said.configs.items()))
    properties = {
        "ClusterArn": cluster,
        "TopicName": name,
        "PartitionCount": said.partitions,
        "ReplicationFactor": wish.replication_of(name),
        "Configs": base64.b64encode(lines.encode()).decode(),
    }
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    return {"Type": "AWS::MSK::Topic", **kept, "Properties": properties}
