"""Which changes of a topic's settings take events away that are kept now; pure.

A topic keeps a record until its age, the size of its partition or a newer record of its key says otherwise:
each by the topic's own setting, where it has none by the brokers', and else by Kafka's default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, nan

RETENTION = "retention.ms"
POLICY = "cleanup.policy"
UNCLEAN = "unclean.leader.election.enable"
WEEK = 7 * 24 * 3600 * 1000
"""What Kafka keeps records for where nobody says anything, in milliseconds (log.retention.hours 168)."""
SHOWN = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
MINUTE, HOUR = 60_000, 3_600_000

BROKERS: dict[str, tuple[tuple[tuple[str, int], ...], str]] = {
    POLICY: ((("log.cleanup.policy", 1),), "delete"),
    RETENTION: (
        (("log.retention.ms", 1), ("log.retention.minutes", MINUTE), ("log.retention.hours", HOUR)),
        str(WEEK),
    ),
    "retention.bytes": ((("log.retention.bytes", 1),), "-1"),
    "segment.bytes": ((("log.segment.bytes", 1),), str(1 << 30)),
    "segment.ms": ((("log.roll.ms", 1), ("log.roll.hours", HOUR)), str(WEEK)),
    "delete.retention.ms": ((("log.cleaner.delete.retention.ms", 1),), str(24 * HOUR)),
    "min.cleanable.dirty.ratio": ((("log.cleaner.min.cleanable.ratio", 1),), "0.5"),
    "min.compaction.lag.ms": ((("log.cleaner.min.compaction.lag.ms", 1),), "0"),
    "max.compaction.lag.ms": ((("log.cleaner.max.compaction.lag.ms", 1),), str((1 << 63) - 1)),
    UNCLEAN: (((UNCLEAN, 1),), ""),
}
"""By a topic's setting: what brokers call it, with the factor to the topic's unit, the strongest first; and
Kafka's default. That of unclean elections is another one on MSK than here."""


def in_force(key: str, own: Mapping[str, str], brokers: Mapping[str, str]) -> str:
    """The value that counts for a topic with these settings of its `own`; "" where it is not known."""
    if key in own:
        return own[key]
    names, default = BROKERS.get(key, ((), ""))
    for name, factor in names:
        if name in brokers:
            return brokers[name] if factor == 1 else _times(brokers[name], factor)
    return default


def lasting(milliseconds: str) -> str:
    """A retention for a person: 7d, 36h, forever."""
    if not milliseconds.lstrip("-").isdigit():
        return milliseconds  # Kafka will refuse it
    number = int(milliseconds)
    if number < 0:
        return "forever"
    unit = next((one for one in reversed(SHOWN) if number and number % SHOWN[one] == 0), "")
    return f"{number // SHOWN[unit]}{unit}" if unit else f"{number} ms"


def loses(key: str, was: Mapping[str, str], will: Mapping[str, str]) -> str:
    """What a topic loses when `key` changes, as a predicate; "" for nothing. Both say what is in force."""
    found = LOSSES.get(key)
    return found(key, was, will) if found else ""


def _policy(key: str, was: Mapping[str, str], will: Mapping[str, str]) -> str:
    if _compacts(will) and not _compacts(was):
        return "keeps only the newest record of every key"
    if _deletes(will) and not _deletes(was) and _is_limited(will):
        if _most(RETENTION, will) < inf:
            return f"loses what is older than {lasting(will[RETENTION])}"
        return _only(will)
    return ""


def _age(key: str, was: Mapping[str, str], will: Mapping[str, str]) -> str:
    gone = _deletes(was) and _deletes(will) and _most(key, will) < _most(key, was)
    return f"loses what is older than {lasting(will[key])}" if gone else ""


def _size(key: str, was: Mapping[str, str], will: Mapping[str, str]) -> str:
    gone = _deletes(was) and _deletes(will) and _most(key, will) < _most(key, was)
    return _only(will) if gone else ""


def _segment(key: str, was: Mapping[str, str], will: Mapping[str, str]) -> str:
    """Kafka deletes and compacts whole segments, and never the one that is being written."""
    mortal = _compacts(will) or (_deletes(will) and _is_limited(will))
    gone = mortal and _number(key, will) < _number(key, was)
    return "loses what is kept only as long as its segment is not full" if gone else ""


def _tombstones(key: str, was: Mapping[str, str], will: Mapping[str, str]) -> str:
    gone = _compacts(will) and _number(key, will) < _number(key, was)
    return "forgets sooner which keys were deleted" if gone else ""


def _compaction(key: str, was: Mapping[str, str], will: Mapping[str, str]) -> str:
    gone = _compacts(will) and _number(key, will) < _number(key, was)
    return "loses older records of a key sooner" if gone else ""


def _unclean(key: str, was: Mapping[str, str], will: Mapping[str, str]) -> str:
    gone = was.get(key) != "true" and will.get(key) != "false"
    return "may lose records when a broker ends" if gone else ""


LOSSES: dict[str, Callable[[str, Mapping[str, str], Mapping[str, str]], str]] = {
    POLICY: _policy,
    RETENTION: _age,
    "retention.bytes": _size,
    "segment.bytes": _segment,
    "segment.ms": _segment,
    "delete.retention.ms": _tombstones,
    "min.cleanable.dirty.ratio": _compaction,
    "min.compaction.lag.ms": _compaction,
    "max.compaction.lag.ms": _compaction,
    UNCLEAN: _unclean,
}


def _only(will: Mapping[str, str]) -> str:
    return f"keeps only the newest {int(will['retention.bytes']):,} bytes of every partition"


def _policies(said: Mapping[str, str]) -> set[str]:
    return {one.strip() for one in said.get(POLICY, "").split(",")}


def _compacts(said: Mapping[str, str]) -> bool:
    return "compact" in _policies(said)


def _deletes(said: Mapping[str, str]) -> bool:
    return "delete" in _policies(said)


def _is_limited(said: Mapping[str, str]) -> bool:
    return _most(RETENTION, said) < inf or _most("retention.bytes", said) < inf


def _most(key: str, said: Mapping[str, str]) -> float:
    """A limit of what is kept; below 0 is none."""
    number = _number(key, said)
    return inf if number < 0 else number


def _number(key: str, said: Mapping[str, str]) -> float:
    """`nan`, which is less than nothing, for what Kafka will refuse."""
    try:
        return float(said.get(key, ""))
    except ValueError:
        return nan


def _times(value: str, factor: int) -> str:
    try:
        number = int(value)
    except ValueError:
        return value
    return str(number * factor) if number > 0 else value
