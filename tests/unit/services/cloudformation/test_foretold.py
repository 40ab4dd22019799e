"""Random updates: what a change set foretells is what happens, and nothing happens that it did not."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from bambe.kernel.call import Tx
from bambe.services.cloudformation.changes import Update, changes
from bambe.services.cloudformation.model import Resource, Stack, StackStatus, Version
from bambe.services.cloudformation.scope import scope_of
from bambe.services.cloudformation.tables import STACKS, resources_of
from bambe.services.cloudformation.template import parse
from tests.unit.services.cloudformation.cloud import Cloud
from tests.unit.services.cloudformation.test_worlds import KEY, Wanted, World, text, wishes, worlds


async def foretold(world: World, wish: Wanted) -> dict[str, dict[str, Any]]:
    """The changes by logical id."""

    def read(tx: Tx) -> tuple[Stack, list[Resource]]:
        stack = STACKS.get(tx, *KEY)
        return stack, resources_of(tx, stack)

    stack, rows = await world.store.read(read)
    after = Version(text(wish))
    scope = scope_of(stack, parse(after.template), after, rows)
    named = {row.logical_id: row for row in rows}
    found = changes(Update(stack.goal, after, named, scope, world.cloud.types))
    return {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"] for one in found}


@worlds
@given(wishes(), wishes())
async def test_what_is_foretold_happens(before: Wanted, after: Wanted) -> None:
    async with World(Cloud()) as world:
        await world.create(before)
        told = await foretold(world, after)
        ids = {thing["logical"]: id for id, (_, thing) in world.cloud.things.items()}
        world.cloud.told.clear()
        assert (await world.update(after)).status == StackStatus.UPDATE_COMPLETE
        now = {thing["logical"]: id for id, (_, thing) in world.cloud.things.items()}
        of = {action: {name for name, one in told.items() if one["Action"] == action} for action in ACTIONS}
        assert of["Add"] == set(after) - set(before)
        assert of["Remove"] == set(before) - set(after)
        replaced = {name for name in set(before) & set(after) if ids[name] != now[name]}
        sure = {name for name in of["Modify"] if told[name]["Replacement"] == "True"}
        perhaps = {name for name in of["Modify"] if told[name]["Replacement"] == "Conditional"}
        assert sure <= replaced <= sure | perhaps
        updated = {name for verb, name in world.cloud.told if verb == "update"}
        assert updated <= of["Modify"] - sure


ACTIONS = ("Add", "Modify", "Remove")
