"""Certificates and their statuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """Where a certificate is."""

    PENDING_VALIDATION = "PENDING_VALIDATION"
    ISSUED = "ISSUED"


MOVES = {Status.PENDING_VALIDATION: frozenset({Status.ISSUED}), Status.ISSUED: frozenset[Status]()}


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its key and chain in PEM, once it is issued or imported."""

    account: str
    region: str
    id: str
    domain: str
    names: list[str]
    created_at: datetime
    status: Status = Status.PENDING_VALIDATION
    imported: bool = False
    token: str = ""
    algorithm: str = "EC_prime256v1"
    certificate: str = ""
    chain: str = ""
    key: str = ""
    serial: str = ""
    issuer: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    issued_at: datetime | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:acm:{self.region}:{self.account}:certificate/{self.id}"
