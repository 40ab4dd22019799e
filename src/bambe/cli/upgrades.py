"""Whether the Kafka cluster that is there can become one of another version; pure."""

from __future__ import annotations

from bambe.engines.brokers import versions
from bambe.engines.brokers.versions import KafkaVersion

KRAFT = ".kraft"
"""How MSK's names of versions end that keep their metadata in KRaft, and not in ZooKeeper."""
UP = "versions of Kafka only go up"


def why_not(now: str, wanted: str, on_aws: bool = False) -> str:
    """Why a cluster of the version `now` cannot be upgraded to `wanted` (both as MSK names them), with what
    to do, as half a sentence; "" where it can, and of versions that nobody knows.

    MSK: versions only go up, and no upgrade leads from ZooKeeper to KRaft. What runs here for MSK's 3.9.x is
    on KRaft.
    """
    has, wish = versions.find(now), versions.find(wanted)
    if now == wanted or has is None or wish is None:
        return ""
    because = _on_aws(has, wish) if on_aws else _here(has, wish)
    if not because:
        return ""
    return (
        f"a cluster with Kafka version {now} cannot be upgraded to {wanted}, since {because}:"
        f" write `kafka: {now}`, or begin anew with `bambe down` and `bambe up`, without its events"
    )


def _here(has: KafkaVersion, wish: KafkaVersion) -> str:
    if not (has.apache and wish.apache) or wish in versions.upgrades(has.name):
        return ""
    if versions.numbers(wish.apache) < versions.numbers(has.apache):
        return UP
    if versions.on_zookeeper(has.apache):
        return f"here {wish.name} runs on KRaft, and no upgrade leads there from ZooKeeper"
    return "a cluster cannot change in place between ZooKeeper and KRaft"


def _on_aws(has: KafkaVersion, wish: KafkaVersion) -> str:
    if wish.released < has.released:
        return UP
    if has.name.endswith(KRAFT) != wish.name.endswith(KRAFT):
        return "a cluster cannot change in place between ZooKeeper and KRaft"
    return ""
