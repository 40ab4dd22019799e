"""A cluster whose access was changed past bambe.yml is what bambe.yml says after the next `bambe up`."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.cli.drifted import restore_access
from bambe.cli.trouble import Trouble
from bambe.project import Project
from bambe.synth import events_template


def template(access: str) -> dict[str, Any]:
    project = Project.model_validate(
        {
            "project": "shop",
            "services": {"web": {"path": "web", "port": 80, "route": "default"}},
            "events": {"access": access},
        }
    )
    assert project.events is not None
    return events_template(project, project.events)


class Kafka:
    """A cluster that somebody has changed; `stubborn` goes back from every change."""

    def __init__(self, changed: dict[str, Any], stubborn: bool = False, state: str = "ACTIVE") -> None:
        self.spec, self.stubborn, self.state = changed, stubborn, state
        self.asked: list[dict[str, Any]] = []

    def describe_cluster_v2(self, ClusterArn: str) -> Any:
        shown = {"ClusterName": "shop", "State": self.state, "CurrentVersion": "K1"}
        return {"ClusterInfo": {**shown, "Provisioned": self.spec}}

    def update_security(self, ClusterArn: str, CurrentVersion: str, **asked: Any) -> Any:
        self.asked.append(asked)
        self.spec = self.spec if self.stubborn else asked
        return {"ClusterOperationArn": "o"}

    def describe_cluster_operation(self, ClusterOperationArn: str) -> Any:
        return {"ClusterOperationInfo": {"ErrorInfo": {"ErrorString": "no space left."}}}


def shown(client_broker: str, anybody: bool, scram: bool) -> dict[str, Any]:
    return {
        "EncryptionInfo": {"EncryptionInTransit": {"ClientBroker": client_broker, "InCluster": True}},
        "ClientAuthentication": {
            "Unauthenticated": {"Enabled": anybody},
            "Sasl": {"Scram": {"Enabled": scram}},
        },
    }


@pytest.mark.parametrize(
    ("access", "there", "is_changed"),
    [
        ("tls", shown("PLAINTEXT", True, False), True),
        ("tls", shown("TLS", False, True), True),
        ("scram", shown("TLS", True, True), True),
        ("tls", shown("TLS", True, False), False),
        ("scram", shown("TLS", False, True), False),
    ],
)
def test_whoever_changed_it_the_brokers_let_in_whom_bambe_yml_says(
    access: str, there: dict[str, Any], is_changed: bool
) -> None:
    kafka, told = Kafka(there), list[str]()
    restore_access(kafka, "a", template(access), told.append)
    assert len(kafka.asked) == len(told) == is_changed
    restore_access(kafka, "a", template(access), told.append)
    assert len(kafka.asked) == len(told) == is_changed, "and then nothing is left to do"


def test_where_it_cannot_be_the_reason_is_said() -> None:
    with pytest.raises(Trouble, match=r"does not let clients in as bambe\.yml says: no space left\."):
        restore_access(Kafka(shown("PLAINTEXT", True, False), stubborn=True), "a", template("tls"), print)
    with pytest.raises(Trouble, match="the Kafka cluster shop is FAILED"):
        restore_access(Kafka({}, state="FAILED"), "a", template("tls"), print)
