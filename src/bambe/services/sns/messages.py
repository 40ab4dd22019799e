"""The HTTP requests that SNS makes: headers and bodies as AWS's endpoints know them; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from bambe.services.sns.model import Delivery, Kind, Subscription

VERSION = "2010-03-31"
TEXT = "text/plain; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Letter:
    """One POST request."""

    url: str
    headers: dict[str, str]
    body: bytes


def letter(delivery: Delivery, subscription: Subscription, api: str) -> Letter:
    """The request that delivers it; `api` is the endpoint's way to Bambe."""
    topic = subscription.arn.rsplit(":", 1)[0]
    headers = {
        "x-amz-sns-message-type": delivery.kind.value,
        "x-amz-sns-message-id": delivery.message_id,
        "x-amz-sns-topic-arn": topic,
        "Content-Type": TEXT,
        "User-Agent": "Amazon Simple Notification Service Agent",
    }
    if delivery.kind is Kind.CONFIRMATION:
        said = _confirmation(delivery, subscription, topic, api)
    else:
        headers["x-amz-sns-subscription-arn"] = subscription.arn
        if subscription.is_raw:
            headers["x-amz-sns-rawdelivery"] = "true"
            return Letter(subscription.endpoint, headers, delivery.message.encode())
        said = _notification(delivery, subscription, topic, api)
    return Letter(subscription.endpoint, headers, json.dumps(said, indent=2, ensure_ascii=False).encode())


def _confirmation(delivery: Delivery, subscription: Subscription, topic: str, api: str) -> dict[str, Any]:
    link = {"Action": "ConfirmSubscription", "TopicArn": topic, "Token": subscription.token}
    return {
        "Type": delivery.kind.value,
        "MessageId": delivery.message_id,
        "Token": subscription.token,
        "TopicArn": topic,
        "Message": (
            f"You have chosen to subscribe to the topic {topic}.\n"
            "To confirm the subscription, visit the SubscribeURL included in this message."
        ),
        "SubscribeURL": _link(api, link),
        **_signature(delivery),
    }


def _notification(delivery: Delivery, subscription: Subscription, topic: str, api: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        "Type": delivery.kind.value,
        "MessageId": delivery.message_id,
        "TopicArn": topic,
    }
    if delivery.subject is not None:
        said["Subject"] = delivery.subject
    said |= {"Message": delivery.message, **_signature(delivery)}
    link = {"Action": "Unsubscribe", "SubscriptionArn": subscription.arn}
    said["UnsubscribeURL"] = _link(api, link)
    if delivery.attributes:
        said["MessageAttributes"] = {
            name: {"Type": kind, "Value": value} for name, (kind, value) in delivery.attributes.items()
        }
    return said


def _signature(delivery: Delivery) -> dict[str, str]:
    """No certificate of AWS's is here to sign with."""
    return {
        "Timestamp": stamp(delivery.at),
        "SignatureVersion": "1",
        "Signature": "",
        "SigningCertURL": "",
    }


def _link(api: str, words: dict[str, str]) -> str:
    return f"{api}/?{urlencode({**words, 'Version': VERSION})}"


def stamp(moment: datetime) -> str:
    """`2026-11-27T11:00:00.000Z`."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
