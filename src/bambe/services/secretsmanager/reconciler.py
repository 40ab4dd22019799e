"""The loop that removes secrets whose recovery window is over."""

from __future__ import annotations

from collections.abc import Sequence

from bambe.control import Expiry, Reconciler
from bambe.kernel.call import Store
from bambe.kernel.clock import Clock
from bambe.services.secretsmanager.tables import SECRETS, delete


def reconcilers(store: Store, clock: Clock) -> Sequence[Reconciler]:
    """The loop of deleted secrets."""
    return [Expiry("secretsmanager.expiry", store, clock, SECRETS, delete)]
