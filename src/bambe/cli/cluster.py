"""The project's Kafka cluster: through the AWS API, and as a client of the brokers."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from bambe.cli.account import Account
from bambe.cli.stacks import Stacks
from bambe.cli.target import Target
from bambe.cli.topics import Change, LiveTopic, changes
from bambe.cli.trouble import Trouble
from bambe.cli.upgrades import why_not
from bambe.project.events import Events
from bambe.synth.events import AUTHORITY, MECHANISM, PROTOCOLS, SERVERS, STRINGS, SYSTEM, parameter
from bambe.synth.users import CLI

FROM_HERE = {"tls": "BootstrapBrokerStringPublicTls", "scram": "BootstrapBrokerStringPublicSaslScram"}
PLAINTEXT_FROM_HERE = 19092
"""AWS has no public listener in plain text; Bambe's brokers have one for this machine."""
AUTHORITIES = "/bambe/kafka/{}/ca"
"""The parameter in which Bambe keeps a cluster's certificate authority; on AWS there is none."""


@dataclass(slots=True)
class Cluster:
    """The Kafka cluster of `target`'s project, which has `events`."""

    target: Target
    wish: Events
    arn: str

    def tell_tasks(self) -> bool:
        """Write down where tasks find the brokers; whether that has changed."""
        said = {
            SERVERS[self.wish.access]: self._brokers()[STRINGS[self.wish.access]],
            AUTHORITY: self.authority() or SYSTEM,
        }
        return any([self._put(parameter(self.target.names, what), value) for what, value in said.items()])

    def authority(self) -> str:
        """The certificate (PEM) of the brokers' authority; "" where everybody knows it, as on AWS."""
        return self._parameter(AUTHORITIES.format(self.target.names.kafka))

    def topics(self) -> dict[str, LiveTopic]:
        """The topics that are there, but Kafka's own."""
        kafka = self.target.client("kafka")
        found: dict[str, LiveTopic] = {}
        token: dict[str, str] = {}
        while True:
            answer = kafka.list_topics(ClusterArn=self.arn, **token)
            for one in answer.get("Topics", ()):
                if not one["TopicName"].startswith("__"):
                    found[one["TopicName"]] = self._topic(one["TopicName"])
            if not answer.get("NextToken"):
                return found
            token = {"NextToken": answer["NextToken"]}

    def why_not(self) -> str:
        """Why it cannot become one of the version that bambe.yml says; "" where it can, or is not ours."""
        if self.target.project.existing.kafka:
            return ""
        now = str(self._software().get("KafkaVersion", ""))
        return why_not(now, self.wish.kafka, isinstance(self.target.place, Account))

    def changes(self, stacks: Stacks) -> tuple[Change, ...]:
        """What bambe.yml changes in its topics; `stacks` know which of them are the project's."""
        names = stacks.named(self.target.names.events_stack, "AWS::MSK::Topic", "TopicName")
        ours = {one: self.deletion(one) for one in names}
        return changes(self.wish, self.topics(), self.brokers_settings(), ours)

    def deletion(self, topic: str) -> str:
        """The command that deletes a topic."""
        return f"bambe aws kafka delete-topic --cluster-arn {self.arn} --topic-name {topic}"

    def brokers_settings(self) -> dict[str, str]:
        """What the cluster's configuration says of its brokers."""
        software = self._software()
        if not software.get("ConfigurationArn"):
            return {}
        revision = self.target.client("kafka").describe_configuration_revision(
            Arn=software["ConfigurationArn"], Revision=software["ConfigurationRevision"]
        )
        return _read(bytes(revision["ServerProperties"]).decode())

    def settings(self) -> dict[str, Any]:
        """What a client on this machine has to know (librdkafka's names)."""
        access, brokers = self.wish.access, self._brokers()
        if access == "plaintext":
            return {"bootstrap.servers": self._plaintext(brokers), "security.protocol": "PLAINTEXT"}
        servers = brokers.get(FROM_HERE[access]) or brokers[STRINGS[access]]
        authority = self.authority()
        trust = {"ssl.ca.pem": authority} if authority else {}
        who = self._credential() if access == "scram" else {}
        return {"bootstrap.servers": servers, "security.protocol": PROTOCOLS[access], **trust, **who}

    def _credential(self) -> dict[str, str]:
        """The command line's own user. No service's is borrowed: who may read its secret is said apart, and
        brokers tell a person from a service."""
        name = self.target.names.kafka_secret(CLI)
        try:
            value = self.target.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise Trouble(f"there is no secret {name} to come to the brokers with: run `bambe up`.") from None
        said = json.loads(value)
        return {
            "sasl.mechanism": MECHANISM,
            "sasl.username": said["username"],
            "sasl.password": said["password"],
        }

    def _plaintext(self, brokers: dict[str, str]) -> str:
        nodes = self.target.client("kafka").list_nodes(ClusterArn=self.arn)["NodeInfoList"]
        addresses = [one["BrokerNodeInfo"]["ClientVpcIpAddress"] for one in nodes if "BrokerNodeInfo" in one]
        here = [f"{address}:{PLAINTEXT_FROM_HERE}" for address in addresses]
        return ",".join(here) or brokers[STRINGS["plaintext"]]

    def _brokers(self) -> dict[str, str]:
        found = self.target.client("kafka").get_bootstrap_brokers(ClusterArn=self.arn)
        if not found.get(STRINGS[self.wish.access]):
            raise Trouble(
                f"the Kafka cluster {self.target.names.kafka} has no brokers for `access: {self.wish.access}`"
                " yet: run `bambe up`."
            )
        return dict(found)

    def _software(self) -> dict[str, Any]:
        shown = self.target.client("kafka").describe_cluster_v2(ClusterArn=self.arn)["ClusterInfo"]
        return dict((shown.get("Provisioned") or {}).get("CurrentBrokerSoftwareInfo") or {})

    def _topic(self, name: str) -> LiveTopic:
        one = self.target.client("kafka").describe_topic(ClusterArn=self.arn, TopicName=name)
        configs = _read(base64.b64decode(one.get("Configs", "")).decode())
        return LiveTopic(one["PartitionCount"], one["ReplicationFactor"], configs)

    def _parameter(self, name: str) -> str:
        try:
            return str(self.target.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise
            return ""

    def _put(self, name: str, value: str) -> bool:
        if self._parameter(name) == value:
            return False
        self.target.client("ssm").put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
        return True


def _read(text: str) -> dict[str, str]:
    """Lines of name=value, as MSK tells settings."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def cluster_of(target: Target) -> Cluster:
    """The project's cluster; Trouble where bambe.yml has no `events`, or there is no cluster yet."""
    if target.project.events is None:
        raise Trouble("bambe.yml has no `events`: name a topic there, and run `bambe up`.")
    found = find_cluster(target)
    if found is None:
        raise Trouble("there is no Kafka cluster yet: run `bambe up`.")
    return found


def find_cluster(target: Target) -> Cluster | None:
    """The project's cluster, or None."""
    wish, name = target.project.events, target.names.kafka
    listed = target.client("kafka").list_clusters_v2(ClusterNameFilter=name)["ClusterInfoList"]
    arns = [one["ClusterArn"] for one in listed if one["ClusterName"] == name and one["State"] != "DELETING"]
    return Cluster(target, wish, str(arns[0])) if wish and arns else None
