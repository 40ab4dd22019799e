"""A command that a caller may run in a container, once and soon: what ExecuteCommand leaves for the door."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

PATH = "/_bambe/sessions"
"""Where the door is at the endpoint (AWS: wss://ssmmessages.REGION.amazonaws.com/v1/data-channel)."""
OPENED_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Nobody can learn the token from the row; whoever shows it takes the row away."""

    account: str
    region: str
    id: str
    task: str
    container: str
    command: list[str]
    token_digest: str
    expires_at: datetime

    def is_opened_by(self, token: str, now: datetime) -> bool:
        """Whether `token` is this session's, in time."""
        return now < self.expires_at and hmac.compare_digest(self.token_digest, token_digest(token))


def token_digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
