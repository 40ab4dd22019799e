"""Route tables and which subnets use them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.ids import hex_id
from bambe.kernel.tags import to_list
from bambe.services.ec2.errors import (
    DependencyViolation,
    InvalidAssociationIDNotFound,
    InvalidParameterValue,
    ResourceAlreadyAssociated,
)
from bambe.services.ec2.filters import yes
from bambe.services.ec2.lookup import ROUTE_TABLES, SUBNETS, VPCS
from bambe.services.ec2.model import LOCAL, MAIN, Association, Route, RouteTable
from bambe.services.ec2.requests import described, fresh_id, tags_of
from bambe.services.ec2.routing import shown_route

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        AssociateRouteTableRequestTypeDef,
        CreateRouteTableRequestTypeDef,
        DeleteRouteTableRequestTypeDef,
        DescribeRouteTablesRequestTypeDef,
        DisassociateRouteTableRequestTypeDef,
        ReplaceRouteTableAssociationRequestTypeDef,
    )


def _targets(prefix: str) -> Any:
    return lambda one: [route.target for route in one.routes if route.target.startswith(prefix)]


FIELDS: Any = {
    "association.main": lambda one: {yes(link.subnet == MAIN)[0] for link in one.associations},
    "association.route-table-association-id": lambda one: [link.id for link in one.associations],
    "association.route-table-id": lambda one: [one.id] if one.associations else [],
    "association.subnet-id": lambda one: [link.subnet for link in one.associations if link.subnet],
    "owner-id": lambda one: [one.account],
    "route-table-id": lambda one: [one.id],
    "route.destination-cidr-block": lambda one: [route.destination for route in one.routes],
    "route.gateway-id": _targets(""),
    "route.nat-gateway-id": _targets("nat-"),
    "vpc-id": lambda one: [one.vpc],
}


async def create_route_table(call: Call, request: CreateRouteTableRequestTypeDef) -> Answer:
    token, tags = request.get("ClientToken", ""), tags_of(request, ROUTE_TABLES)

    def create(tx: Tx) -> RouteTable:
        vpc = VPCS.get(tx, call, request["VpcId"])
        for known in ROUTE_TABLES.rows(tx, call):
            if token and known.token == token:
                return known
        row = RouteTable(
            account=call.account,
            region=call.region,
            id=fresh_id(ROUTE_TABLES),
            vpc=vpc.id,
            routes=[Route(vpc.cidr, LOCAL, is_from_creation=True)],
            token=token,
            tags=tags,
        )
        ROUTE_TABLES.table.insert(tx, row)
        return row

    row = await call.store.write(create)
    shown = await call.store.read(lambda tx: _shown(tx, call, row))
    return {"RouteTable": shown, **({"ClientToken": token} if token else {})}


async def describe_route_tables(call: Call, request: DescribeRouteTablesRequestTypeDef) -> Answer:
    members = ("RouteTableIds", "RouteTables")
    return await described(
        call, request, ROUTE_TABLES, members, FIELDS, lambda tx, row: _shown(tx, call, row)
    )


async def delete_route_table(call: Call, request: DeleteRouteTableRequestTypeDef) -> Answer:
    def delete(tx: Tx) -> None:
        row = ROUTE_TABLES.get(tx, call, request["RouteTableId"])
        if row.associations:
            raise DependencyViolation(f"The routeTable '{row.id}' has dependencies and cannot be deleted.")
        ROUTE_TABLES.table.delete(tx, *ROUTE_TABLES.table.key_of(row))

    await call.store.write(delete)
    return {}


async def associate_route_table(call: Call, request: AssociateRouteTableRequestTypeDef) -> Answer:
    if not request.get("SubnetId"):
        raise NotImplementedByBambe("Bambe has no route tables of gateways.")

    def associate(tx: Tx) -> Association:
        row = ROUTE_TABLES.get(tx, call, request["RouteTableId"])
        subnet = _of_network(tx, call, row, request["SubnetId"])
        for table in ROUTE_TABLES.rows(tx, call):
            for known in (one for one in table.associations if one.subnet == subnet):
                if table.id == row.id:
                    return known
                raise ResourceAlreadyAssociated(
                    f"the specified association for route table {row.id} conflicts with an existing "
                    "association"
                )
        made = Association(f"rtbassoc-{hex_id(17)}", subnet)
        _put(tx, row, [*row.associations, made])
        return made

    made = await call.store.write(associate)
    return {"AssociationId": made.id, "AssociationState": {"State": "associated"}}


async def disassociate_route_table(call: Call, request: DisassociateRouteTableRequestTypeDef) -> Answer:
    def disassociate(tx: Tx) -> None:
        row, known = _find(tx, call, request["AssociationId"])
        if known.subnet == MAIN:
            raise InvalidParameterValue(f"cannot disassociate the main route table association {known.id}")
        _put(tx, row, [one for one in row.associations if one != known])

    await call.store.write(disassociate)
    return {}


async def replace_route_table_association(
    call: Call, request: ReplaceRouteTableAssociationRequestTypeDef
) -> Answer:
    def change(tx: Tx) -> Association:
        old, known = _find(tx, call, request["AssociationId"])
        new = ROUTE_TABLES.get(tx, call, request["RouteTableId"])
        if new.vpc != old.vpc:
            raise InvalidParameterValue(
                f"Route table {new.id} and association {known.id} belong to different networks"
            )
        if new.id == old.id:
            return known
        made = Association(f"rtbassoc-{hex_id(17)}", known.subnet)
        _put(tx, old, [one for one in old.associations if one != known])
        _put(tx, new, [*new.associations, made])
        return made

    made = await call.store.write(change)
    return {"NewAssociationId": made.id, "AssociationState": {"State": "associated"}}


def _of_network(tx: Tx, call: Call, row: RouteTable, subnet: str) -> str:
    """The subnet, which must be one of the table's VPC."""
    if SUBNETS.get(tx, call, subnet).vpc != row.vpc:
        raise InvalidParameterValue(f"Route table {row.id} and subnet {subnet} belong to different networks")
    return subnet


def _find(tx: Tx, call: Call, association: str) -> tuple[RouteTable, Association]:
    for table in ROUTE_TABLES.rows(tx, call):
        for known in table.associations:
            if known.id == association:
                return table, known
    raise InvalidAssociationIDNotFound(f"The association ID '{association}' does not exist")


def _put(tx: Tx, row: RouteTable, associations: list[Association]) -> None:
    ROUTE_TABLES.table.put(tx, replace(row, associations=associations))


def _shown(tx: Tx, call: Call, row: RouteTable) -> Answer:
    associations = [
        {
            "Main": one.subnet == MAIN,
            "RouteTableId": row.id,
            "RouteTableAssociationId": one.id,
            "AssociationState": {"State": "associated"},
            **({"SubnetId": one.subnet} if one.subnet else {}),
        }
        for one in row.associations
    ]
    return {
        "RouteTableId": row.id,
        "VpcId": row.vpc,
        "OwnerId": row.account,
        "Associations": associations,
        "PropagatingVgws": [],
        "Routes": [shown_route(tx, call, one) for one in row.routes],
        "Tags": to_list(row.tags),
    }
