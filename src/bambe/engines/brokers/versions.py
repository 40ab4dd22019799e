"""The Kafka versions Amazon MSK names, until when it supports them, and what Bambe runs for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class KafkaVersion:
    """A version as MSK names it.

    `apache` is the release Bambe runs for it, "" for none; `ends` MSK's end of support, None while no
    date is announced (MSK: Supported Apache Kafka versions).
    """

    name: str
    released: date
    ends: date | None = None
    apache: str = ""


VERSIONS = (
    KafkaVersion("2.6.1", date(2021, 1, 19), date(2024, 9, 11), "2.6.1"),
    KafkaVersion("3.4.0", date(2023, 5, 4), date(2025, 8, 4)),
    KafkaVersion("3.5.1", date(2023, 9, 26), date(2025, 10, 23)),
    KafkaVersion("3.6.0", date(2023, 11, 16), date(2026, 6, 1)),
    KafkaVersion("3.7.x", date(2024, 5, 29), date(2026, 9, 1)),
    KafkaVersion("3.7.x.kraft", date(2024, 5, 29), date(2026, 9, 1)),
    KafkaVersion("3.8.x", date(2025, 2, 20)),
    KafkaVersion("3.8.x.kraft", date(2025, 2, 20)),
    KafkaVersion("3.9.x", date(2025, 4, 21), apache="3.9.2"),
    KafkaVersion("3.9.x.kraft", date(2025, 4, 21), apache="3.9.2"),
    KafkaVersion("4.0.x.kraft", date(2025, 5, 16)),
    KafkaVersion("4.1.x.kraft", date(2025, 10, 15), apache="4.1.2"),
)
RECOMMENDED = "3.9.x"
"""What MSK recommends, and upgrades clusters to once theirs has ended."""


def find(name: str) -> KafkaVersion | None:
    """The version of that name."""
    return next((one for one in VERSIONS if one.name == name), None)


def offered() -> tuple[KafkaVersion, ...]:
    """Those that Bambe runs."""
    return tuple(one for one in VERSIONS if one.apache)


def numbers(apache: str) -> tuple[int, ...]:
    """An Apache version, to be compared."""
    return tuple(int(part) for part in apache.split("."))


def on_zookeeper(apache: str) -> bool:
    """Whether an Apache version needs ZooKeeper; later ones run on KRaft here."""
    return numbers(apache) < (3, 7)


def upgrades(name: str) -> tuple[KafkaVersion, ...]:
    """Which versions a cluster can be upgraded to with its data; none leads from ZooKeeper to KRaft."""
    now = find(name)
    if now is None or not now.apache or on_zookeeper(now.apache):
        return ()
    return tuple(one for one in offered() if numbers(one.apache) > numbers(now.apache))
