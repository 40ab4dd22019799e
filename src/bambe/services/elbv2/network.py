"""Whether the subnets and security groups of a load balancer go together, as AWS asks of them."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Call
from bambe.kernel.errors import AwsError, ValidationError
from bambe.services.elbv2.errors import (
    InvalidConfigurationRequestException,
    InvalidSecurityGroupException,
    InvalidSubnetException,
    SubnetNotFoundException,
)

TWO = "At least two subnets in two different Availability Zones must be specified"


async def placed(call: Call, request: Any, scheme: str) -> tuple[str, dict[str, str]]:
    """The VPC and subnet -> zone of a request: two zones at least, one subnet in each, all in one VPC, which
    has a way in where the load balancer faces the internet."""
    wanted = list(request.get("Subnets", ())) or [
        one["SubnetId"] for one in request.get("SubnetMappings", ())
    ]
    if not wanted:
        raise ValidationError(TWO)
    try:
        found = (await call.aws.ec2.describe_subnets(SubnetIds=wanted))["Subnets"]
    except AwsError as error:
        if error.wire_code() != "InvalidSubnetID.NotFound":
            raise
        raise SubnetNotFoundException(error.message) from error
    vpc = str(found[0]["VpcId"])
    if any(one["VpcId"] != vpc for one in found):
        raise InvalidConfigurationRequestException("All subnets must belong to the same VPC")
    zones = {one["SubnetId"]: one["AvailabilityZone"] for one in found}
    if len(set(zones.values())) < len(zones):
        raise InvalidConfigurationRequestException(
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
        )
    if len(zones) < 2:
        raise ValidationError(TWO)
    if scheme == "internet-facing":
        attached = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
        if not (await call.aws.ec2.describe_internet_gateways(Filters=attached))["InternetGateways"]:
            raise InvalidSubnetException(f"VPC {vpc} has no internet gateway")
    return vpc, {subnet: zones[subnet] for subnet in wanted}


async def check_groups(call: Call, vpc: str, groups: list[str]) -> None:
    """InvalidSecurityGroup where one is not there or of another VPC."""
    if not groups:
        return
    try:
        found = (await call.aws.ec2.describe_security_groups(GroupIds=groups))["SecurityGroups"]
    except AwsError as error:
        if error.wire_code() != "InvalidGroup.NotFound":
            raise
        raise InvalidSecurityGroupException("One or more security groups are invalid") from error
    if any(one["VpcId"] != vpc for one in found):
        raise InvalidSecurityGroupException("One or more security groups are invalid")


async def check_vpc(call: Call, vpc: str) -> None:
    """ValidationError where a target group's VPC is not there."""
    try:
        await call.aws.ec2.describe_vpcs(VpcIds=[vpc])
    except AwsError as error:
        if error.wire_code() != "InvalidVpcID.NotFound":
            raise
        raise ValidationError(f"The VPC ID '{vpc}' is not found") from error
