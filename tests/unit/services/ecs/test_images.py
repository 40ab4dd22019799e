"""Which image tasks run: the one a tag meant when their revision first started."""

from __future__ import annotations

import pytest

from bambe.kernel.errors import Unavailable
from tests.unit.services.ecs.conftest import Town, task_id

PUSHED = "sha256:" + "7" * 64


async def image_of(town: Town, image: str) -> str:
    await town.serve(taskDefinition=await town.define(container={"image": image}), desiredCount=1)
    await town.advance(2)
    (spec,) = town.containers.specs.values()
    return spec.containers[0].image


async def test_our_own_registry_says_what_a_tag_means_without_a_pull_of_it(town: Town) -> None:
    town.tags["web", "1"] = PUSHED
    assert await image_of(town, "localhost:4566/web:1") == f"localhost:4566/web@{PUSHED}"
    assert town.containers.pulled == [f"localhost:4566/web@{PUSHED}"]


async def test_what_was_never_pushed_is_still_found_on_the_machine(town: Town) -> None:
    town.tags["web", "1"] = PUSHED
    assert (await image_of(town, "localhost:4566/web:2")).startswith("localhost:4566/web@sha256:")
    assert "localhost:4566/web:2" in town.containers.pulled


async def test_images_of_other_registries_are_asked_for_there(town: Town) -> None:
    town.tags["web", "1"] = PUSHED
    assert PUSHED not in await image_of(town, "registry.example/web:1")


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
