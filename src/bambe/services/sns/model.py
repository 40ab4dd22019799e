"""Topics, their subscriptions, and what is on its way to an endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a message is, as the header x-amz-sns-message-type says it."""

    CONFIRMATION = "SubscriptionConfirmation"
    NOTIFICATION = "Notification"


HTTP = ("http", "https")
RECORDED = ("email", "email-json", "sms", "sqs")
"""Protocols that are written down and never sent to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic. `attributes` are those that were set, by AWS's names."""

    account: str
    region: str
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:sns:{self.region}:{self.account}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """An endpoint of a topic. `token` is what confirms it; `deleted` topics leave none behind."""

    account: str
    region: str
    topic: str
    id: str
    protocol: str
    endpoint: str
    token: str
    confirmed: bool = False
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:sns:{self.region}:{self.account}:{self.topic}:{self.id}"

    @property
    def is_raw(self) -> bool:
        """Whether the endpoint gets the message alone."""
        return self.attributes.get("RawMessageDelivery") == "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message on its way to one subscription: `due` is when it is tried next."""

    account: str
    region: str
    id: str
    topic: str
    subscription: str
    kind: Kind
    message_id: str
    message: str
    at: datetime
    due: datetime
    subject: str | None = None
    attributes: dict[str, tuple[str, str]] = field(default_factory=dict)
    tries: int = 0
