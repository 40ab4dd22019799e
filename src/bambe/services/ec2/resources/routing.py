"""AWS::EC2::RouteTable, Route and SubnetRouteTableAssociation."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceType, Wish
from bambe.services.ec2.resources.words import BUSY, LEAVING, once, retag, said, specifications, unless

DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
TARGETS = (
    "CarrierGatewayId",
    "EgressOnlyInternetGatewayId",
    "GatewayId",
    "InstanceId",
    "LocalGatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "TransitGatewayId",
    "VpcEndpointId",
    "VpcPeeringConnectionId",
)


async def _create_table(aws: Aws, wish: Wish) -> Made:
    async def create() -> Any:
        answer = await aws.ec2.create_route_table(
            VpcId=wish.properties["VpcId"], TagSpecifications=specifications(wish, "route-table")
        )
        return answer["RouteTable"]

    id = str((await once(wish, aws.ec2.describe_route_tables, "RouteTables", create))["RouteTableId"])
    return Made(id, {"RouteTableId": id})


async def _update_table(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    await retag(aws, made.physical_id, wish)
    return made


async def _delete_table(aws: Aws, made: Made, properties: Properties) -> None:
    request = aws.ec2.delete_route_table(RouteTableId=made.physical_id)
    await unless(("InvalidRouteTableID.NotFound",), request)


async def _create_route(aws: Aws, wish: Wish) -> Made:
    request = said(wish.properties, "RouteTableId", *DESTINATIONS, *TARGETS)
    try:
        await aws.ec2.create_route(**request)
    except AwsError as error:
        # An earlier try of this creation made it, where it leads through the same gateway.
        if error.wire_code() != "RouteAlreadyExists" or not await _is_there(aws, request):
            raise
    return _made_route(wish.properties)


async def _is_there(aws: Aws, request: dict[str, Any]) -> bool:
    found = await aws.ec2.describe_route_tables(RouteTableIds=[request["RouteTableId"]])
    wanted = {key: value for key, value in request.items() if key != "RouteTableId"}
    return any(wanted.items() <= one.items() for one in found["RouteTables"][0]["Routes"])


async def _update_route(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    await aws.ec2.replace_route(**said(wish.properties, "RouteTableId", *DESTINATIONS, *TARGETS))
    return _made_route(wish.properties)


def _made_route(properties: Properties) -> Made:
    to = next((str(properties[name]) for name in DESTINATIONS if properties.get(name)), "")
    return Made(f"{properties['RouteTableId']}|{to}", {"CidrBlock": to})


async def _delete_route(aws: Aws, made: Made, properties: Properties) -> None:
    request = aws.ec2.delete_route(**said(properties, "RouteTableId", *DESTINATIONS))
    await unless(("InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"), request)


async def _associate(aws: Aws, wish: Wish) -> Made:
    """A subnet that uses another table changes to this one: AWS's handler may replace associations (as the
    permissions in its schema say), and an update to another table could not work otherwise."""
    table, subnet = wish.properties["RouteTableId"], wish.properties["SubnetId"]
    request = aws.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    answer = await unless(("Resource.AlreadyAssociated",), request)
    id = answer["AssociationId"] if answer else await _move(aws, subnet, table)
    return Made(id, {"Id": id})


async def _move(aws: Aws, subnet: str, table: str) -> str:
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (there,) = (await aws.ec2.describe_route_tables(Filters=filters))["RouteTables"]
    (link,) = (one for one in there["Associations"] if one.get("SubnetId") == subnet)
    answer = await aws.ec2.replace_route_table_association(
        AssociationId=link["RouteTableAssociationId"], RouteTableId=table
    )
    return str(answer["NewAssociationId"])


async def _disassociate(aws: Aws, made: Made, properties: Properties) -> None:
    request = aws.ec2.disassociate_route_table(AssociationId=made.physical_id)
    await unless(("InvalidAssociationID.NotFound",), request)


ASSOCIATION = frozenset({"RouteTableId", "SubnetId"})
ROUTING = (
    ResourceType(
        name="AWS::EC2::RouteTable",
        properties=frozenset({"Tags", "VpcId"}),
        required=frozenset({"VpcId"}),
        replaces=frozenset({"VpcId"}),
        create=_create_table,
        update=_update_table,
        delete=_delete_table,
        busy=BUSY,
        limit=LEAVING,
    ),
    ResourceType(
        name="AWS::EC2::Route",
        properties=frozenset({"RouteTableId", *DESTINATIONS, *TARGETS}),
        required=frozenset({"RouteTableId"}),
        replaces=frozenset({"RouteTableId", *DESTINATIONS}),
        create=_create_route,
        update=_update_route,
        delete=_delete_route,
    ),
    ResourceType(
        name="AWS::EC2::SubnetRouteTableAssociation",
        properties=ASSOCIATION,
        required=ASSOCIATION,
        replaces=ASSOCIATION,
        create=_associate,
        delete=_disassociate,
    ),
)
