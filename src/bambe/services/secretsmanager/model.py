"""A secret and its versions; values are stored sealed, and staging labels say which version is which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
VERSIONS_KEPT = 100
STAGES = 20
TAGS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A name under which values are kept. `delete_at` is when a deleted one is gone for good."""

    account: str
    region: str
    name: str
    suffix: str
    description: str = ""
    key_id: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    created_at: datetime
    changed_at: datetime
    deleted_at: datetime | None = None
    delete_at: datetime | None = None

    @property
    def arn(self) -> str:
        return f"arn:aws:secretsmanager:{self.region}:{self.account}:secret:{self.name}-{self.suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One value of a secret; without a stage it is deprecated."""

    account: str
    region: str
    name: str
    id: str
    sealed: str
    is_binary: bool = False
    stages: list[str] = field(default_factory=list)
    created_at: datetime


def staged(versions: Iterable[Version], target: str, stages: Iterable[str]) -> list[Version]:
    """All versions with `stages` moved to `target`; who loses AWSCURRENT gets AWSPREVIOUS instead."""
    rows = list(versions)
    moving = set(stages)
    holder = next((row.id for row in rows if CURRENT in row.stages), "")
    if CURRENT in moving and holder and holder != target:
        moving.add(PREVIOUS)
    else:
        holder = ""
    changed = []
    for row in rows:
        kept = [stage for stage in row.stages if stage not in moving]
        if row.id == target:
            kept += [stage for stage in stages if stage not in kept]
        if row.id == holder:
            kept.append(PREVIOUS)
        changed.append(replace(row, stages=kept))
    return changed
