"""Operations: submitted with the change they stand for, moved only by the loop."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bambe.kernel.call import Call, Tx
from bambe.kernel.ids import upper_id
from bambe.kernel.moves import check_move
from bambe.services.servicediscovery.model import (
    MOVES,
    UNDER_WAY,
    Namespace,
    Operation,
    OperationStatus,
    OperationType,
    Service,
)
from bambe.services.servicediscovery.tables import OPERATIONS


def fresh_id(prefix: str) -> str:
    """`ns-` or `srv-` and sixteen lower-case letters and digits."""
    return f"{prefix}-{upper_id(16).lower()}"


def submit(
    tx: Tx,
    call: Call,
    what: OperationType,
    namespace: Namespace,
    service: Service | None = None,
    instance: str = "",
) -> None:
    """Record an operation under the id the changed row carries; see `new_operation`."""
    raise NotImplementedError


def under_way(tx: Tx, account: str, region: str, name: str) -> bool:
    """Whether the operation has still to come true."""
    found = OPERATIONS.find(tx, account, region, name)
    return found is not None and found.status in UNDER_WAY


def advance(row: Operation, to: OperationStatus, now: datetime, code: str = "", why: str = "") -> Operation:
    """The operation moved on; itself when it is there already."""
    if not check_move(MOVES, row.status, to):
        return row
    return replace(row, status=to, updated_at=now, error_code=code, error_message=why)
