"""Topics and what they deliver: to endpoints that confirmed, in AWS's format, again until they take it."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import ResourceType, Wish
from bambe.services.sns import retries
from bambe.services.sns.resources import RESOURCES
from tests.support.house import House

HERE = "http://127.0.0.1:8099/releases"
TYPES: dict[str, ResourceType] = {one.name: one for one in RESOURCES}


async def refused(request: Awaitable[Any], code: str) -> None:
    with pytest.raises(AwsError) as caught:
        await request
    assert caught.value.wire_code() == code


async def topic(house: House, name: str = "releases") -> str:
    return str((await house.aws.sns.create_topic(Name=name))["TopicArn"])


async def subscribed(house: House, **attributes: str) -> tuple[str, str]:
    """A topic and its subscription, confirmed by the link in the message."""
    arn = await topic(house)
    await house.aws.sns.subscribe(TopicArn=arn, Protocol="http", Endpoint=HERE, Attributes=attributes)
    await house.settle()
    said = json.loads(house.courier.delivered[-1].body)
    link = parse_qs(urlsplit(said["SubscribeURL"]).query)
    assert link["Action"] == ["ConfirmSubscription"]
    confirm = {"TopicArn": link["TopicArn"][0], "Token": link["Token"][0]}
    made = await house.aws.sns.confirm_subscription(**confirm)
    house.courier.delivered.clear()
    return arn, str(made["SubscriptionArn"])


async def test_an_endpoint_is_asked_before_it_is_told_anything(house: House) -> None:
    arn = await topic(house)
    answer = await house.aws.sns.subscribe(TopicArn=arn, Protocol="http", Endpoint=HERE)
    assert answer["SubscriptionArn"] == "pending confirmation"
    await house.aws.sns.publish(TopicArn=arn, Message="too early")
    await house.settle()
    (asked,) = house.courier.delivered
    assert asked.headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    said = json.loads(asked.body)
    assert said["SubscribeURL"].startswith("http://localhost:4566/?Action=ConfirmSubscription&")
    assert said["Token"]
    (shown,) = (await house.aws.sns.list_subscriptions())["Subscriptions"]
    assert shown["SubscriptionArn"] == "PendingConfirmation"
    wrong = house.aws.sns.confirm_subscription(TopicArn=arn, Token="nonsense")
    await refused(wrong, "InvalidParameter")


async def test_a_notification_is_as_awss(house: House) -> None:
    arn, subscription = await subscribed(house)
    number = {"DataType": "Number", "StringValue": "1"}
    answer = await house.aws.sns.publish(
        TopicArn=arn, Subject="Released", Message="orders 1.4", MessageAttributes={"n": number}
    )
    await house.settle()
    (sent,) = house.courier.delivered
    assert dict(sent.headers) == {
        "x-amz-sns-message-type": "Notification",
        "x-amz-sns-message-id": answer["MessageId"],
        "x-amz-sns-topic-arn": arn,
        "x-amz-sns-subscription-arn": subscription,
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": "Amazon Simple Notification Service Agent",
    }
    said = json.loads(sent.body)
    assert said.pop("UnsubscribeURL").startswith("http://localhost:4566/?Action=Unsubscribe&")
    assert said == {
        "Type": "Notification",
        "MessageId": answer["MessageId"],
        "TopicArn": arn,
        "Subject": "Released",
        "Message": "orders 1.4",
        "Timestamp": "2026-01-01T00:00:00.000Z",
        "SignatureVersion": "1",
        "Signature": "",
        "SigningCertURL": "",
        "MessageAttributes": {"n": {"Type": "Number", "Value": "1"}},
    }
    await house.aws.sns.unsubscribe(SubscriptionArn=subscription)
    await house.aws.sns.publish(TopicArn=arn, Message="nobody hears it")
    await house.settle()
    assert len(house.courier.delivered) == 1


async def test_messages_by_protocol_and_raw(house: House) -> None:
    arn, _ = await subscribed(house, RawMessageDelivery="true")
    both = json.dumps({"default": "for all", "http": "for you"})
    await house.aws.sns.publish(TopicArn=arn, Message=both, MessageStructure="json")
    await house.settle()
    (sent,) = house.courier.delivered
    assert (sent.body, sent.headers["x-amz-sns-rawdelivery"]) == (b"for you", "true")
    for wrong in ("{}", "[]", "no"):
        request = house.aws.sns.publish(TopicArn=arn, Message=wrong, MessageStructure="json")
        await refused(request, "InvalidParameter")


async def test_it_is_tried_three_more_times(house: House) -> None:
    arn, _ = await subscribed(house)
    house.courier.answers[HERE] = [503, 0, 429, 200]
    await house.aws.sns.publish(TopicArn=arn, Message="m")
    await house.settle()
    seen = []
    for _ in range(4):
        seen.append(len(house.courier.delivered))
        await house.advance(20, step=10)
    assert seen == [1, 1, 2, 3]
    ids = {one.headers["x-amz-sns-message-id"] for one in house.courier.delivered}
    assert len(ids) == 1


@pytest.mark.parametrize(("status", "tries"), [(200, 1), (404, 1), (302, 1), (500, 4)])
async def test_what_will_not_change_is_not_tried_again(house: House, status: int, tries: int) -> None:
    arn, _ = await subscribed(house)
    house.courier.answers[HERE] = [status]
    await house.aws.sns.publish(TopicArn=arn, Message="m")
    await house.advance(120, step=10)
    assert len(house.courier.delivered) == tries


async def test_nothing_leaves_this_machine(house: House) -> None:
    arn = await topic(house)
    public = house.aws.sns.subscribe(TopicArn=arn, Protocol="http", Endpoint="http://8.8.8.8/")
    await refused(public, "InvalidParameter")
    await house.aws.sns.subscribe(TopicArn=arn, Protocol="https", Endpoint="https://example.com/")
    await house.aws.sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="a@example.com")
    await house.advance(120, step=30)
    assert house.courier.delivered == []
    shown = (await house.aws.sns.list_subscriptions_by_topic(TopicArn=arn))["Subscriptions"]
    assert {one["SubscriptionArn"] for one in shown} == {"PendingConfirmation"}
    await refused(house.aws.sns.subscribe(TopicArn=arn, Protocol="lambda", Endpoint="x"), "NotImplemented")


async def test_topics(house: House) -> None:
    sns = house.aws.sns
    arn = await topic(house)
    assert await topic(house) == arn
    tags = [{"Key": "a", "Value": "b"}]
    await refused(sns.create_topic(Name="releases", Tags=tags), "InvalidParameter")
    await refused(sns.create_topic(Name="a b"), "InvalidParameter")
    await refused(sns.create_topic(Name="a.fifo"), "NotImplemented")
    await sns.tag_resource(ResourceArn=arn, Tags=tags)
    assert (await sns.list_tags_for_resource(ResourceArn=arn))["Tags"] == tags
    await sns.untag_resource(ResourceArn=arn, TagKeys=["a"])
    await sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="Shop")
    told = (await sns.get_topic_attributes(TopicArn=arn))["Attributes"]
    assert (told["DisplayName"], told["SubscriptionsPending"]) == ("Shop", "0")
    assert json.loads(told["Policy"])["Statement"][0]["Resource"] == arn
    await sns.delete_topic(TopicArn=arn)
    await sns.delete_topic(TopicArn=arn)
    await refused(sns.publish(TopicArn=arn, Message="m"), "NotFound")


NUMBERS = st.integers(0, 10)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.integers(1, 60), NUMBERS, st.sampled_from(retries.FUNCTIONS))
def test_retries_come_in_order_within_their_limits(
    none: int, low: int, between: int, high: int, least: int, wider: int, function: str
) -> None:
    said = retries.policy(
        json.dumps(
            {
                "healthyRetryPolicy": {
                    "numRetries": none + low + between + high,
                    "numNoDelayRetries": none,
                    "numMinDelayRetries": low,
                    "numMaxDelayRetries": high,
                    "minDelayTarget": least,
                    "maxDelayTarget": least + wider,
                    "backoffFunction": function,
                }
            }
        )
    )
    waits = retries.delays(said)
    assert len(waits) == none + low + between + high
    assert waits == sorted(waits)
    assert all(one == 0 or least <= one <= least + wider for one in waits)


@pytest.mark.parametrize(
    "said",
    [{"numRetries": 101}, {"minDelayTarget": 30}, {"numNoDelayRetries": 4}, {"backoffFunction": "x"}, 3],
)
def test_policies_that_are_none(said: Any) -> None:
    with pytest.raises(retries.BadPolicy):
        retries.policy(json.dumps({"healthyRetryPolicy": said}))


def wish(**properties: Any) -> Wish:
    return Wish("s", "arn", "T", "s-T-1", "token", properties, {"team": "a"})


async def test_a_topic_from_a_template(house: House) -> None:
    kind, policy = TYPES["AWS::SNS::Topic"], TYPES["AWS::SNS::TopicPolicy"]
    first = {"Subscription": [{"Protocol": "email", "Endpoint": "a@example.com"}]}
    made = await kind.create(house.aws, wish(**first))
    assert made == await kind.create(house.aws, wish(**first))
    assert made.attributes["TopicName"] == "s-T-1"
    assert kind.update is not None
    assert policy.update is not None
    await kind.update(house.aws, wish(DisplayName="Shop", **first), made, first)
    document = {"Version": "2012-10-17", "Statement": []}
    said = {"PolicyDocument": document, "Topics": [made.physical_id]}
    rules = await policy.create(house.aws, wish(**said))
    told = (await house.aws.sns.get_topic_attributes(TopicArn=made.physical_id))["Attributes"]
    assert (told["DisplayName"], json.loads(told["Policy"])) == ("Shop", document)
    await policy.delete(house.aws, rules, said)
    told = (await house.aws.sns.get_topic_attributes(TopicArn=made.physical_id))["Attributes"]
    assert json.loads(told["Policy"])["Id"] == "__default_policy_ID"
    await kind.delete(house.aws, made, first)
    await policy.delete(house.aws, rules, said)


async def test_a_subscription_from_a_template(house: House) -> None:
    kind, arn = TYPES["AWS::SNS::Subscription"], await topic(house)
    said = {"TopicArn": arn, "Protocol": "http", "Endpoint": HERE}
    made = await kind.create(house.aws, wish(**said))
    assert made == await kind.create(house.aws, wish(**said))
    assert kind.update is not None
    await kind.update(house.aws, wish(**said, RawMessageDelivery=True), made, said)
    told = await house.aws.sns.get_subscription_attributes(SubscriptionArn=made.physical_id)
    assert told["Attributes"]["RawMessageDelivery"] == "true"
    await kind.delete(house.aws, made, said)
    await kind.delete(house.aws, made, said)


async def test_an_alarm_tells_its_topic(house: House) -> None:
    arn, _ = await subscribed(house)
    await house.aws.cloudwatch.put_metric_alarm(
        AlarmName="errors", AlarmDescription="too many", Namespace="shop", MetricName="errors",
        Dimensions=[{"Name": "service", "Value": "orders"}], Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=5, ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[arn, "arn:aws:sns:eu-central-1:000000000000:gone"],
    )  # fmt: skip
    await house.aws.cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="try")
    await house.settle()
    said = json.loads(house.courier.delivered[-1].body)
    assert said["Subject"] == 'ALARM: "errors" in EU (Frankfurt)'
    message = json.loads(said["Message"])
    assert (message["NewStateValue"], message["OldStateValue"]) == ("ALARM", "INSUFFICIENT_DATA")
    assert message["Trigger"]["Statistic"] == "SUM"
    assert message["Trigger"]["Dimensions"] == [{"value": "orders", "name": "service"}]
    history = await house.aws.cloudwatch.describe_alarm_history(AlarmName="errors", HistoryItemType="Action")
    summaries = sorted(one["HistorySummary"] for one in history["AlarmHistoryItems"])
    assert summaries == [
        "Failed to execute action arn:aws:sns:eu-central-1:000000000000:gone",
        f"Successfully executed action {arn}",
    ]
