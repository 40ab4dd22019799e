"""DescribeAvailabilityZones: three in every region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call
from bambe.services.ec2.errors import InvalidParameterValue
from bambe.services.ec2.filters import filtered
from bambe.services.ec2.model import ZONES

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import DescribeAvailabilityZonesRequestTypeDef

FIELDS: Any = {
    "opt-in-status": lambda one: [one["OptInStatus"]],
    "region-name": lambda one: [one["RegionName"]],
    "state": lambda one: [one["State"]],
    "zone-id": lambda one: [one["ZoneId"]],
    "zone-name": lambda one: [one["ZoneName"]],
    "zone-type": lambda one: [one["ZoneType"]],
}


async def describe_availability_zones(call: Call, request: DescribeAvailabilityZonesRequestTypeDef) -> Answer:
    zones = [
        {
            "State": "available",
            "RegionName": call.region,
            "GroupName": call.region,
            "NetworkBorderGroup": call.region,
            "Messages": [],
            "ZoneName": call.region + letter,
            "ZoneId": f"{call.region}-az{number}",
            "ZoneType": "availability-zone",
            "OptInStatus": "opt-in-not-required",
        }
        for number, letter in enumerate(ZONES, 1)
    ]
    for member, parameter in (("ZoneName", "ZoneNames"), ("ZoneId", "ZoneIds")):
        wanted: Any = request.get(parameter)
        for name in set(wanted or ()) - {one[member] for one in zones}:
            raise InvalidParameterValue(f"Invalid availability zone: [{name}]")
        zones = [one for one in zones if not wanted or one[member] in wanted]
    return {"AvailabilityZones": filtered(zones, request.get("Filters"), FIELDS)}
