"""Routes of route tables: made, replaced, deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.ec2 import routing
from bambe.services.ec2.errors import InvalidParameterValue, InvalidRouteNotFound, RouteAlreadyExists
from bambe.services.ec2.lookup import ROUTE_TABLES
from bambe.services.ec2.model import LOCAL, Route, RouteTable

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        CreateRouteRequestTypeDef,
        DeleteRouteRequestTypeDef,
        ReplaceRouteRequestTypeDef,
    )


async def create_route(call: Call, request: CreateRouteRequestTypeDef) -> Answer:
    to = routing.destination(request)

    def create(tx: Tx) -> None:
        table = ROUTE_TABLES.get(tx, call, request["RouteTableId"])
        if _known(table, to):
            raise RouteAlreadyExists(f"The route identified by {to} already exists.")
        route = Route(to, routing.target(tx, call, table, request))
        ROUTE_TABLES.table.put(tx, replace(table, routes=[*table.routes, route]))

    await call.store.write(create)
    return {"Return": True}


async def replace_route(call: Call, request: ReplaceRouteRequestTypeDef) -> Answer:
    to = routing.destination(request)

    def change(tx: Tx) -> None:
        table = ROUTE_TABLES.get(tx, call, request["RouteTableId"])
        known = _known(table, to)
        if known is None:
            raise InvalidParameterValue(
                f"There is no route defined for '{to}' in the route table. Use CreateRoute instead."
            )
        route = replace(known, target=routing.target(tx, call, table, request))
        routes = [route if one == known else one for one in table.routes]
        ROUTE_TABLES.table.put(tx, replace(table, routes=routes))

    await call.store.write(change)
    return {}


async def delete_route(call: Call, request: DeleteRouteRequestTypeDef) -> Answer:
    to = routing.destination(request)

    def delete(tx: Tx) -> None:
        table = ROUTE_TABLES.get(tx, call, request["RouteTableId"])
        known = _known(table, to)
        if known is None:
            raise InvalidRouteNotFound(f"no route with destination-cidr-block {to} in route table {table.id}")
        if known.target == LOCAL and known.is_from_creation:
            raise InvalidParameterValue(f"cannot remove local route {to} in route table {table.id}")
        ROUTE_TABLES.table.put(tx, replace(table, routes=[one for one in table.routes if one != known]))

    await call.store.write(delete)
    return {}


def _known(table: RouteTable, destination: str) -> Route | None:
    return next((one for one in table.routes if one.destination == destination), None)
