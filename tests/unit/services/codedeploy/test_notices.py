"""Triggers: which moves of a deployment they tell, and in which words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bambe.services import Service
from tests.unit.services.codedeploy.conftest import Deploy
from tests.unit.services.codedeploy.stand_ins import House

TOPIC = "arn:aws:sns:eu-central-1:000000000000:releases"


@pytest.fixture
def told(shop: House) -> list[dict[str, Any]]:
    """What the topic is told."""
    said: list[dict[str, Any]] = []

    async def publish(call: Any, request: Any) -> dict[str, Any]:
        said.append(request)
        return {"MessageId": "1"}

    registry = {**shop._dispatcher._registry, "sns": Service("sns", {"publish": publish})}
    shop._dispatcher._registry = registry
    return said


def trigger(*events: str) -> dict[str, Any]:
    one = {"triggerName": "tell", "triggerTargetArn": TOPIC, "triggerEvents": list(events)}
    return {"triggerConfigurations": [one]}


async def test_start_and_success(shop: House, deploy: Deploy, told: list[dict[str, Any]]) -> None:
    id = await deploy(**trigger("DeploymentStart", "DeploymentSuccess", "DeploymentFailure"))
    await shop.advance(40 * 60, step=30)
    start, end = told
    assert start["TopicArn"] == end["TopicArn"] == TOPIC
    assert start["Subject"] == f"CREATED: AWS CodeDeploy {id} in eu-central-1 to shop"
    said = json.loads(end["Message"])
    assert (said["status"], said["eventTriggerName"], said["deploymentId"]) == ("Succeeded", "tell", id)
    assert said["deploymentOverview"]["Succeeded"] == "1"
    assert float(said["completeTime"]) > float(said["createTime"])


async def test_other_events_are_not_told(shop: House, deploy: Deploy, told: list[dict[str, Any]]) -> None:
    await deploy(**trigger("DeploymentFailure", "DeploymentRollback"))
    await shop.advance(40 * 60, step=30)
    assert told == []
