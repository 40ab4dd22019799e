"""SNS by stock clients, and its links by no client at all."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.conftest import Edge

HERE = "http://127.0.0.1:8099/"


@pytest.fixture
def sns(edge: Edge) -> Any:
    return edge.aws("sns")


def test_links_in_messages_work_without_credentials(edge: Edge, sns: Any) -> None:
    topic = sns.create_topic(Name="releases", Tags=[{"Key": "a", "Value": "b"}])["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=HERE)
    edge.run(edge.house.settle())
    said = json.loads(edge.house.courier.delivered[-1].body)
    link = said["SubscribeURL"].replace("http://localhost:4566", edge.endpoint)
    with urllib.request.urlopen(link) as answer:
        assert b"<SubscriptionArn>arn:aws:sns:" in answer.read()
    (shown,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert shown["SubscriptionArn"].startswith(topic)
    sns.publish(
        TopicArn=topic, Message="m", MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}}
    )
    edge.run(edge.house.settle())
    said = json.loads(edge.house.courier.delivered[-1].body)
    with urllib.request.urlopen(said["UnsubscribeURL"].replace("http://localhost:4566", edge.endpoint)):
        pass
    assert sns.list_subscriptions()["Subscriptions"] == []


def test_publishing_needs_credentials(edge: Edge, sns: Any) -> None:
    topic = sns.create_topic(Name="releases")["TopicArn"]
    link = f"{edge.endpoint}/?Action=Publish&Version=2010-03-31&Message=m&TopicArn={topic}"
    with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(link):
        pass
    assert caught.value.code == 403
    caught.value.close()


def test_attributes_and_pages(sns: Any) -> None:
    arns = [sns.create_topic(Name=f"t{number:03}")["TopicArn"] for number in range(101)]
    found = [
        one["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for one in page["Topics"]
    ]
    assert found == arns
    assert sns.get_topic_attributes(TopicArn=arns[0])["Attributes"]["TopicArn"] == arns[0]
    made = sns.subscribe(
        TopicArn=arns[0], Protocol="sqs", Endpoint="arn:aws:sqs:eu-central-1:1:q", ReturnSubscriptionArn=True
    )
    told = sns.get_subscription_attributes(SubscriptionArn=made["SubscriptionArn"])["Attributes"]
    assert told["PendingConfirmation"] == "true"


@pytest.mark.parametrize(
    ("operation", "parameters", "code", "status"),
    [
        ("get_topic_attributes", {"TopicArn": "arn:aws:sns:eu-central-1:000000000000:no"}, "NotFound", 404),
        ("publish", {"TopicArn": "no", "Message": "m"}, "InvalidParameter", 400),
        ("publish", {"PhoneNumber": "+1", "Message": "m"}, "NotImplemented", 501),
        ("create_topic", {"Name": "a.fifo"}, "NotImplemented", 501),
    ],
)
def test_errors(sns: Any, operation: str, parameters: dict[str, str], code: str, status: int) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(sns, operation)(**parameters)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
