"""Uploads under way: each a file that grows, with its digest computed as it comes."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bambe.engines.registry.errors import DigestInvalid, UploadInvalid, UploadUnknown
from bambe.engines.registry.http import PIECE
from bambe.engines.registry.layout import Layout, hex_of
from bambe.kernel.clock import Clock

PUSH_LIMIT = 3600.0
"""Seconds that a push may take between its first blob and its manifest, and an upload between its pieces."""


@dataclass(slots=True)
class Upload:
    """One upload to a repository's directory; `lock` keeps its pieces in order; the last came at `since`."""

    id: str
    repository: Path
    file: Path
    since: datetime
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)


class Uploads:
    """All uploads of a registry; a restart forgets them, and clients begin anew."""

    def __init__(self, layout: Layout, clock: Clock) -> None:
        self._layout = layout
        self._clock = clock
        self._open: dict[str, Upload] = {}

    def begin(self, repository: Path) -> Upload:
        """A new upload to `repository`. Those that nobody goes on with are forgotten."""
        now = self._clock.now()
        old = now - timedelta(seconds=PUSH_LIMIT)
        for one in [one for one in self._open.values() if one.since < old and not one.lock.locked()]:
            self.cancel(one)
        number = secrets.token_hex(16)
        upload = Upload(number, repository, self._layout.uploads / number, now)
        upload.file.touch()
        self._open[number] = upload
        return upload

    def get(self, number: str, repository: Path) -> Upload:
        """An upload under way; UploadUnknown."""
        upload = self._open.get(number)
        if upload is None or upload.repository != repository:
            raise UploadUnknown(f"there is no upload {number}")
        return upload

    async def append(self, upload: Upload, pieces: AsyncIterator[bytes], start: int | None = None) -> None:
        """Write what comes, off the event loop in large pieces; what came before a break is kept.

        UploadInvalid when `start` is given and is not where the upload ends.
        """
        waiting, size = [], 0
        async with upload.lock:
            if start not in (None, upload.size):
                raise UploadInvalid(f"the next byte is {upload.size}, not {start}")
            try:
                async for piece in pieces:
                    waiting.append(piece)
                    size += len(piece)
                    if size >= PIECE:
                        await asyncio.to_thread(_write, upload, b"".join(waiting))
                        waiting, size = [], 0
            finally:
                upload.since = self._clock.now()
                if waiting:
                    await asyncio.to_thread(_write, upload, b"".join(waiting))

    async def finish(self, upload: Upload, digest: str) -> None:
        """Make the upload a blob; DigestInvalid when it is another's."""
        self._open.pop(upload.id, None)
        await asyncio.to_thread(self._finish, upload, digest)

    def cancel(self, upload: Upload) -> None:
        """Forget an upload."""
        self._open.pop(upload.id, None)
        upload.file.unlink(missing_ok=True)

    def _finish(self, upload: Upload, digest: str) -> None:
        with upload.file.open("rb") as file:
            os.fsync(file.fileno())
        if upload.digest.hexdigest() != hex_of(digest):
            upload.file.unlink()
            raise DigestInvalid(f"the content is sha256:{upload.digest.hexdigest()}, not {digest}")
        self._layout.adopt(upload.file, digest)


def _write(upload: Upload, data: bytes) -> None:
    with upload.file.open("ab") as file:
        file.write(data)
    upload.digest.update(data)
    upload.size += len(data)
