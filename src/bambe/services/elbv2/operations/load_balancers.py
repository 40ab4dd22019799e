"""CreateLoadBalancer, DescribeLoadBalancers, DeleteLoadBalancer, attributes, subnets, security groups."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import AwsError, ValidationError
from bambe.kernel.ids import digest_id, hex_id
from bambe.kernel.tags import to_dict
from bambe.services.elbv2 import lookup, network
from bambe.services.elbv2.errors import (
    DuplicateLoadBalancerNameException,
    InvalidConfigurationRequestException,
    LoadBalancerNotFoundException,
    OperationNotPermittedException,
    TooManyLoadBalancersException,
)
from bambe.services.elbv2.model import BALANCER_DEFAULTS, LoadBalancer
from bambe.services.elbv2.paging import paged
from bambe.services.elbv2.shapes import balancer_shape
from bambe.services.elbv2.tables import BALANCERS, LISTENERS, RULES

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        CreateLoadBalancerInputTypeDef,
        DeleteLoadBalancerInputTypeDef,
        DescribeLoadBalancerAttributesInputTypeDef,
        DescribeLoadBalancersInputTypeDef,
        ModifyLoadBalancerAttributesInputTypeDef,
        SetSecurityGroupsInputTypeDef,
        SetSubnetsInputTypeDef,
    )

NAME = re.compile(r"(?!internal-)[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?")

SECONDS = {"idle_timeout.timeout_seconds": (1, 4000), "client_keep_alive.seconds": (60, 604800)}
MODES = {
    "routing.http.desync_mitigation_mode": ("monitor", "defensive", "strictest"),
    "routing.http.xff_header_processing.mode": ("append", "preserve", "remove"),
}
LIMIT = 50
"""Load balancers per region (ELB quotas)."""


async def create_load_balancer(call: Call, request: CreateLoadBalancerInputTypeDef) -> Answer:
    name = request["Name"]
    if not NAME.fullmatch(name):
        raise ValidationError(
            f"The load balancer name '{name}' must have at most 32 letters, digits and hyphens,"
            " and must not begin or end with a hyphen"
        )
    if request.get("Type", "application") != "application":
        raise ValidationError("Bambe has application load balancers only")
    scheme, groups = request.get("Scheme", "internet-facing"), list(request.get("SecurityGroups", ()))
    vpc, subnets = await network.placed(call, request, scheme)
    await network.check_groups(call, vpc, groups)
    row = LoadBalancer(
        account=call.account,
        region=call.region,
        id=hex_id(16),
        name=name,
        number=str(int(digest_id(call.account, call.region, name, length=8), 16)),
        created_at=call.clock.now(),
        scheme=scheme,
        vpc=vpc,
        subnets=subnets,
        security_groups=groups,
        attributes=dict(BALANCER_DEFAULTS),
        tags=to_dict(request.get("Tags", ())),
    )

    def create(tx: Tx) -> LoadBalancer:
        found = BALANCERS.list(tx, account=call.account, region=call.region, name=name)
        if not found:
            if len(BALANCERS.list(tx, account=call.account, region=call.region)) >= LIMIT:
                raise TooManyLoadBalancersException(f"A region can have at most {LIMIT} load balancers")
            BALANCERS.insert(tx, row)
            return row
        if found[0].subnets != row.subnets or found[0].scheme != row.scheme:
            raise DuplicateLoadBalancerNameException(
                f"A load balancer with the same name '{name}' exists, but with different settings"
            )
        return found[0]  # AWS: creating the same again answers the first

    return {"LoadBalancers": [balancer_shape(await call.store.write(create))]}


async def describe_load_balancers(call: Call, request: DescribeLoadBalancersInputTypeDef) -> Answer:
    arns, names = request.get("LoadBalancerArns"), request.get("Names")

    def read(tx: Tx) -> list[LoadBalancer]:
        if arns:
            return [lookup.balancer(tx, call, arn) for arn in arns]
        rows = BALANCERS.list(tx, account=call.account, region=call.region)
        return [row for row in rows if not names or row.name in names]

    rows = await call.store.read(read)
    missing = sorted(set(names or ()) - {row.name for row in rows})
    if missing:
        raise LoadBalancerNotFoundException(f"Load balancers '[{', '.join(missing)}]' not found")
    return paged("LoadBalancers", [balancer_shape(row) for row in rows], request)


async def delete_load_balancer(call: Call, request: DeleteLoadBalancerInputTypeDef) -> Answer:
    arn = request["LoadBalancerArn"]

    def delete(tx: Tx) -> str:
        row = BALANCERS.find(tx, call.account, call.region, arn.rsplit("/", 1)[-1])
        if row is None:
            return ""  # AWS: deleting what is gone succeeds
        if row.attributes["deletion_protection.enabled"] == "true":
            raise OperationNotPermittedException(
                f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
            )
        for listener in LISTENERS.list(tx, account=call.account, region=call.region, balancer=row.id):
            LISTENERS.delete(tx, call.account, call.region, listener.id)
        for rule in RULES.list(tx, account=call.account, region=call.region, balancer=row.id):
            RULES.delete(tx, call.account, call.region, rule.id)
        BALANCERS.delete(tx, call.account, call.region, row.id)
        return row.certificate

    certificate = await call.store.write(delete)
    if certificate:
        await _forget(call, certificate)
    return {}


async def _forget(call: Call, certificate: str) -> None:
    """Delete the load balancer's own certificate, which nobody else uses."""
    try:
        await call.aws.acm.delete_certificate(CertificateArn=certificate)
    except AwsError as error:
        if error.wire_code() != "ResourceNotFoundException":
            raise


