"""Subscriptions: asked for, confirmed by their endpoint, ended."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.ids import hex_id, uuid_id
from bambe.services.sns import lookup, retries
from bambe.services.sns.errors import InvalidParameterException
from bambe.services.sns.model import HTTP, RECORDED, Delivery, Kind, Subscription
from bambe.services.sns.tables import DELIVERIES, SUBSCRIPTIONS, forget, subscriptions_of

PENDING = "PendingConfirmation"
SETTABLE = frozenset({"DeliveryPolicy", "RawMessageDelivery"})
ELSEWHERE = frozenset(
    {"FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "ReplayPolicy", "SubscriptionRoleArn"}
)


async def subscribe(call: Call, request: Mapping[str, Any]) -> Answer:
    protocol, endpoint = request["Protocol"], request.get("Endpoint", "")
    attributes = dict(request.get("Attributes") or {})
    _check_endpoint(protocol, endpoint)
    for member, value in attributes.items():
        _check(member, value)
    now = call.clock.now()

    def write(tx: Tx) -> Subscription:
        topic = lookup.topic(tx, call, request["TopicArn"])
        for known in subscriptions_of(tx, topic):
            if (known.protocol, known.endpoint) == (protocol, endpoint):
                if known.confirmed and attributes.items() - known.attributes.items():
                    raise InvalidParameterException(
                        "Invalid parameter: Attributes Reason: Subscription already exists with different "
                        "attributes"
                    )
                return known
        row = Subscription(
            account=topic.account,
            region=topic.region,
            topic=topic.name,
            id=uuid_id(),
            protocol=protocol,
            endpoint=endpoint,
            token=hex_id(64),
            attributes=attributes,
        )
        SUBSCRIPTIONS.insert(tx, row)
        if protocol in HTTP:
            ask = Delivery(
                account=row.account,
                region=row.region,
                id=uuid_id(),
                topic=row.topic,
                subscription=row.id,
                kind=Kind.CONFIRMATION,
                message_id=uuid_id(),
                message="",
                at=now,
                due=now,
            )
            DELIVERIES.insert(tx, ask)
        return row

    row = await call.store.write(write)
    told = row.confirmed or request.get("ReturnSubscriptionArn")
    return {"SubscriptionArn": row.arn if told else "pending confirmation"}


async def confirm_subscription(call: Call, request: Mapping[str, Any]) -> Answer:
    def write(tx: Tx) -> Subscription:
        topic = lookup.topic(tx, call, request["TopicArn"])
        for row in subscriptions_of(tx, topic):
            if row.token == request["Token"]:
                confirmed = replace(row, confirmed=True)
                SUBSCRIPTIONS.update(tx, confirmed)
                return confirmed
        raise InvalidParameterException("Invalid parameter: Token")

    return {"SubscriptionArn": (await call.store.write(write)).arn}


async def unsubscribe(call: Call, request: Mapping[str, Any]) -> Answer:
    arn = request["SubscriptionArn"]
    if arn.replace(" ", "").lower() == PENDING.lower():
        raise InvalidParameterException(f"Invalid parameter: SubscriptionArn Reason: {arn} is no ARN")
    await call.store.write(lambda tx: forget(tx, lookup.subscription(tx, call, arn)))
    return {}


async def list_subscriptions(call: Call, request: Mapping[str, Any]) -> Answer:
    rows = await call.store.read(lambda tx: SUBSCRIPTIONS.list(tx, account=call.account, region=call.region))
    return lookup.paged("Subscriptions", [_shown(row) for row in rows], request)


async def list_subscriptions_by_topic(call: Call, request: Mapping[str, Any]) -> Answer:
    rows = await call.store.read(lambda tx: subscriptions_of(tx, lookup.topic(tx, call, request["TopicArn"])))
    return lookup.paged("Subscriptions", [_shown(row) for row in rows], request)


async def get_subscription_attributes(call: Call, request: Mapping[str, Any]) -> Answer:
    row = await call.store.read(lambda tx: lookup.subscription(tx, call, request["SubscriptionArn"]))
    return {
        "Attributes": {
            "SubscriptionArn": row.arn,
            "TopicArn": row.arn.rsplit(":", 1)[0],
            "Owner": row.account,
            "Protocol": row.protocol,
            "Endpoint": row.endpoint,
            "PendingConfirmation": "false" if row.confirmed else "true",
            "ConfirmationWasAuthenticated": "false",
            "RawMessageDelivery": "false",
            **row.attributes,
        }
    }


async def set_subscription_attributes(call: Call, request: Mapping[str, Any]) -> Answer:
    member, value = request["AttributeName"], request.get("AttributeValue", "")
    _check(member, value)

    def write(tx: Tx) -> None:
        row = lookup.subscription(tx, call, request["SubscriptionArn"])
        kept = {name: said for name, said in row.attributes.items() if name != member}
        SUBSCRIPTIONS.update(tx, replace(row, attributes=kept | ({member: value} if value else {})))

    await call.store.write(write)
    return {}


def _check_endpoint(protocol: str, endpoint: str) -> None:
    if protocol not in (*HTTP, *RECORDED):
        raise NotImplementedByBambe(f"Bambe has no subscriptions with the protocol {protocol}.")
    if not endpoint:
        raise InvalidParameterException("Invalid parameter: Endpoint")
    if protocol not in HTTP:
        return
    parts = urlsplit(endpoint)
    if parts.scheme != protocol or not parts.hostname:
        raise InvalidParameterException("Invalid parameter: Endpoint must match the specified protocol")
    try:
        address = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return  # What a name stands for is looked at when a message is to go there.
    if not (address.is_loopback or address.is_private):
        raise InvalidParameterException(
            "Invalid parameter: Endpoint Reason: Bambe sends to this machine and to its own network only"
        )


def _check(member: str, value: str) -> None:
    if member in ELSEWHERE:
        raise NotImplementedByBambe(f"Bambe has no {member} of subscriptions.")
    if member not in SETTABLE:
        raise InvalidParameterException(f"Invalid parameter: AttributeName Reason: {member} cannot be set")
    if member == "RawMessageDelivery" and value not in ("true", "false"):
        raise InvalidParameterException("Invalid parameter: RawMessageDelivery Reason: true or false")
    if member == "DeliveryPolicy":
        try:
            retries.policy(value)
        except retries.BadPolicy as error:
            raise InvalidParameterException(f"Invalid parameter: {error}") from None


def _shown(row: Subscription) -> Answer:
    return {
        "SubscriptionArn": row.arn if row.confirmed else PENDING,
        "Owner": row.account,
        "Protocol": row.protocol,
        "Endpoint": row.endpoint,
        "TopicArn": row.arn.rsplit(":", 1)[0],
    }
