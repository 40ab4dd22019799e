"""Roles and managed policies."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Role:
    """A role with its inline policies (name -> document) and the ARNs of attached ones."""

    account: str
    name: str
    id: str
    path: str
    trust: str
    created_at: datetime
    description: str = ""
    max_session: int = 3600
    boundary: str = ""
    inline: dict[str, str] = field(default_factory=dict)
    attached: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:role{self.path}{self.name}"


@dataclass(frozen=True, slots=True)
class Policy:
    """A managed policy of the account's own, with its only version."""

    account: str
    name: str
    id: str
    path: str
    document: str
    created_at: datetime
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:policy{self.path}{self.name}"
