"""Whether the Kafka cluster that is there can become one of another version; pure."""

from __future__ import annotations

from bambe.engines.brokers import versions


def why_not(now: str, wanted: str) -> str:
    """Why a cluster of the version `now` cannot be upgraded to `wanted` (both as MSK names them), one
    sentence; "" where it can, and of versions that do not run here.

    MSK: versions only go up, and no upgrade leads from ZooKeeper to KRaft.
    """
    offered = {one.name: one for one in versions.offered()}
    has, wish = offered.get(now), offered.get(wanted)
    if now == wanted or has is None or wish is None or wish in versions.upgrades(now):
        return ""
    if versions.numbers(wish.apache) < versions.numbers(has.apache):
        because = "versions of Kafka only go up"
    elif versions.on_zookeeper(has.apache):
        because = f"here {wanted} runs on KRaft, and no upgrade leads there from ZooKeeper"
    else:
        because = "a cluster cannot change in place between ZooKeeper and KRaft"
    return (
        f"a cluster with Kafka version {now} cannot be upgraded to {wanted}, since {because}:"
        f" write `kafka: {now}`, or begin anew with `bambe down` and `bambe up`, without its events."
    )
