"""The loop that removes keys whose waiting period is over."""

from __future__ import annotations

from collections.abc import Sequence

from bambe.control import Expiry, Reconciler
from bambe.kernel.call import Store
from bambe.kernel.clock import Clock
from bambe.services.kms.tables import KEYS, delete


def reconcilers(store: Store, clock: Clock) -> Sequence[Reconciler]:
    """The loop of keys that go."""
    return [Expiry("kms.expiry", store, clock, KEYS, delete)]
