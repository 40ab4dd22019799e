"""The shop's events, over releases and deaths of all who handle them: none is lost, none handled twice."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import install
from tests.e2e.platform import Bambe, wait_for
from tests.support.events import Event, Writer, by_key, read

TOPIC = "keys"
"""One of our own, which no service reads."""


@pytest.fixture(scope="module")
def bambe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bambe]:
    made = install(tmp_path_factory.mktemp("events"), events=True)
    try:
        made.up()
        yield made
    finally:
        made.end()


def told(bambe: Bambe) -> dict[str, int]:
    """How often customers were told of each order, as the notifier says through the gateway."""
    url = json.loads(bambe.cli("status", "--json").stdout)["url"]
    context = ssl.create_default_context(cafile=str(bambe.state / "ca" / "ca.pem"))
    try:
        with urllib.request.urlopen(f"{url}/told", context=context, timeout=10) as answer:
            body = json.load(answer)["body"]
    except urllib.error.HTTPError:  # the notifier is just begun anew
        return {}
    return dict.fromkeys(body["once"], 1) | dict(body["more"])


def kill(container: str) -> None:
    """kill -9, as the machine would lose it."""
    subprocess.run(["docker", "kill", "--signal", "KILL", container], capture_output=True, check=True)


def a_broker(bambe: Bambe) -> str:
    instance = json.loads((bambe.state / "daemon.json").read_text())["instance"]
    filters = ("--filter", f"label=bambe={instance}", "--filter", "name=-kafka")
    listed = subprocess.run(["docker", "ps", "-q", *filters], capture_output=True, text=True, check=True)
    return listed.stdout.split()[0]


def a_notifier(bambe: Bambe) -> str:
    ecs = bambe.client("ecs")
    arns = ecs.list_tasks(cluster="shop", serviceName="notifier")["taskArns"]
    (task, *_) = ecs.describe_tasks(cluster="shop", tasks=arns)["tasks"]
    return str(task["containers"][0]["runtimeId"])


def released(bambe: Bambe, service: str, revision: int) -> bool:
    look = bambe.look(service)
    definitions = [one["task_definition"] for one in look["versions"]]
    return bool(definitions == [f"shop-{service}:{revision}"] and look["steady"])


def test_no_event_is_lost_or_handled_twice(bambe: Bambe) -> None:
    traffic = bambe.traffic(rate=60)
    traffic.start()
    bambe.shop.edit("services/notifier/app.py", 'VERSION = "1"', 'VERSION = "2"')
    bambe.shop.release_orders("2")
    bambe.push()
    wait_for(lambda: released(bambe, "notifier", 2), "the notifier is updated in place", 180)
    kill(a_broker(bambe))
    wait_for(lambda: released(bambe, "orders", 2), "orders is released", 180)
    consumer = a_notifier(bambe)
    with bambe.dead():
        kill(consumer)
    answers = traffic.stop()
    accepted = {one.order for one in answers if one.order and not one.failed}
    assert len(accepted) > 500
    wait_for(lambda: accepted <= told(bambe).keys(), "every order is told", 90)
    assert {times for times in told(bambe).values()} == {1}


def test_topics_lag_and_events_can_be_looked_at(bambe: Bambe) -> None:
    topics: dict[str, Any] = {
        one["topic"]: one for one in json.loads(bambe.cli("events", "topics", "--json").stdout)
    }
    assert topics["orders.created"]["producers"] == ["orders"]
    assert topics["orders.created"]["consumers"] == ["notifier"]
    assert (
        "written, the last one at"
        in bambe.cli("events", "produce", "orders.created", "{}", "--key", "k").stdout
    )
    shown = bambe.cli("events", "tail", "orders.created", "--from-beginning", "--no-follow", "--json").stdout
    events = [json.loads(line) for line in shown.splitlines()]
    assert ("k", "{}") in {(one["key"], one["value"]) for one in events}
    dead = ("events", "tail", "orders.dead", "--from-beginning", "-n", "1", "--json")
    assert json.loads(bambe.cli(*dead).stdout)["key"] == "k", "what nobody can handle holds nobody up"
    (lag,) = json.loads(bambe.cli("events", "lag", "--json").stdout)
    assert (lag["group"], lag["topic"], lag["version"]) == ("notifier", "orders.created", "shop-notifier:2")
    assert "there is no topic nothing" in bambe.cli("events", "tail", "nothing", check=False).stderr


def cluster(bambe: Bambe) -> str:
    (found,) = bambe.client("kafka").list_clusters_v2(ClusterNameFilter="shop")["ClusterInfoList"]
    return str(found["ClusterArn"])


def settings(bambe: Bambe) -> dict[str, str]:
    """How a client on this machine finds the brokers."""
    brokers = bambe.client("kafka").get_bootstrap_brokers(ClusterArn=cluster(bambe))
    authority = bambe.client("ssm").get_parameter(Name="/shop/kafka/ca")["Parameter"]["Value"]
    return {
        "bootstrap.servers": brokers["BootstrapBrokerStringPublicTls"],
        "security.protocol": "SSL",
        "ssl.ca.pem": authority,
    }


def in_order(bambe: Bambe, written: list[Event]) -> None:
    """All is there, once, the events of a key in the order they were written in."""
    there = read(settings(bambe), TOPIC, len(written))
    assert set(there) == set(written)
    for key, numbers in by_key(there).items():
        assert numbers == list(range(len(numbers))), f"{key}: lost, doubled or out of order"


@pytest.fixture(scope="module")
def written(bambe: Bambe) -> list[Event]:
    """Events of many keys, acknowledged while the daemon, and with it a broker, were killed."""
    wish = {"TopicName": TOPIC, "PartitionCount": 6, "ReplicationFactor": 1}
    bambe.client("kafka").create_topic(ClusterArn=cluster(bambe), **wish)
    wait_for(lambda: has_leaders(bambe), "the topic is there")
    writer = Writer(settings(bambe), TOPIC)
    writer.start()
    writer.more(100)
    with bambe.dead():
        writer.more(100)
        kill(a_broker(bambe))
    writer.more(100)
    return writer.stop()


def has_leaders(bambe: Bambe) -> bool:
    kafka = bambe.client("kafka")
    topic = kafka.describe_topic(ClusterArn=cluster(bambe), TopicName=TOPIC)
    if topic["Status"] != "ACTIVE":
        return False
    found = kafka.describe_topic_partitions(ClusterArn=cluster(bambe), TopicName=TOPIC)["Partitions"]
    return all(one.get("Leader") for one in found)


def test_the_daemon_and_a_broker_may_die_while_others_write(bambe: Bambe, written: list[Event]) -> None:
    in_order(bambe, written)


def test_a_new_version_of_kafka_has_the_data_and_is_switched_on(bambe: Bambe, written: list[Event]) -> None:
    assert levels(bambe)["metadata.version"].startswith("3.9-")
    bambe.shop.edit("bambe.yml", "kafka: 3.9.x", "kafka: 4.1.x.kraft")
    bambe.shop.commit("A newer Kafka")
    bambe.up()
    shown = bambe.client("kafka").describe_cluster(ClusterArn=cluster(bambe))["ClusterInfo"]
    assert (shown["State"], shown["CurrentBrokerSoftwareInfo"]["KafkaVersion"]) == ("ACTIVE", "4.1.x.kraft")
    assert levels(bambe)["metadata.version"].startswith("4.1-")
    in_order(bambe, written)
    before = told(bambe)
    traffic = bambe.traffic(rate=20)
    traffic.start()
    wait_for(lambda: len(told(bambe)) > len(before) + 20, "orders are told again", 60)
    traffic.stop()


def levels(bambe: Bambe) -> dict[str, str]:
    """What Kafka's own tool says of the cluster's features."""
    where = settings(bambe)["bootstrap.servers"]
    said = ("security.protocol=SSL", "ssl.truststore.location=/kafka-node/truststore.p12")
    file = "\n".join([*said, "ssl.truststore.password=changeit"])
    tool = "java -Xmx64m -cp '/opt/kafka/libs/*' org.apache.kafka.tools.FeatureCommand"
    script = f"echo '{file}' > /tmp/tls; {tool} --bootstrap-server {where} --command-config /tmp/tls describe"
    words = ["docker", "exec", a_broker(bambe), "sh", "-ec", script]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return dict(re.findall(r"Feature: (\S+)\s.*FinalizedVersionLevel: (\S+)", told))


def test_what_would_lose_events_is_said_and_refused(bambe: Bambe) -> None:
    line = "    orders.created: {partitions: 6, retention: 7d}"

    def up(topic: str, *options: str) -> str:
        bambe.shop.edit("bambe.yml", line, f"    orders.created: {topic}")
        bambe.shop.commit(f"orders.created: {topic}")
        done = bambe.cli("up", *options, check=False)
        bambe.shop.edit("bambe.yml", f"    orders.created: {topic}", line)
        bambe.shop.commit("as before")
        return done.stdout + done.stderr

    assert "Kafka cannot take any away" in up("{partitions: 3, retention: 7d}")
    assert "loses what is older than 1d" in up("{partitions: 6, retention: 1d}")
    assert "partitions 6 -> 8" in up("{partitions: 8, retention: 1d}", "--lose-events")
    (found,) = [
        one
        for one in json.loads(bambe.cli("events", "topics", "--json").stdout)
        if one["topic"] == "orders.created"
    ]
    assert (found["partitions"], found["kept"]) == (8, "1d")
