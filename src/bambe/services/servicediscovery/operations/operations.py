"""GetOperation and ListOperations: how far a request is that was answered before it was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call
from bambe.services.servicediscovery.errors import OperationNotFound
from bambe.services.servicediscovery.listing import filtered, paged
from bambe.services.servicediscovery.shapes import operation_shape
from bambe.services.servicediscovery.tables import OPERATIONS

if TYPE_CHECKING:
    from types_boto3_servicediscovery.type_defs import (
        GetOperationRequestTypeDef,
        ListOperationsRequestTypeDef,
    )

FIELDS = {
    "NAMESPACE_ID": lambda row: row.targets.get("NAMESPACE", ""),
    "SERVICE_ID": lambda row: row.targets.get("SERVICE", ""),
    "STATUS": lambda row: row.status.value,
    "TYPE": lambda row: row.type.value,
    "UPDATE_DATE": lambda row: str(row.updated_at.timestamp()),
}
CONDITIONS = {
    "NAMESPACE_ID": ("EQ", "IN"),
    "SERVICE_ID": ("EQ", "IN"),
    "STATUS": ("EQ", "IN"),
    "TYPE": ("EQ", "IN"),
    "UPDATE_DATE": ("BETWEEN",),
}


async def get_operation(call: Call, request: GetOperationRequestTypeDef) -> Answer:
    row = await call.store.read(
        lambda tx: OPERATIONS.find(tx, call.account, call.region, request["OperationId"])
    )
    if row is None:
        raise OperationNotFound(f"Operation not found: {request['OperationId']}")
    return {"Operation": operation_shape(row)}


async def list_operations(call: Call, request: ListOperationsRequestTypeDef) -> Answer:
    rows = await call.store.read(lambda tx: OPERATIONS.list(tx, account=call.account, region=call.region))
    kept = filtered(rows, request.get("Filters", ()), FIELDS, CONDITIONS)
    newest = sorted(kept, key=lambda row: row.created_at, reverse=True)
    return paged("Operations", [{"Id": row.id, "Status": row.status.value} for row in newest], request)
