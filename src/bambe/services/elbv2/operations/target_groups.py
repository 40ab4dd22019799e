"""CreateTargetGroup, DescribeTargetGroups, ModifyTargetGroup, DeleteTargetGroup, attributes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import ValidationError
from bambe.kernel.ids import hex_id
from bambe.kernel.tags import to_dict
from bambe.services.elbv2 import checks, lookup, network
from bambe.services.elbv2.errors import (
    DuplicateTargetGroupNameException,
    ResourceInUseException,
    TargetGroupNotFoundException,
    UnsupportedProtocolException,
)
from bambe.services.elbv2.model import GROUP_DEFAULTS, TargetGroup
from bambe.services.elbv2.paging import paged
from bambe.services.elbv2.shapes import group_shape
from bambe.services.elbv2.tables import BALANCERS, GROUPS, TARGETS, used_groups

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        CreateTargetGroupInputTypeDef,
        DeleteTargetGroupInputTypeDef,
        DescribeTargetGroupAttributesInputTypeDef,
        DescribeTargetGroupsInputTypeDef,
        ModifyTargetGroupAttributesInputTypeDef,
        ModifyTargetGroupInputTypeDef,
    )

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
MATCHER = re.compile(r"\d{3}(?:[,-]\d{3})*")
NUMBERS = {
    "deregistration_delay.timeout_seconds": (0, 3600),
    "slow_start.duration_seconds": (0, 900),
    "stickiness.lb_cookie.duration_seconds": (1, 604800),
}
WORDS = {
    "load_balancing.algorithm.type": ("round_robin", "least_outstanding_requests", "weighted_random"),
    "load_balancing.algorithm.anomaly_mitigation": ("on", "off"),
    "stickiness.enabled": ("true", "false"),
    "stickiness.type": ("lb_cookie", "app_cookie"),
}
CHECKS = {
    "HealthCheckProtocol": "check_protocol",
    "HealthCheckPort": "check_port",
    "HealthCheckPath": "check_path",
    "HealthCheckIntervalSeconds": "check_interval",
    "HealthCheckTimeoutSeconds": "check_timeout",
    "HealthyThresholdCount": "healthy",
    "UnhealthyThresholdCount": "unhealthy",
}


async def create_target_group(call: Call, request: CreateTargetGroupInputTypeDef) -> Answer:
    row = _wanted(call, request)
    if row.vpc:
        await network.check_vpc(call, row.vpc)

    def create(tx: Tx) -> TargetGroup:
        found = GROUPS.list(tx, account=call.account, region=call.region, name=row.name)
        if not found:
            GROUPS.insert(tx, row)
            return row
        if replace(found[0], id="", attributes={}, tags={}) != replace(row, id="", attributes={}, tags={}):
            raise DuplicateTargetGroupNameException(
                f"A target group with the same name '{row.name}' exists, but with different settings"
            )
        return found[0]

    return {"TargetGroups": [group_shape(await call.store.write(create), [])]}


async def describe_target_groups(call: Call, request: DescribeTargetGroupsInputTypeDef) -> Answer:
    arns, names = request.get("TargetGroupArns"), request.get("Names")
    balancer = request.get("LoadBalancerArn")

    def read(tx: Tx) -> list[Answer]:
        if balancer:
            lookup.balancer(tx, call, balancer)
        rows = (
            [lookup.group(tx, call, arn) for arn in arns]
            if arns
            else GROUPS.list(tx, account=call.account, region=call.region)
        )
        used = _users(tx, call)
        shown = [group_shape(row, used.get(row.arn, [])) for row in rows if not names or row.name in names]
        return [one for one in shown if not balancer or balancer in one["LoadBalancerArns"]]

    shown = await call.store.read(read)
    missing = sorted(set(names or ()) - {one["TargetGroupName"] for one in shown})
    if missing:
        raise TargetGroupNotFoundException("One or more target groups not found")
    return paged("TargetGroups", shown, request)


async def modify_target_group(call: Call, request: ModifyTargetGroupInputTypeDef) -> Answer:
    def modify(tx: Tx) -> Answer:
        row = replace(lookup.group(tx, call, request["TargetGroupArn"]), **_check_fields(request))
        _check(row)
        GROUPS.update(tx, row)
        return group_shape(row, _users(tx, call).get(row.arn, []))

    return {"TargetGroups": [await call.store.write(modify)]}


async def delete_target_group(call: Call, request: DeleteTargetGroupInputTypeDef) -> Answer:
    arn = request["TargetGroupArn"]

    def delete(tx: Tx) -> None:
        row = GROUPS.find(tx, call.account, call.region, arn.rsplit("/", 1)[-1])
        if row is None:
            return
        if arn in used_groups(tx, call.account, call.region):
            raise ResourceInUseException(f"Target group '{arn}' is currently in use by a listener or a rule")
        for target in TARGETS.list(tx, account=call.account, region=call.region, group=row.id):
            TARGETS.delete(tx, *target.key)
        GROUPS.delete(tx, call.account, call.region, row.id)

    await call.store.write(delete)
    return {}


async def describe_target_group_attributes(
    call: Call, request: DescribeTargetGroupAttributesInputTypeDef
) -> Answer:
    row = await call.store.read(lambda tx: lookup.group(tx, call, request["TargetGroupArn"]))
    return {"Attributes": [{"Key": key, "Value": value} for key, value in sorted(row.attributes.items())]}


async def modify_target_group_attributes(
    call: Call, request: ModifyTargetGroupAttributesInputTypeDef
) -> Answer:
    fresh = {str(one.get("Key")): str(one.get("Value", "")) for one in request["Attributes"]}
    _check_attributes(fresh)

    def modify(tx: Tx) -> TargetGroup:
        row = lookup.group(tx, call, request["TargetGroupArn"])
        changed = replace(row, attributes={**row.attributes, **fresh})
        GROUPS.update(tx, changed)
        return changed

    row = await call.store.write(modify)
    return {"Attributes": [{"Key": key, "Value": value} for key, value in sorted(row.attributes.items())]}


def _wanted(call: Call, request: CreateTargetGroupInputTypeDef) -> TargetGroup:
    name, kind = request["Name"], request.get("TargetType", "instance")
    if not NAME.fullmatch(name):
        raise ValidationError(
            f"The target group name '{name}' must have at most 32 letters, digits and hyphens,"
            " and must not begin or end with a hyphen"
        )
    if kind != "ip":
        raise ValidationError(
            f"Target type '{kind}' is not supported by Bambe: tasks are targets of type 'ip'"
        )
    protocol = request.get("Protocol", "")
    if protocol not in ("HTTP", "HTTPS"):
        raise UnsupportedProtocolException(f"Protocol '{protocol}' is not one of HTTP, HTTPS")
    if "Port" not in request:
        raise ValidationError("A port must be specified")
    row = TargetGroup(
        account=call.account,
        region=call.region,
        id=hex_id(16),
        name=name,
        protocol=protocol,
        port=request["Port"],
        vpc=request.get("VpcId", ""),
        protocol_version=request.get("ProtocolVersion", "HTTP1"),
        attributes=dict(GROUP_DEFAULTS),
        tags=to_dict(request.get("Tags", ())),
    )
    row = replace(row, **{"check_protocol": protocol, **_check_fields(request)})
    _check(row)
    return row


def _check_fields(request: Any) -> dict[str, Any]:
    fields = {field: request[member] for member, field in CHECKS.items() if member in request}
    if "Matcher" in request:
        fields["matcher"] = request["Matcher"].get("HttpCode", "200")
    if request.get("HealthCheckEnabled") is False:
        raise ValidationError("Health check enabled must be true for target groups with target type 'ip'")
    return fields


def _check(row: TargetGroup) -> None:
    if row.check_timeout >= row.check_interval:
        raise ValidationError(
            f"Health check timeout '{row.check_timeout}' must be smaller than"
            f" the interval '{row.check_interval}'"
        )
    if row.check_protocol not in ("HTTP", "HTTPS"):
        raise ValidationError(f"Health check protocol '{row.check_protocol}' must be HTTP or HTTPS")
    if not MATCHER.fullmatch(row.matcher) or not all(map(_is_range, row.matcher.split(","))):
        raise ValidationError(
            f"Health check matcher HTTP code '{row.matcher}' must be within '200' and '499' inclusive"
        )
    if not row.check_path.startswith("/"):
        raise ValidationError(f"Health check path '{row.check_path}' must begin with '/'")
    if row.check_port != "traffic-port" and not checks.is_port(row.check_port):
        raise ValidationError(
            f"Health check port '{row.check_port}' must be 'traffic-port' or a number from 1 to 65535"
        )


def _is_range(said: str) -> bool:
    """A code, or two in order, of those a load balancer may take for healthy."""
    codes = [int(one) for one in said.split("-")]
    return len(codes) <= 2 and codes == sorted(codes) and all(200 <= one <= 499 for one in codes)


def _check_attributes(fresh: dict[str, str]) -> None:
    for key, value in fresh.items():
        if key not in GROUP_DEFAULTS:
            raise ValidationError(f"Target group attribute key '{key}' is not recognized")
        if value not in WORDS.get(key, (value,)):
            raise ValidationError(f"'{key}' must be one of {', '.join(WORDS[key])}, not '{value}'")
        low, high = NUMBERS.get(key, (0, 0))
        if key in NUMBERS and not (value.isdigit() and low <= int(value) <= high):
            raise ValidationError(f"'{key}' must be between {low} and {high}, not '{value}'")


def _users(tx: Tx, call: Call) -> dict[str, list[str]]:
    """Target group ARN -> ARNs of load balancers whose rules forward to it."""
    used = used_groups(tx, call.account, call.region)
    arns = {row.id: row.arn for row in BALANCERS.list(tx, account=call.account, region=call.region)}
    return {group: [arns[balancer]] for group, balancer in used.items() if balancer in arns}
