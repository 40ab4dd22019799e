"""The loops that expire images by lifecycle policies, and take from the registry what ECR no longer has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from bambe.control import Key, Reconciler
from bambe.engines.registry.port import Pusher, Registry
from bambe.kernel.call import Aws, Site, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import NotThere
from bambe.services.ecr import lifecycle
from bambe.services.ecr.kept import not_kept
from bambe.services.ecr.model import Image, Removal, Repository
from bambe.services.ecr.tables import IMAGES, REMOVALS, REPOSITORIES, images_of

ALL: Key = ("all",)
EVERY = timedelta(hours=1)
"""AWS evaluates policies within a day."""


class RemovalLoop:
    """One key: removals are few, and blobs are collected after all of them."""

    name = "ecr.removals"

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [ALL] if table == REMOVALS.name else []

    async def keys(self) -> Iterable[Key]:
        return [ALL]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """The rows stay; the next pass tries again."""

    async def reconcile(self, key: Key) -> datetime | None:
        rows = await self._store.read(REMOVALS.list)
        for row in rows:
            await self._remove(row)
        if rows:
            await self._registry.collect()
        return None

    async def _remove(self, row: Removal) -> None:
        who, place = Pusher(row.account, row.region), REMOVALS.key_of(row)

        async def still() -> bool:
            return await self._store.read(lambda tx: REMOVALS.find(tx, *place)) is not None

        try:
            if row.reference:
                await self._registry.delete(who, row.repository, row.reference, still)
            else:
                await self._registry.delete_repository(who, row.repository, still)
        except NotThere:
            pass  # gone already
        await self._store.write(lambda tx: REMOVALS.delete(tx, *place))


class LifecycleLoop:
    """One key per repository."""

    name = "ecr.lifecycle"

    def __init__(self, store: Store, clock: Clock, aws: Aws, site: Site) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws
        self._site = site

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [key] if table == REPOSITORIES.name else []

    async def keys(self) -> Iterable[Key]:
        """None: every repository is looked at each hour from the start on, not at each resync."""
        return []

    async def listen(self, wake: Callable[[Key], None]) -> None:
        for row in await self._store.read(REPOSITORIES.list):
            wake(REPOSITORIES.key_of(row))

    async def failed(self, key: Key, error: Exception) -> None:
        """Nothing expires; the next pass tries again."""

    async def reconcile(self, key: Key) -> datetime | None:
        row, images = await self._store.read(lambda tx: _with_images(tx, key))
        if row is None or not row.lifecycle:
            return None
        try:
            rules = lifecycle.read(row.lifecycle)
        except lifecycle.BadPolicy:
            return None  # of a version that did not check them
        parts = lifecycle.parts(images)
        found = [
            one.image
            for one in lifecycle.expiries(rules, images, self._clock.now())
            if one.image.digest not in parts
        ]
        if found:
            aws = self._aws.within(row.account, row.region)
            gone = await not_kept(aws, f"{self._site.registry}/{row.name}", found)
            await self._store.write(lambda tx: _expire(tx, gone))
        return self._clock.now() + EVERY


def _with_images(tx: Tx, key: Key) -> tuple[Repository | None, list[Image]]:
    row = REPOSITORIES.find(tx, *key)
    return row, images_of(tx, row) if row else []


def _expire(tx: Tx, images: Sequence[Image]) -> None:
    for image in images:
        # One that was tagged or pushed again meanwhile is judged anew.
        if IMAGES.find(tx, *IMAGES.key_of(image)) == image:
            IMAGES.delete(tx, *IMAGES.key_of(image))
            REMOVALS.put(tx, Removal(image.account, image.region, image.repository, image.digest))


def reconcilers(store: Store, clock: Clock, registry: Registry, aws: Aws, site: Site) -> Sequence[Reconciler]:
    """The loops of removals and of lifecycle policies."""
    return [RemovalLoop(store, registry), LifecycleLoop(store, clock, aws, site)]
