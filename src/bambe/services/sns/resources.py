"""SNS's CloudFormation types: Topic, TopicPolicy, Subscription."""

from __future__ import annotations

import json
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.ids import digest_id
from bambe.kernel.resources import Made, Properties, ResourceFailed, ResourceType, Wish
from bambe.kernel.tags import to_list

TOKEN = "bambe:creation"
ATTRIBUTES = ("DisplayName", "KmsMasterKeyId", "SignatureVersion", "TracingConfig")
SUBSCRIPTION = ("DeliveryPolicy", "RawMessageDelivery")


async def _create_topic(aws: Aws, wish: Wish) -> Made:
    name = wish.properties.get("TopicName") or wish.name
    tags = to_list({**_own_tags(wish), TOKEN: wish.token})
    said = {key: _text(wish.properties[key]) for key in ATTRIBUTES if key in wish.properties}
    try:
        arn = str((await aws.sns.create_topic(Name=name, Attributes=said, Tags=tags))["TopicArn"])
    except AwsError as error:
        if "already exists" not in error.message:
            raise
        raise ResourceFailed(f"{name} already exists") from error
    await _subscribe(aws, arn, wish.properties, {})
    return _made_topic(arn)


async def _update_topic(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    arn = made.physical_id
    for key in ATTRIBUTES:
        if wish.properties.get(key) != old.get(key):
            value = _text(wish.properties.get(key, ""))
            await aws.sns.set_topic_attributes(TopicArn=arn, AttributeName=key, AttributeValue=value)
    await _subscribe(aws, arn, wish.properties, old)
    said = (await aws.sns.list_tags_for_resource(ResourceArn=arn))["Tags"]
    had, wanted = {one["Key"] for one in said} - {TOKEN}, _own_tags(wish)
    if had - wanted.keys():
        await aws.sns.untag_resource(ResourceArn=arn, TagKeys=sorted(had - wanted.keys()))
    if wanted:
        await aws.sns.tag_resource(ResourceArn=arn, Tags=to_list(wanted))
    return made


async def _subscribe(aws: Aws, arn: str, new: Properties, old: Properties) -> None:
    wanted, had = new.get("Subscription") or [], old.get("Subscription") or []
    for one in (each for each in had if each not in wanted):
        await _unsubscribe(aws, arn, one)
    for one in (each for each in wanted if each not in had):
        await aws.sns.subscribe(TopicArn=arn, Protocol=one["Protocol"], Endpoint=one["Endpoint"])


async def _unsubscribe(aws: Aws, topic: str, said: Properties) -> None:
    """One that was never confirmed has no ARN that could be said."""
    found = (await aws.sns.list_subscriptions_by_topic(TopicArn=topic))["Subscriptions"]
    for one in found:
        same = (one["Protocol"], one["Endpoint"]) == (said["Protocol"], said["Endpoint"])
        if same and one["SubscriptionArn"].startswith("arn:"):
            await aws.sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])


async def _delete_topic(aws: Aws, made: Made, properties: Properties) -> None:
    await aws.sns.delete_topic(TopicArn=made.physical_id)


def _made_topic(arn: str) -> Made:
    return Made(arn, {"TopicArn": arn, "TopicName": arn.rsplit(":", 1)[1]})


async def _put_policy(aws: Aws, wish: Wish) -> Made:
    await _set_policies(aws, wish.properties["Topics"], _text(wish.properties["PolicyDocument"]))
    id = digest_id(wish.token)
    return Made(id, {"Id": id})


async def _change_policy(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    gone = [one for one in old["Topics"] if one not in wish.properties["Topics"]]
    await _set_policies(aws, gone, "")
    await _set_policies(aws, wish.properties["Topics"], _text(wish.properties["PolicyDocument"]))
    return made


async def _delete_policy(aws: Aws, made: Made, properties: Properties) -> None:
    await _set_policies(aws, properties["Topics"], "")


async def _set_policies(aws: Aws, topics: list[str], text: str) -> None:
    """An empty text brings back the policy that a topic has from its beginning."""
    for topic in topics:
        try:
            await aws.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=text)
        except AwsError as error:
            if text or error.wire_code() != "NotFound":
                raise


async def _create_subscription(aws: Aws, wish: Wish) -> Made:
    said = wish.properties
    attributes = {key: _text(said[key]) for key in SUBSCRIPTION if key in said}
    answer = await aws.sns.subscribe(
        TopicArn=said["TopicArn"],
        Protocol=said["Protocol"],
        Endpoint=said.get("Endpoint", ""),
        Attributes=attributes,
        ReturnSubscriptionArn=True,
    )
    return Made(answer["SubscriptionArn"], {"Arn": answer["SubscriptionArn"]})


async def _update_subscription(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    for key in SUBSCRIPTION:
        if wish.properties.get(key) != old.get(key):
            await aws.sns.set_subscription_attributes(
                SubscriptionArn=made.physical_id,
                AttributeName=key,
                AttributeValue=_text(wish.properties.get(key, "")),
            )
    return made


async def _delete_subscription(aws: Aws, made: Made, properties: Properties) -> None:
    try:
        await aws.sns.unsubscribe(SubscriptionArn=made.physical_id)
    except AwsError as error:
        if error.wire_code() != "NotFound":
            raise


def _own_tags(wish: Wish) -> dict[str, str]:
    return {**wish.tags, **{one["Key"]: one["Value"] for one in wish.properties.get("Tags") or ()}}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)


RESOURCES = (
    ResourceType(
        name="AWS::SNS::Topic",
        properties=frozenset({*ATTRIBUTES, "Subscription", "Tags", "TopicName"}),
        replaces=frozenset({"TopicName"}),
        create=_create_topic,
        update=_update_topic,
        delete=_delete_topic,
    ),
    ResourceType(
        name="AWS::SNS::TopicPolicy",
        properties=frozenset({"PolicyDocument", "Topics"}),
        required=frozenset({"PolicyDocument", "Topics"}),
        create=_put_policy,
        update=_change_policy,
        delete=_delete_policy,
    ),
    ResourceType(
        name="AWS::SNS::Subscription",
        properties=frozenset({*SUBSCRIPTION, "Endpoint", "Protocol", "Region", "TopicArn"}),
        required=frozenset({"Protocol", "TopicArn"}),
        replaces=frozenset({"Endpoint", "Protocol", "Region", "TopicArn"}),
        create=_create_subscription,
        update=_update_subscription,
        delete=_delete_subscription,
    ),
)