async def describe_load_balancer_attributes(
    call: Call, request: DescribeLoadBalancerAttributesInputTypeDef
) -> Answer:
    row = await call.store.read(lambda tx: lookup.balancer(tx, call, request["LoadBalancerArn"]))
    return {"Attributes": [{"Key": key, "Value": value} for key, value in sorted(row.attributes.items())]}


async def modify_load_balancer_attributes(
    call: Call, request: ModifyLoadBalancerAttributesInputTypeDef
) -> Answer:
    fresh = {one["Key"]: one.get("Value", "") for one in request["Attributes"]}
    unknown = sorted(set(fresh) - set(BALANCER_DEFAULTS))
    if unknown:
        raise ValidationError(f"Load balancer attribute key '{unknown[0]}' is not recognized")
    for key, value in fresh.items():
        _check_attribute(key, value)

    def modify(tx: Tx) -> LoadBalancer:
        row = lookup.balancer(tx, call, request["LoadBalancerArn"])
        changed = replace(row, attributes={**row.attributes, **fresh})
        BALANCERS.update(tx, changed)
        return changed

    row = await call.store.write(modify)
    return {"Attributes": [{"Key": key, "Value": value} for key, value in sorted(row.attributes.items())]}


def _check_attribute(key: str, value: str) -> None:
    if key in SECONDS:
        low, high = SECONDS[key]
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            raise ValidationError(f"'{key}' must be between {low} and {high}, not '{value}'")
    elif key in MODES:
        if value not in MODES[key]:
            raise ValidationError(f"'{key}' must be one of {', '.join(MODES[key])}, not '{value}'")
    elif not key.endswith((".bucket", ".prefix")) and value not in ("true", "false"):
        raise ValidationError(f"'{key}' must be true or false, not '{value}'")


async def set_security_groups(call: Call, request: SetSecurityGroupsInputTypeDef) -> Answer:
    groups = list(request["SecurityGroups"])
    known = await call.store.read(lambda tx: lookup.balancer(tx, call, request["LoadBalancerArn"]))
    await network.check_groups(call, known.vpc, groups)

    def write(tx: Tx) -> None:
        row = lookup.balancer(tx, call, request["LoadBalancerArn"])
        BALANCERS.update(tx, replace(row, security_groups=groups))

    await call.store.write(write)
    return {"SecurityGroupIds": groups}


async def set_subnets(call: Call, request: SetSubnetsInputTypeDef) -> Answer:
    known = await call.store.read(lambda tx: lookup.balancer(tx, call, request["LoadBalancerArn"]))
    vpc, subnets = await network.placed(call, request, known.scheme)
    if vpc != known.vpc:
        raise InvalidConfigurationRequestException(f"All subnets must belong to the same VPC '{known.vpc}'")

    def write(tx: Tx) -> LoadBalancer:
        row = replace(lookup.balancer(tx, call, request["LoadBalancerArn"]), subnets=subnets)
        BALANCERS.update(tx, row)
        return row

    shown = balancer_shape(await call.store.write(write))
    return {"AvailabilityZones": shown["AvailabilityZones"], "IpAddressType": "ipv4"}
