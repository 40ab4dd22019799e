"""Beginning an operation: the answer names it, and the loop of names ends it, where names are concerned."""

from __future__ import annotations

from bambe.kernel.call import Call, Tx
from bambe.kernel.ids import upper_id
from bambe.services.servicediscovery.model import (
    Namespace,
    Operation,
    OperationStatus,
    OperationType,
    Service,
)
from bambe.services.servicediscovery.tables import OPERATIONS


def submit(tx: Tx, call: Call, kind: OperationType, on: Namespace | Service, **targets: str) -> str:
    """Write an operation on `targets` (NAMESPACE, SERVICE, INSTANCE); its id.

    What concerns something found by the API alone (`on`) is done with the row: no name server takes part.
    """
    now = call.clock.now()
    row = Operation(
        account=call.account,
        region=call.region,
        id=f"{lower_id(32)}-{lower_id(8)}",
        type=kind,
        targets=targets,
        status=OperationStatus.SUBMITTED if on.has_dns else OperationStatus.SUCCESS,
        created_at=now,
        updated_at=now,
    )
    OPERATIONS.insert(tx, row)
    return row.id


def lower_id(length: int) -> str:
    """Lower-case letters and digits, as in `ns-…`, `srv-…` and operation ids."""
    return upper_id(length).lower()
