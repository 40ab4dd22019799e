"""Where a task's image comes from, and what happens when it cannot be had."""

from __future__ import annotations

import pytest

from bambe.kernel.errors import Unavailable
from tests.unit.services.ecs.conftest import Town, task_id

OWN = "000000000000.dkr.ecr.eu-central-1.amazonaws.com/web:1"


async def test_the_accounts_own_ecr_is_this_platforms_registry(town: Town) -> None:
    await town.define(container={"image": OWN})
    await town.serve(desiredCount=1)
    await town.advance(2)
    (task,) = await town.tasks()
    (container,) = town.containers.specs[task_id(task)].containers
    assert container.image.startswith("localhost:4566/web@sha256:")
    assert task["containers"][0]["image"] == OWN


async def test_a_registry_that_does_not_answer_fails_the_task_in_the_end(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def pull(image: str, username: str = "", password: str = "") -> str:
        raise Unavailable(f"{image} cannot be pulled: no such host.")

    monkeypatch.setattr(town.containers, "pull", pull)
    await town.serve(desiredCount=1)
    await town.advance(60)
    (task,) = await town.tasks()
    assert task["lastStatus"] == "PENDING"
    await town.advance(90, step=5)
    (stopped, *_) = await town.tasks("STOPPED")
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert stopped["stoppedReason"].startswith("CannotPullContainerError: localhost:4566/web:1 cannot be")
