"""Whether a cluster can be as asked: version, size, how clients come in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bambe.engines.brokers import versions
from bambe.services.kafka.errors import BadRequestException
from bambe.services.kafka.model import Access

MOST_BROKERS = 3
CLUSTER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
SIZES = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
INSTANCES = (
    "kafka.t3.small",
    *(f"kafka.m5.{size}" for size in (*SIZES, "24xlarge")),
    *(f"kafka.m7g.{size}" for size in SIZES),
    *(f"express.m7g.{size}" for size in SIZES),
)
"""MSK: Amazon MSK broker sizes."""
LARGEST = 16384
"""GiB a broker (MSK quotas)."""


def name(said: str) -> str:
    """A cluster's name."""
    if not CLUSTER_NAME.fullmatch(said):
        raise BadRequestException(
            "The cluster name must have 1 to 64 letters, digits and hyphens, and not begin with a hyphen.",
            "clusterName",
        )
    return said


def version(said: str) -> versions.KafkaVersion:
    """A version that runs here."""
    found = versions.find(said)
    if found is None or not found.apache:
        known = ", ".join(one.name for one in versions.offered())
        raise BadRequestException(
            f"Unsupported KafkaVersion [{said}]. Valid values: [{known}]", "kafkaVersion"
        )
    return found


def brokers(number: int) -> int:
    """How many brokers one machine runs."""
    if not 1 <= number <= MOST_BROKERS:
        raise BadRequestException(
            f"Bambe runs 1 to {MOST_BROKERS} brokers on one machine, not {number}.", "numberOfBrokerNodes"
        )
    return number


def nodes(said: Mapping[str, Any]) -> None:
    """BrokerNodeGroupInfo."""
    if not said.get("ClientSubnets"):
        raise BadRequestException("At least one client subnet is needed.", "clientSubnets")
    instance(said["InstanceType"])
    size = ((said.get("StorageInfo") or {}).get("EbsStorageInfo") or {}).get("VolumeSize", 1)
    if not 1 <= size <= LARGEST:
        raise BadRequestException(f"The volume size must be between 1 and {LARGEST} GiB.", "volumeSize")


def instance(said: str) -> str:
    """The size of a broker: recorded, but one that there is."""
    if said not in INSTANCES:
        raise BadRequestException(
            f"Unsupported InstanceType [{said}]. Valid values: [{', '.join(INSTANCES)}]", "instanceType"
        )
    return said


def access(spec: Mapping[str, Any]) -> None:
    """ClientAuthentication and EncryptionInfo go together, and Bambe can do it."""
    said = spec.get("ClientAuthentication") or {}
    sasl = said.get("Sasl") or {}
    if (sasl.get("Iam") or {}).get("Enabled"):
        raise BadRequestException(
            "Bambe's brokers know no IAM: switch on Scram, or let clients in unauthenticated.",
            "clientAuthentication",
        )
    if (said.get("Tls") or {}).get("Enabled"):
        raise BadRequestException(
            "Bambe's brokers ask clients for no certificates: switch on Scram instead.",
            "clientAuthentication",
        )
    found = Access.of(spec)
    if found.scram and found.client_broker == "PLAINTEXT":
        raise BadRequestException("SASL/SCRAM needs TLS between clients and brokers.", "clientBroker")
    if not found.scram and not found.anybody:
        raise BadRequestException(
            "At least one way for clients to come in must be on.", "clientAuthentication"
        )
    transit = (spec.get("EncryptionInfo") or {}).get("EncryptionInTransit") or {}
    if transit.get("InCluster") is False:
        raise BadRequestException("Bambe's brokers always speak TLS to each other.", "inCluster")
