"""A cloud of made-up resource types that may refuse, forget to answer, and remembers what it was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceType, Wish

THING = "Test::Cloud::Thing"


class Killed(Exception):
    """The daemon died here."""


class LimitExceeded(AwsError):
    """A service that does not want to."""


class StillInUse(AwsError):
    """A service that does not want to yet."""


LIMIT = timedelta(hours=1)


@dataclass
class Cloud:
    """What exists: id -> (token, properties). `deaths` counts calls down; at 0 the caller dies after it.

    Half of the next `slow` questions whether something is ready are denied, and all while `stuck`; the next
    `busy` deletions are refused, and the next `lingering` questions whether something is gone are denied.
    """

    things: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    slow: int = 0
    stuck: bool = False
    busy: int = 0
    lingering: int = 0
    deaths: list[int] = field(default_factory=list)
    calls: int = 0

    @property
    def types(self) -> Mapping[str, ResourceType]:
        declared = ResourceType(
            name=THING,
            properties=frozenset({"Value", "Name", "Needs"}),
            replaces=frozenset({"Name"}),
            create=self._create,
            update=self._update,
            delete=self._delete,
            ready=self._ready,
            gone=self._gone,
            busy=frozenset({"StillInUse"}),
            limit=LIMIT,
        )
        return {THING: declared}

    def values(self) -> dict[str, tuple[Any, Any]]:
        """Logical id -> (name, value) of everything there is."""
        return {
            one["logical"]: (one.get("Name"), one.get("Value")) for _, (_, one) in sorted(self.things.items())
        }

    async def _create(self, aws: Aws, wish: Wish) -> Made:
        self._call()
        self._check(wish.properties)
        found = next((one for one, (token, _) in self.things.items() if token == wish.token), None)
        if found is None:
            needs = wish.properties.get("Needs", [])
            assert all(one in self.things for one in needs), "made before what it needs"
            found = f"id-{wish.logical_id}-{wish.token[:8]}"
            self.things[found] = (wish.token, {**wish.properties, "logical": wish.logical_id})
            self.told.append(("create", wish.logical_id))
        self._die()
        return Made(found, {"Id": found})

    async def _update(self, aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
        self._call()
        self._check(wish.properties)
        assert made.physical_id in self.things, "updated though it is not there"
        token, _ = self.things[made.physical_id]
        self.things[made.physical_id] = (token, {**wish.properties, "logical": wish.logical_id})
        self.told.append(("update", wish.logical_id))
        self._die()
        return made

    async def _delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        self._call()
        for _, thing in self.things.values():
            assert made.physical_id not in thing.get("Needs", []), "deleted though it is needed"
        self.busy -= 1
        if self.busy >= 0 and made.physical_id in self.things:
            raise StillInUse(f"{made.physical_id} is in use")
        if self.things.pop(made.physical_id, None):
            self.told.append(("delete", made.physical_id.split("-")[1]))
        self._die()

    async def _ready(self, aws: Aws, made: Made, properties: Properties) -> bool:
        if self.stuck:
            return False
        self.slow -= 1
        return self.slow < 0 or self.slow % 2 == 0

    async def _gone(self, aws: Aws, made: Made, properties: Properties) -> bool:
        self.lingering -= 1
        return self.lingering < 0

    def _check(self, properties: Properties) -> None:
        if properties.get("Value") in self.refuses:
            raise LimitExceeded(f"no more {properties['Value']}")

    def _call(self) -> None:
        self.calls += 1
        if 2 * self.calls in self.deaths:
            raise Killed

    def _die(self) -> None:
        if 2 * self.calls + 1 in self.deaths:
            raise Killed
