"""Publish: a message on its way to every endpoint that has confirmed."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.ids import uuid_id
from bambe.services.sns import lookup
from bambe.services.sns.errors import InvalidParameterException
from bambe.services.sns.model import HTTP, Delivery, Kind
from bambe.services.sns.tables import DELIVERIES, subscriptions_of

LONGEST = 256 * 1024
SUBJECT = 100


async def publish(call: Call, request: Mapping[str, Any]) -> Answer:
    if request.get("PhoneNumber"):
        raise NotImplementedByBambe("Bambe sends no text messages.")
    arn = request.get("TopicArn") or request.get("TargetArn") or ""
    if not arn:
        raise InvalidParameterException(
            "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"
        )
    subject = request.get("Subject")
    if subject is not None and not (0 < len(subject) <= SUBJECT and subject.isprintable()):
        raise InvalidParameterException("Invalid parameter: Subject")
    by_protocol = _messages(request)
    attributes = _attributes(request.get("MessageAttributes") or {})
    id, now = uuid_id(), call.clock.now()

    def write(tx: Tx) -> None:
        topic = lookup.topic(tx, call, arn)
        for row in subscriptions_of(tx, topic):
            if row.protocol not in HTTP or not row.confirmed:
                continue
            sent = Delivery(
                account=row.account,
                region=row.region,
                id=uuid_id(),
                topic=row.topic,
                subscription=row.id,
                kind=Kind.NOTIFICATION,
                message_id=id,
                message=by_protocol.get(row.protocol, by_protocol["default"]),
                at=now,
                due=now,
                subject=subject,
                attributes=attributes,
            )
            DELIVERIES.insert(tx, sent)

    await call.store.write(write)
    return {"MessageId": id}


def _messages(request: Mapping[str, Any]) -> dict[str, str]:
    message = request["Message"]
    if not message:
        raise InvalidParameterException("Invalid parameter: Empty message")
    if len(message.encode()) > LONGEST:
        raise InvalidParameterException("Invalid parameter: Message too long")
    if request.get("MessageStructure") != "json":
        return {"default": message}
    try:
        said = json.loads(message)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise InvalidParameterException(
            "Invalid parameter: Message Structure - JSON message body failed to parse"
        )
    if not isinstance(said.get("default"), str):
        raise InvalidParameterException(
            "Invalid parameter: Message Structure - No default entry in JSON message body"
        )
    return {protocol: text for protocol, text in said.items() if isinstance(text, str)}


def _attributes(given: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    found = {}
    for name, said in given.items():
        kind = said.get("DataType", "")
        if not kind.startswith(("String", "Number", "Binary")):
            raise InvalidParameterException(f"Invalid parameter: The message attribute '{name}' has no type")
        value = said.get("StringValue", "")
        if kind.startswith("Binary"):
            value = base64.b64encode(said.get("BinaryValue", b"")).decode()
        found[name] = (kind, value)
    return found
