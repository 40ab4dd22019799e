"""The loop that issues requested certificates, and renews them before they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bambe.control import Key, Reconciler
from bambe.kernel.call import Site, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.moves import check_move
from bambe.services.acm.model import MOVES, Certificate, Status
from bambe.services.acm.tables import CERTIFICATES

if TYPE_CHECKING:
    from bambe.services.acm.authority import Authority, Issued

RENEW_BEFORE = timedelta(days=60)
"""ACM begins to renew 60 days before the end (ACM: managed renewal)."""


class IssueLoop:
    """Keys are (account, region, certificate id)."""

    name = "acm.issue"

    def __init__(self, store: Store, clock: Clock, directory: Path) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory

    @cached_property
    def _authority(self) -> Authority:
        from bambe.services.acm.authority import (
            Authority,
        )  # cryptography: for those who have certificates only

        return Authority(self._directory)

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [key] if table == CERTIFICATES.name else []

    async def keys(self) -> Iterable[Key]:
        rows = await self._store.read(CERTIFICATES.list)
        return [(row.account, row.region, row.id) for row in rows if self._is_due(row)]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """The certificate stays pending; the next pass tries again."""

    async def reconcile(self, key: Key) -> datetime | None:
        row = await self._store.read(lambda tx: CERTIFICATES.find(tx, *key))
        if row is None or not self._is_due(row):
            return None
        now = self._clock.now()
        issued = await asyncio.to_thread(lambda: self._authority.issue(row.names, row.algorithm, now))
        await self._store.write(lambda tx: _put(tx, key, issued, now))
        return None

    def _is_due(self, row: Certificate) -> bool:
        if row.imported:
            return False
        return row.not_after is None or row.not_after - RENEW_BEFORE <= self._clock.now()


def _put(tx: Tx, key: Key, issued: Issued, now: datetime) -> None:
    from bambe.services.acm.authority import read

    row = CERTIFICATES.find(tx, *key)
    if row is None:
        return
    certificate = read(issued.certificate)
    check_move(MOVES, row.status, Status.ISSUED)
    fresh = replace(
        row,
        status=Status.ISSUED,
        certificate=issued.certificate,
        chain=issued.chain,
        key=issued.key,
        serial=f"{certificate.serial_number:x}",
        issuer=certificate.issuer.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        issued_at=row.issued_at or now,
    )
    CERTIFICATES.update(tx, fresh)


def reconcilers(store: Store, clock: Clock, site: Site) -> Sequence[Reconciler]:
    """The loop of certificates."""
    return [IssueLoop(store, clock, Path(site.state) / "ca")]
