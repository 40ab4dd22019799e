"""Security groups: made, described, deleted when nothing uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.tags import to_list
from bambe.services.ec2 import in_use
from bambe.services.ec2.defaults import Network
from bambe.services.ec2.errors import CannotDelete, DependencyViolation, InvalidGroupDuplicate
from bambe.services.ec2.group_shapes import arn, shown
from bambe.services.ec2.groups import ANYWHERE, SecurityGroup, check_group
from bambe.services.ec2.lookup import GROUPS, VPCS
from bambe.services.ec2.naming import named_group
from bambe.services.ec2.requests import described, fresh_id, tags_of

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        CreateSecurityGroupRequestTypeDef,
        DeleteSecurityGroupRequestTypeDef,
        DescribeSecurityGroupsRequestTypeDef,
    )


def _of_rules(direction: str, member: str) -> Any:
    return lambda one: [str(getattr(rule, member)) for rule in one.rules(direction)]


FIELDS: Any = {
    "description": lambda one: [one.description],
    "egress.ip-permission.cidr": _of_rules("egress", "source"),
    "egress.ip-permission.from-port": _of_rules("egress", "from_port"),
    "egress.ip-permission.group-id": _of_rules("egress", "source"),
    "egress.ip-permission.protocol": _of_rules("egress", "protocol"),
    "egress.ip-permission.to-port": _of_rules("egress", "to_port"),
    "group-id": lambda one: [one.id],
    "group-name": lambda one: [one.name],
    "ip-permission.cidr": _of_rules("ingress", "source"),
    "ip-permission.from-port": _of_rules("ingress", "from_port"),
    "ip-permission.group-id": _of_rules("ingress", "source"),
    "ip-permission.protocol": _of_rules("ingress", "protocol"),
    "ip-permission.to-port": _of_rules("ingress", "to_port"),
    "owner-id": lambda one: [one.account],
    "vpc-id": lambda one: [one.vpc],
}


async def create_security_group(call: Call, request: CreateSecurityGroupRequestTypeDef) -> Answer:
    name, description = request["GroupName"], request["Description"]
    check_group(name, description)
    tags = tags_of(request, GROUPS)

    def create(tx: Tx) -> SecurityGroup:
        vpc = VPCS.get(tx, call, request.get("VpcId") or Network(call.account, call.region).vpc).id
        if any(one.name == name and one.vpc == vpc for one in GROUPS.rows(tx, call)):
            raise InvalidGroupDuplicate(f"The security group '{name}' already exists for VPC '{vpc}'")
        group = SecurityGroup(
            account=call.account,
            region=call.region,
            id=fresh_id(GROUPS),
            name=name,
            description=description,
            vpc=vpc,
            egress=[ANYWHERE],
            tags=tags,
        )
        GROUPS.table.insert(tx, group)
        return group

    group = await call.store.write(create)
    return {"GroupId": group.id, "Tags": to_list(group.tags), "SecurityGroupArn": arn(group)}


async def describe_security_groups(call: Call, request: DescribeSecurityGroupsRequestTypeDef) -> Answer:
    names = request.get("GroupNames")

    def shape(tx: Tx, row: SecurityGroup) -> Answer:
        return shown(row)

    fields = {**FIELDS}
    answer = await described(call, request, GROUPS, ("GroupIds", "SecurityGroups"), fields, shape)
    if names:
        answer["SecurityGroups"] = [one for one in answer["SecurityGroups"] if one["GroupName"] in names]
    return answer


async def delete_security_group(call: Call, request: DeleteSecurityGroupRequestTypeDef) -> Answer:
    users = await in_use.outside(call)

    def delete(tx: Tx) -> str:
        group = named_group(tx, call, request)
        if group.is_default:
            raise CannotDelete(
                f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
            )
        if group.id in users or in_use.is_named(tx, call, group.id):
            raise DependencyViolation(f"resource {group.id} has a dependent object")
        GROUPS.table.delete(tx, *GROUPS.table.key_of(group))
        return group.id

    return {"Return": True, "GroupId": await call.store.write(delete)}
