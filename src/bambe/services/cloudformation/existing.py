"""Parameters of AWS-specific types: their values must name what is there."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from bambe.kernel.call import Aws
from bambe.kernel.errors import ValidationError
from bambe.services.cloudformation.parameters import SSM, typed
from bambe.services.cloudformation.template import Template

SPECIFIC = re.compile(r"(?:List<)?(AWS::(?!SSM::)[\w:]+)>?")
SHOWN = {
    "AWS::EC2::VPC::Id": ("describe_vpcs", "vpc-id", "Vpcs", "VpcId"),
    "AWS::EC2::Subnet::Id": ("describe_subnets", "subnet-id", "Subnets", "SubnetId"),
    "AWS::EC2::SecurityGroup::Id": ("describe_security_groups", "group-id", "SecurityGroups", "GroupId"),
}
"""Of each type whose ids are looked up: the operation, its filter, and where it answers the ids."""


async def check_existing(aws: Aws, template: Template, values: Mapping[str, str]) -> None:
    """ValidationError in AWS's words for parameters whose value is empty or names what is not there.

    `values` are the parameters' values, SSM's already looked up.
    """
    problems = [
        problem
        for name, value in typed(template, values).items()
        if (kind := _kind(str(template.parameters[name]["Type"])))
        for problem in await _problems(aws, name, kind, value if isinstance(value, list) else [value])
    ]
    if problems:
        raise ValidationError(f"Parameter validation failed: {', '.join(problems)}")


def _kind(declared: str) -> str:
    """The AWS-specific type of a parameter's value or of each of its values, or nothing."""
    within = SSM.fullmatch(declared)
    found = SPECIFIC.fullmatch(within[1] if within else declared)
    return found[1] if found else ""


async def _problems(aws: Aws, name: str, kind: str, ids: list[str]) -> list[str]:
    there = await _there(aws, kind, [one for one in ids if one])
    absent = [one for one in ids or [""] if one not in there]
    return [f"parameter value {one}{' ' if one else ''}for parameter name {name} does not exist"
            for one in absent]  # fmt: skip


async def _there(aws: Aws, kind: str, ids: list[str]) -> Collection[str]:
    """Those of `ids` that are there; all where nobody looks them up."""
    if kind not in SHOWN or not ids:
        return ids
    operation, by, member, key = SHOWN[kind]
    answer = await getattr(aws.ec2, operation)(Filters=[{"Name": by, "Values": ids}])
    return {str(one[key]) for one in answer[member]}
