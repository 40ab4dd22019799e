"""What ECR answers the registry: who may come in, which repositories there are, which pushes count."""

from __future__ import annotations

from dataclasses import replace

from bambe.engines.registry.port import Pushed, Pusher
from bambe.kernel.call import Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.ecr.model import Image
from bambe.services.ecr.passwords import USERNAME, hashed
from bambe.services.ecr.tables import IMAGES, PASSWORDS, REMOVALS, REPOSITORIES


class EcrPolicy:
    """Implements engines.registry.port.RegistryPolicy on ECR's tables."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def authorize(self, username: str, password: str) -> Pusher | None:
        if username != USERNAME:
            return None
        found = await self._store.read(lambda tx: PASSWORDS.find(tx, hashed(password)))
        if found is None or found.expires_at <= self._clock.now():
            return None
        return Pusher(found.account, found.region)

    async def has_repository(self, who: Pusher, name: str) -> bool:
        return await self._store.read(lambda tx: _is_open(tx, who, name))

    async def refusal(self, who: Pusher, pushed: Pushed) -> str:
        return await self._store.read(lambda tx: _refusal(tx, who, pushed))

    async def pushing(self, who: Pusher, pushed: Pushed) -> str:
        return await self._store.write(lambda tx: self._record(tx, who, pushed))

    def _record(self, tx: Tx, who: Pusher, pushed: Pushed) -> str:
        if refusal := _refusal(tx, who, pushed):
            return refusal
        where = (who.account, who.region, pushed.repository)
        holder = _holder(tx, who, pushed)
        if holder is not None and holder.digest != pushed.digest:
            IMAGES.update(tx, replace(holder, tags=[tag for tag in holder.tags if tag != pushed.tag]))
        image = IMAGES.find(tx, *where, pushed.digest) or Image(
            *where, pushed.digest, pushed.media_type, pushed.size, pushed.manifest, self._clock.now()
        )
        tags = {*image.tags, pushed.tag} - {""}
        IMAGES.put(tx, replace(image, tags=sorted(tags)))
        # What is pushed again is no longer to be removed.
        REMOVALS.delete(tx, *where, pushed.digest)
        REMOVALS.delete(tx, *where, pushed.tag)
        return ""


def _refusal(tx: Tx, who: Pusher, pushed: Pushed) -> str:
    """Why a push does not count, in ECR's words, or ""."""
    repository = REPOSITORIES.find(tx, who.account, who.region, pushed.repository)
    if repository is None or not _is_open(tx, who, pushed.repository):
        return f"The repository with name '{pushed.repository}' does not exist"
    holder = _holder(tx, who, pushed)
    if holder is None or holder.digest == pushed.digest or not repository.is_fixed(pushed.tag):
        return ""
    return (
        f"The image tag '{pushed.tag}' already exists in the '{pushed.repository}' repository"
        " and cannot be overwritten because the tag is immutable."
    )


def _holder(tx: Tx, who: Pusher, pushed: Pushed) -> Image | None:
    """The image that has the tag now."""
    named = {"account": who.account, "region": who.region, "repository": pushed.repository}
    return next((one for one in IMAGES.list(tx, **named) if pushed.tag in one.tags), None)


def _is_open(tx: Tx, who: Pusher, name: str) -> bool:
    """Whether the repository is there and empty of what one of its name had before it was deleted."""
    where = (who.account, who.region, name)
    return REPOSITORIES.find(tx, *where) is not None and REMOVALS.find(tx, *where, "") is None
