"""How topics, their policies and readers are read back, to see what has drifted."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties

ATTRIBUTES = ("DisplayName", "KmsMasterKeyId", "SignatureVersion", "TracingConfig")


async def _topic(aws: Aws, made: Made, expected: Properties) -> Properties:
    arn = made.physical_id
    found = (await aws.sns.get_topic_attributes(TopicArn=arn))["Attributes"]
    # Other readers may be resources of their own, or people who subscribed themselves.
    wanted = [_reader(one) for one in expected.get("Subscription") or ()]
    readers = [one for one in await _readers(aws, arn) if one in wanted]
    return {
        **{name: found.get(name, "") for name in ATTRIBUTES},
        "TopicName": arn.rsplit(":", 1)[1],
        "Subscription": readers,
    }


async def _readers(aws: Aws, arn: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page = await aws.sns.list_subscriptions_by_topic(TopicArn=arn)
    while True:
        found += [_reader(one) for one in page["Subscriptions"]]
        if not page.get("NextToken"):
            return found
        page = await aws.sns.list_subscriptions_by_topic(TopicArn=arn, NextToken=page["NextToken"])


def _reader(said: Properties) -> dict[str, Any]:
    return {name: said[name] for name in ("Protocol", "Endpoint")}


async def _policy(aws: Aws, made: Made, expected: Properties) -> Properties:
    """A policy is there once at each of its topics: what one of them shows that differs."""
    shown: dict[str, Any] = {}
    for topic in expected["Topics"]:
        found = (await aws.sns.get_topic_attributes(TopicArn=topic))["Attributes"]["Policy"]
        if found != shown.get("PolicyDocument"):
            shown = {"PolicyDocument": found}
    return shown


async def _subscription(aws: Aws, made: Made, expected: Properties) -> Properties:
    answer = await aws.sns.get_subscription_attributes(SubscriptionArn=made.physical_id)
    return {"DeliveryPolicy": "", **answer["Attributes"]}


READS = {
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::TopicPolicy": _policy,
}
