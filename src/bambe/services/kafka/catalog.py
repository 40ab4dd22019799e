"""What Kafka there is: versions, and ports of its listeners, as the engine has them."""

from bambe.engines.brokers.port import (
    HOST_SCRAM_PORT,
    HOST_TLS_PORT,
    PLAINTEXT_PORT,
    SCRAM_PORT,
    TLS_PORT,
)
from bambe.engines.brokers.versions import RECOMMENDED, VERSIONS, offered, upgrades

__all__ = [
    "HOST_SCRAM_PORT",
    "HOST_TLS_PORT",
    "PLAINTEXT_PORT",
    "RECOMMENDED",
    "SCRAM_PORT",
    "TLS_PORT",
    "VERSIONS",
    "offered",
    "upgrades",
]
