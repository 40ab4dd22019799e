"""Keys, in which state each is, and the names that stand for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bambe.kernel.arn import Arn
from bambe.kernel.moves import check_move

LEAST_DAYS, MOST_DAYS = 7, 30
ROTATION = 365
LEAST_ROTATION, MOST_ROTATION = 90, 2560
TAGS = 50


class KeyState(StrEnum):
    """Where a key is, in AWS's spelling."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"
    PENDING_DELETION = "PendingDeletion"


MOVES: dict[KeyState, frozenset[KeyState]] = {
    KeyState.ENABLED: frozenset({KeyState.DISABLED, KeyState.PENDING_DELETION}),
    KeyState.DISABLED: frozenset({KeyState.ENABLED, KeyState.PENDING_DELETION}),
    KeyState.PENDING_DELETION: frozenset({KeyState.DISABLED}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A symmetric key for encryption; `rotation` is its period in days, 0 while it is not rotated."""

    account: str
    region: str
    id: str
    created: datetime
    policy: str
    description: str = ""
    state: KeyState = KeyState.ENABLED
    rotation: int = 0
    rotates_from: datetime | None = None
    delete_at: datetime | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return str(Arn("kms", self.region, self.account, f"key/{self.id}"))

    def moved(self, to: KeyState, delete_at: datetime | None = None) -> Key:
        """The key in another state, if its own leads there."""
        check_move(MOVES, self.state, to)
        return replace(self, state=to, delete_at=delete_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """`name` begins with alias/; `key` is the id of the key it stands for."""

    account: str
    region: str
    name: str
    key: str
    created: datetime
    changed: datetime

    @property
    def arn(self) -> str:
        return str(Arn("kms", self.region, self.account, self.name))
