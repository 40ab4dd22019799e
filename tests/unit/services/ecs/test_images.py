"""Which image tasks run: the one a tag meant when their revision first started."""

from __future__ import annotations

from tests.unit.services.ecs.conftest import Town

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
