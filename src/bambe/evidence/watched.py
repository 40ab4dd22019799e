"""What is remembered of a release under witness."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bambe.evidence.analysis import State
from bambe.evidence.consumers import Consumers
from bambe.evidence.counts import Tally
from bambe.evidence.ledger import START


@dataclass(frozen=True, slots=True)
class Watched:
    """A deployment's counts and how far its ledger goes. `weight` and `phase` are those last written,
    and `counted` is when counts last were;
    `shipped` records are in CloudWatch Logs; `done`: the ledger is closed and all of it is there.
    `consumers`: None where the release is not judged by events, which is settled when it begins."""

    account: str
    region: str
    id: str
    tally: Tally
    state: State = field(default_factory=State)
    records: int = 0
    head: str = START
    counted: datetime | None = None
    weight: float = 0
    phase: str = ""
    verdict: str = ""
    closed: bool = False
    shipped: int = 0
    done: bool = False
    consumers: Consumers | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a deployment's ledger."""

    account: str
    region: str
    deployment: str
    number: int
    line: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """Requests of our own during a deployment, through its test and its production listener."""

    account: str
    region: str
    id: str
    test: int = 0
    production: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the comparison of green with blue says now."""

    account: str
    region: str
    id: str
    verdict: str
    why: str
