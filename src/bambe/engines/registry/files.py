"""The registry: images as files, served to Docker and its like."""

from __future__ import annotations

import asyncio
import logging
import shutil
from contextlib import suppress
from pathlib import Path
from weakref import WeakValueDictionary

from bambe.engines.registry import manifests
from bambe.engines.registry.api import Api
from bambe.engines.registry.errors import RegistryError
from bambe.engines.registry.layout import Layout, hex_of
from bambe.engines.registry.port import AsgiApp, Pusher, RegistryPolicy, Still, always
from bambe.engines.registry.uploads import PUSH_LIMIT
from bambe.kernel.clock import Clock, SystemClock
from bambe.kernel.errors import NotThere

log = logging.getLogger("bambe.engines.registry")


class FileRegistry:
    """Implements engines.registry.port.Registry with files below `root`."""

    def __init__(self, root: Path, clock: Clock | None = None) -> None:
        self._layout = Layout(root)
        self._clock = clock or SystemClock()
        self._locks: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()

    def app(self, policy: RegistryPolicy) -> AsgiApp:
        self._layout.prepare()
        return Api(self._layout, policy, self._changing, self._clock)

    async def manifest(self, who: Pusher, repository: str, reference: str) -> tuple[str, bytes]:
        directory = self._directory(who, repository)
        try:
            _, media_type, data = await asyncio.to_thread(manifests.get, self._layout, directory, reference)
        except RegistryError as error:
            raise NotThere(str(error)) from error
        return media_type, data

    async def delete(self, who: Pusher, repository: str, reference: str, still: Still = always) -> None:
        directory = self._directory(who, repository)
        async with self._changing(directory):
            if not await still():
                return
            try:
                await asyncio.to_thread(manifests.delete, directory, reference)
            except RegistryError as error:
                raise NotThere(str(error)) from error

    async def delete_repository(self, who: Pusher, repository: str, still: Still = always) -> None:
        directory = self._directory(who, repository)
        async with self._changing(directory):
            if not await still():
                return
            # Repositories below it (`a/b` below `a`) stay.
            for part in ("_tags", "_manifests", "_blobs"):
                await asyncio.to_thread(shutil.rmtree, directory / part, ignore_errors=True)

    async def collect(self) -> int:
        return await asyncio.to_thread(self._collect)

    def _changing(self, directory: Path) -> asyncio.Lock:
        return self._locks.setdefault(directory, asyncio.Lock())

    def _directory(self, who: Pusher, repository: str) -> Path:
        return self._layout.repository(who.account, who.region, repository)

    def _collect(self) -> int:
        """Remove blobs no manifest needs. A repository's mark for such a blob goes first."""
        needed: set[str] = set()
        marks: list[Path] = []
        for repository in self._layout.repositories():
            wanted = self._needed(repository)
            needed |= wanted
            marks += [mark for mark in (repository / "_blobs").glob("*") if mark.name not in wanted]
        old = self._clock.now().timestamp() - PUSH_LIMIT
        for mark in marks:
            with suppress(FileNotFoundError):  # a push or a removal took it meanwhile
                if mark.stat().st_mtime > old:
                    needed.add(mark.name)
                else:
                    mark.unlink()
        freed = 0
        for blob in self._layout.blobs():
            if blob.name not in needed and blob.stat().st_mtime <= old:
                freed += blob.stat().st_size
                blob.unlink()
        return freed

    def _needed(self, repository: Path) -> set[str]:
        found: set[str] = set()
        for manifest in (repository / "_manifests").glob("*"):
            if manifest.name.startswith("."):
                continue
            found.add(manifest.name)
            found |= self._parts(repository, f"sha256:{manifest.name}")
        return found

    def _parts(self, repository: Path, digest: str) -> set[str]:
        """The blobs a manifest needs; none when it cannot be read, which nobody can pull either."""
        try:
            manifest = manifests.parse(self._layout.blob(digest).read_bytes())
        except (FileNotFoundError, RegistryError) as error:
            log.warning("the manifest %s of %s cannot be read: %s", digest, repository, error)
            return set()
        return {hex_of(one) for one in manifests.blobs_of(manifest)}
