"""What CloudWatch Logs remembers: groups, streams, events, and how far each container was read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
OVERHEAD = 26
"""What AWS adds to each event's bytes when it measures."""


@dataclass(frozen=True, slots=True)
class Group:
    """A log group; `retention_days` None keeps events for ever."""

    account: str
    region: str
    name: str
    created: datetime
    retention_days: int | None = None
    kms_key: str = ""
    log_class: str = "STANDARD"
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:logs:{self.region}:{self.account}:log-group:{self.name}"


@dataclass(frozen=True, slots=True)
class Stream:
    """A log stream; times of events in milliseconds, None before the first."""

    account: str
    region: str
    group: str
    name: str
    created: datetime
    first_ms: int | None = None
    last_ms: int | None = None
    ingested_ms: int | None = None
    stored_bytes: int = 0

    @property
    def arn(self) -> str:
        group = f"arn:aws:logs:{self.region}:{self.account}:log-group:{self.group}"
        return f"{group}:log-stream:{self.name}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a container's output is stored: all before `at`, and `count` lines of `at` itself."""

    runtime_id: str
    at: datetime
    count: int


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an event stands in its group: by time, then by arrival."""

    at_ms: int
    id: int


@dataclass(frozen=True, slots=True)
class Event:
    """One stored event."""

    stream: str
    place: Place
    ingested_ms: int
    message: str

    @property
    def id(self) -> str:
        """56 digits, as AWS's event ids."""
        return f"{self.place.at_ms:020d}{self.place.id:036d}"

    @property
    def size(self) -> int:
        return measure(self.message)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970, as every time of this API."""
    return (moment - EPOCH) // MILLISECOND


def measure(message: str) -> int:
    """An event's bytes, as AWS counts them."""
    return len(message.encode()) + OVERHEAD
