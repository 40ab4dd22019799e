"""Topics: made, set, listed, deleted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.tags import to_dict
from bambe.services.sns import lookup, retries
from bambe.services.sns.errors import InvalidParameterException
from bambe.services.sns.model import Topic
from bambe.services.sns.tables import TOPICS, forget, subscriptions_of

NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
SETTABLE = frozenset(
    {"DeliveryPolicy", "DisplayName", "KmsMasterKeyId", "Policy", "SignatureVersion", "TracingConfig"}
)
DOCUMENTS = ("DeliveryPolicy", "Policy")


async def create_topic(call: Call, request: Mapping[str, Any]) -> Answer:
    name, attributes = request["Name"], dict(request.get("Attributes") or {})
    if attributes.pop("FifoTopic", "false") == "true" or name.endswith(".fifo"):
        raise NotImplementedByBambe("Bambe has no FIFO topics.")
    if not NAME.fullmatch(name):
        raise InvalidParameterException("Invalid parameter: Topic Name")
    for member, value in attributes.items():
        _check(member, value)
    wanted = Topic(
        account=call.account,
        region=call.region,
        name=name,
        attributes=attributes,
        tags=to_dict(request.get("Tags") or ()),
    )

    def create(tx: Tx) -> Topic:
        known = TOPICS.find(tx, *TOPICS.key_of(wanted))
        if known is None:
            TOPICS.insert(tx, wanted)
            return wanted
        if wanted.attributes.items() - known.attributes.items():
            raise InvalidParameterException(
                "Invalid parameter: Attributes Reason: Topic already exists with different attributes"
            )
        if wanted.tags and wanted.tags != known.tags:
            raise InvalidParameterException(
                "Invalid parameter: Tags Reason: Topic already exists with different tags"
            )
        return known

    return {"TopicArn": (await call.store.write(create)).arn}


async def delete_topic(call: Call, request: Mapping[str, Any]) -> Answer:
    """Deleting what is gone succeeds, as at AWS."""

    def delete(tx: Tx) -> None:
        parts = request["TopicArn"].rsplit(":", 1)
        known = TOPICS.find(tx, call.account, call.region, parts[-1])
        if known is None or known.arn != request["TopicArn"]:
            return
        for row in subscriptions_of(tx, known):
            forget(tx, row)
        TOPICS.delete(tx, *TOPICS.key_of(known))

    await call.store.write(delete)
    return {}


async def list_topics(call: Call, request: Mapping[str, Any]) -> Answer:
    rows = await call.store.read(lambda tx: TOPICS.list(tx, account=call.account, region=call.region))
    return lookup.paged("Topics", [{"TopicArn": row.arn} for row in rows], request)


async def get_topic_attributes(call: Call, request: Mapping[str, Any]) -> Answer:
    def read(tx: Tx) -> Answer:
        row = lookup.topic(tx, call, request["TopicArn"])
        return _attributes(tx, row)

    return {"Attributes": await call.store.read(read)}


async def set_topic_attributes(call: Call, request: Mapping[str, Any]) -> Answer:
    member, value = request["AttributeName"], request.get("AttributeValue", "")
    _check(member, value)

    def to(row: Topic) -> Topic:
        kept = {name: said for name, said in row.attributes.items() if name != member}
        return replace(row, attributes=kept | ({member: value} if value else {}))

    await lookup.change_topic(call, request["TopicArn"], to)
    return {}


def _check(member: str, value: str) -> None:
    if member not in SETTABLE:
        raise InvalidParameterException(f"Invalid parameter: AttributeName Reason: {member} cannot be set")
    if member in DOCUMENTS and value:
        try:
            json.loads(value)
        except ValueError:
            raise InvalidParameterException(f"Invalid parameter: {member} Reason: not valid JSON") from None
    if member == "DeliveryPolicy":
        try:
            retries.policy(value)
        except retries.BadPolicy as error:
            raise InvalidParameterException(f"Invalid parameter: {error}") from None


def _attributes(tx: Tx, row: Topic) -> dict[str, str]:
    rows = subscriptions_of(tx, row)
    confirmed = sum(one.confirmed for one in rows)
    return {
        "TopicArn": row.arn,
        "Owner": row.account,
        "DisplayName": "",
        "Policy": default_policy(row),
        "SubscriptionsConfirmed": str(confirmed),
        "SubscriptionsPending": str(len(rows) - confirmed),
        "SubscriptionsDeleted": "0",
        "EffectiveDeliveryPolicy": json.dumps({"http": {"defaultHealthyRetryPolicy": {**retries.DEFAULT}}}),
        **row.attributes,
    }


def default_policy(row: Topic) -> str:
    """What a topic's owner may do with it."""
    actions = (
        "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic",
        "Subscribe", "ListSubscriptionsByTopic", "Publish",
    )  # fmt: skip
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{one}" for one in actions],
        "Resource": row.arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": row.account}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})
