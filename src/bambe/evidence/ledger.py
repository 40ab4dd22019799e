"""A hash-chained list of records: what was written cannot be changed unseen.

Each record carries the SHA-256 of the one before, and its own over its canonical JSON (keys sorted, no
spaces, UTF-8). The last is of kind "end" and says how many there are, so that a ledger cut short shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

START = "0" * 64
END = "end"


class Broken(ValueError):
    """The ledger is not as it was written; `number` is the first record that does not fit."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"record {number}: {why}")
        self.number = number


@dataclass(frozen=True, slots=True)
class Record:
    """One entry. `at` in ISO 8601, UTC; `body` JSON-able."""

    subject: str
    number: int
    at: str
    kind: str
    body: Mapping[str, Any]
    previous: str
    hash: str

    def line(self) -> str:
        """The record as one line of JSON."""
        return _canonical(asdict(self))


def append(subject: str, number: int, previous: str, at: str, kind: str, body: Mapping[str, Any]) -> Record:
    """The record that comes after the one whose hash is `previous`; the first has number 0 and `START`."""
    if kind == END:
        body = {**body, "records": number + 1}
    return Record(subject, number, at, kind, body, previous, _hash(subject, number, at, kind, body, previous))


def read(line: str) -> Record:
    """A record from its line; Broken where it is none."""
    try:
        record = Record(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise Broken(0, f"this is no record: {line[:80]!r}") from error
    if record.line() != line:
        raise Broken(record.number, "it is not written as records are")
    return record


def check(records: Sequence[Record]) -> None:
    """Broken where a record was changed, removed, added or moved; or where the end is missing."""
    previous = START
    for number, record in enumerate(records):
        if record.number != number:
            raise Broken(number, f"record {record.number} stands in its place")
        if record.subject != records[0].subject:
            raise Broken(number, f"it belongs to {record.subject}")
        if record.previous != previous:
            raise Broken(number, "it does not follow the record before")
        own = _hash(record.subject, number, record.at, record.kind, record.body, previous)
        if record.hash != own:
            raise Broken(number, "it was changed")
        if record.kind == END and record.body.get("records") != len(records):
            raise Broken(number, f"it says the ledger has {record.body.get('records')} records")
        previous = record.hash


def is_closed(records: Sequence[Record]) -> bool:
    """Whether the ledger has come to its end; one still being written has not."""
    return bool(records) and records[-1].kind == END


def _hash(subject: str, number: int, at: str, kind: str, body: Mapping[str, Any], previous: str) -> str:
    text = _canonical([subject, number, at, kind, body, previous])
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
