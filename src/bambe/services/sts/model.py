"""A session: temporary credentials and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Session:
    """Credentials that run out. `principal` is the ARN they act as."""

    access_key: str
    secret_key: str
    session_token: str
    expiration: datetime
    account: str
    region: str
    principal: str
    user_id: str
