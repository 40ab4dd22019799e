"""AWS::EC2::VPCEndpoint and FlowLog."""

from __future__ import annotations

import json
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties, ResourceFailed, ResourceType, Wish
from bambe.services.ec2.resources.words import retag, said, specifications, truth, unless

ENDPOINT = ("ServiceName", "VpcEndpointType", "VpcId")
LISTS = ("RouteTableIds", "SecurityGroupIds", "SubnetIds")
FLOW_LOG = (
    "DeliverLogsPermissionArn",
    "DestinationOptions",
    "LogDestination",
    "LogDestinationType",
    "LogFormat",
    "LogGroupName",
    "MaxAggregationInterval",
    "ResourceType",
    "TrafficType",
)


async def _create_endpoint(aws: Aws, wish: Wish) -> Made:
    answer = await aws.ec2.create_vpc_endpoint(
        **said(wish.properties, *ENDPOINT, *LISTS),
        **_policy(wish.properties),
        # CloudFormation's default is no private DNS, the API's is to have it.
        **_private_dns(wish.properties),
        ClientToken=wish.token,
        TagSpecifications=specifications(wish, "vpc-endpoint"),
    )
    return _made_endpoint(answer["VpcEndpoint"])


def _policy(properties: Properties) -> dict[str, str]:
    said = properties.get("PolicyDocument")
    return {"PolicyDocument": said if isinstance(said, str) else json.dumps(said)} if said else {}


def _private_dns(properties: Properties) -> dict[str, bool]:
    if properties.get("VpcEndpointType", "Gateway") == "Gateway":
        return {}
    return {"PrivateDnsEnabled": truth(properties.get("PrivateDnsEnabled", False))}


async def _update_endpoint(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    changes: dict[str, Any] = {**_private_dns(wish.properties)}
    policy = _policy(wish.properties)
    changes |= policy if policy else {"ResetPolicy": True}
    for name in LISTS:
        had, has = set(old.get(name) or ()), set(wish.properties.get(name) or ())
        if had != has:
            changes |= {f"Add{name}": sorted(has - had), f"Remove{name}": sorted(had - has)}
    await aws.ec2.modify_vpc_endpoint(VpcEndpointId=made.physical_id, **changes)
    await retag(aws, made.physical_id, wish)
    return _made_endpoint(await _endpoint(aws, made))


def _made_endpoint(shown: Any) -> Made:
    attributes = {
        "CreationTimestamp": str(shown["CreationTimestamp"]),
        "DnsEntries": [f"{one['HostedZoneId']}:{one['DnsName']}" for one in shown["DnsEntries"]],
        "Id": shown["VpcEndpointId"],
        "NetworkInterfaceIds": shown["NetworkInterfaceIds"],
    }
    return Made(shown["VpcEndpointId"], attributes)


async def _endpoint(aws: Aws, made: Made) -> Any:
    request = aws.ec2.describe_vpc_endpoints(VpcEndpointIds=[made.physical_id])
    answer = await unless(("InvalidVpcEndpointId.NotFound",), request)
    return answer["VpcEndpoints"][0] if answer else None


async def _endpoint_ready(aws: Aws, made: Made, properties: Properties) -> bool:
    shown = await _endpoint(aws, made)
    if shown is None or shown["State"] == "deleting":
        raise ResourceFailed(f"The VPC endpoint {made.physical_id} is gone")
    return bool(shown["State"] == "available")


async def _endpoint_gone(aws: Aws, made: Made, properties: Properties) -> bool:
    return await _endpoint(aws, made) is None


async def _delete_endpoint(aws: Aws, made: Made, properties: Properties) -> None:
    await aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[made.physical_id])


async def _create_log(aws: Aws, wish: Wish) -> Made:
    request = said(wish.properties, *FLOW_LOG)
    if "MaxAggregationInterval" in request:
        request["MaxAggregationInterval"] = int(request["MaxAggregationInterval"])
    answer = await aws.ec2.create_flow_logs(
        **request,
        ResourceIds=[wish.properties["ResourceId"]],
        ClientToken=wish.token,
        TagSpecifications=specifications(wish, "vpc-flow-log"),
    )
    if answer["Unsuccessful"]:
        error = answer["Unsuccessful"][0]["Error"]
        raise ResourceFailed(f"{error['Message']} (Service: Ec2, Error Code: {error['Code']})")
    return Made(answer["FlowLogIds"][0], {"Id": answer["FlowLogIds"][0]})


async def _update_log(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    await retag(aws, made.physical_id, wish)
    return made


async def _delete_log(aws: Aws, made: Made, properties: Properties) -> None:
    await aws.ec2.delete_flow_logs(FlowLogIds=[made.physical_id])


ENDPOINTS = (
    ResourceType(
        name="AWS::EC2::VPCEndpoint",
        properties=frozenset({*ENDPOINT, *LISTS, "PolicyDocument", "PrivateDnsEnabled", "Tags"}),
        required=frozenset({"ServiceName", "VpcId"}),
        replaces=frozenset(ENDPOINT),
        create=_create_endpoint,
        update=_update_endpoint,
        delete=_delete_endpoint,
        ready=_endpoint_ready,
        gone=_endpoint_gone,
    ),
    ResourceType(
        name="AWS::EC2::FlowLog",
        properties=frozenset({*FLOW_LOG, "ResourceId", "Tags"}),
        required=frozenset({"ResourceId", "ResourceType"}),
        replaces=frozenset({*FLOW_LOG, "ResourceId"}),
        create=_create_log,
        update=_update_log,
        delete=_delete_log,
    ),
)
