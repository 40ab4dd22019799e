"""A Kafka cluster comes back: from settings with which no broker starts, and from a change past bambe.yml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import install
from tests.e2e.events.test_scram import OTHERS, VERSION
from tests.e2e.platform import Bambe, wait_for

BAD = f'{VERSION}  settings: {{num.io.threads: "0"}}\n'
PLAIN: dict[str, Any] = {
    "EncryptionInfo": {"EncryptionInTransit": {"ClientBroker": "PLAINTEXT", "InCluster": True}},
    "ClientAuthentication": {"Unauthenticated": {"Enabled": True}},
}


@pytest.fixture(scope="module")
def bambe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bambe]:
    made = install(tmp_path_factory.mktemp("back"), events=True)
    file = made.shop.root / "bambe.yml"
    file.write_text(OTHERS.sub("", file.read_text()))
    made.shop.commit("Only the notifier")
    try:
        made.up()
        yield made
    finally:
        made.end()


def cluster(bambe: Bambe) -> dict[str, Any]:
    (found,) = bambe.client("kafka").list_clusters_v2()["ClusterInfoList"]
    return dict(found)


def test_settings_with_which_no_broker_starts_are_taken_back(bambe: Bambe) -> None:
    before = cluster(bambe)["Provisioned"]["CurrentBrokerSoftwareInfo"]
    bambe.shop.edit("bambe.yml", VERSION, BAD)
    bambe.shop.commit("No threads")
    done = bambe.up(check=False)
    assert done.returncode
    assert "The brokers do not start" in done.stdout + done.stderr
    there = cluster(bambe)
    assert there["State"] == "ACTIVE"
    kafka = bambe.client("kafka")
    asked = kafka.list_cluster_operations(ClusterArn=there["ClusterArn"])["ClusterOperationInfoList"]
    failed = [one for one in asked if one["OperationState"] == "UPDATE_FAILED"]
    assert ["/aws/msk/shop" in one["ErrorInfo"]["ErrorString"] for one in failed] == [True]
    used = there["Provisioned"]["CurrentBrokerSoftwareInfo"]
    said = [
        kafka.describe_configuration_revision(
            Arn=one["ConfigurationArn"], Revision=one["ConfigurationRevision"]
        )["ServerProperties"]
        for one in (before, used)
    ]
    assert said[0] == said[1]
    bambe.cli("events", "produce", "orders.created", "all is well")
    bambe.shop.edit("bambe.yml", BAD, VERSION)
    bambe.shop.commit("Threads again")
    bambe.up()


def test_access_that_somebody_changed_is_what_bambe_yml_says_after_the_next_up(bambe: Bambe) -> None:
    there = cluster(bambe)
    kafka = bambe.client("kafka")
    kafka.update_security(ClusterArn=there["ClusterArn"], CurrentVersion=there["CurrentVersion"], **PLAIN)
    wait_for(lambda: cluster(bambe)["State"] == "ACTIVE", "the change is made", 120)
    assert "BootstrapBrokerStringTls" not in kafka.get_bootstrap_brokers(ClusterArn=there["ClusterArn"])
    assert "somebody changed how clients come to the brokers" in bambe.up().stdout
    assert "BootstrapBrokerStringTls" in kafka.get_bootstrap_brokers(ClusterArn=there["ClusterArn"])
    bambe.cli("events", "topics")
