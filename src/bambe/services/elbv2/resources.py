"""ELBv2's CloudFormation types: LoadBalancer, Listener, ListenerRule, TargetGroup."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceType, Wish
from bambe.kernel.tags import to_list
from bambe.services.elbv2.errors import (
    DuplicateLoadBalancerNameException,
    DuplicateTargetGroupNameException,
)

TOKEN = "bambe:creation"
GONE = ("LoadBalancerNotFound", "ListenerNotFound", "RuleNotFound", "TargetGroupNotFound")
BALANCER = ("IpAddressType", "Name", "Scheme", "SecurityGroups", "SubnetMappings", "Subnets", "Type")
LISTENER = ("Certificates", "DefaultActions", "LoadBalancerArn", "Port", "Protocol", "SslPolicy")
RULE = ("Actions", "Conditions", "ListenerArn", "Priority")
CHECKS = (
    "HealthCheckEnabled",
    "HealthCheckIntervalSeconds",
    "HealthCheckPath",
    "HealthCheckPort",
    "HealthCheckProtocol",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "Matcher",
    "UnhealthyThresholdCount",
)
GROUP = (*CHECKS, "IpAddressType", "Name", "Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId")
INTEGERS = ("Port", "Priority", "HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds")
COUNTS = ("HealthyThresholdCount", "UnhealthyThresholdCount", "Weight", "Order", "DurationSeconds")


async def _create_balancer(aws: Aws, wish: Wish) -> Made:
    request = {"Name": _short(wish.name), **_request(wish.properties, BALANCER)}
    found = (await aws.elbv2.describe_load_balancers())["LoadBalancers"]
    named = [one["LoadBalancerArn"] for one in found if one["LoadBalancerName"] == request["Name"]]
    arn = await _of_token(aws, wish, named)
    if arn is None and named:
        raise DuplicateLoadBalancerNameException(
            f"A load balancer with the same name '{request['Name']}' exists"
        )
    if arn is None:
        answer = await aws.elbv2.create_load_balancer(**request, Tags=_tags(wish))
        arn = str(answer["LoadBalancers"][0]["LoadBalancerArn"])
    await _balancer_attributes(aws, arn, wish.properties)
    return await _made_balancer(aws, arn)


async def _update_balancer(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    arn = made.physical_id
    if wish.properties.get("SecurityGroups") != old.get("SecurityGroups"):
        await aws.elbv2.set_security_groups(
            LoadBalancerArn=arn, SecurityGroups=wish.properties.get("SecurityGroups", [])
        )
    if wish.properties.get("Subnets") != old.get("Subnets"):
        await aws.elbv2.set_subnets(LoadBalancerArn=arn, Subnets=wish.properties["Subnets"])
    await _balancer_attributes(aws, arn, wish.properties)
    await _retag(aws, arn, wish)
    return await _made_balancer(aws, arn)


async def _balancer_attributes(aws: Aws, arn: str, properties: Properties) -> None:
    attributes = properties.get("LoadBalancerAttributes")
    if attributes:
        await aws.elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)


async def _made_balancer(aws: Aws, arn: str) -> Made:
    answer = await aws.elbv2.describe_load_balancers(LoadBalancerArns=[arn])
    found = answer["LoadBalancers"][0]
    attributes = {
        "CanonicalHostedZoneID": found["CanonicalHostedZoneId"],
        "DNSName": found["DNSName"],
        "LoadBalancerArn": arn,
        "LoadBalancerFullName": arn.split("loadbalancer/")[1],
        "LoadBalancerName": found["LoadBalancerName"],
        "SecurityGroups": found["SecurityGroups"],
    }
    return Made(arn, attributes)


async def _balancer_ready(aws: Aws, made: Made, properties: Properties) -> bool:
    answer = await aws.elbv2.describe_load_balancers(LoadBalancerArns=[made.physical_id])
    return bool(answer["LoadBalancers"][0]["State"]["Code"] == "active")


async def _delete_balancer(aws: Aws, made: Made, properties: Properties) -> None:
    await aws.elbv2.delete_load_balancer(LoadBalancerArn=made.physical_id)


async def _create_listener(aws: Aws, wish: Wish) -> Made:
    balancer = wish.properties["LoadBalancerArn"]
    found = await aws.elbv2.describe_listeners(LoadBalancerArn=balancer)
    arn = await _of_token(aws, wish, [one["ListenerArn"] for one in found["Listeners"]])
    if arn is None:
        request = _request(wish.properties, LISTENER)
        answer = await aws.elbv2.create_listener(**request, Tags=_tags(wish))
        arn = str(answer["Listeners"][0]["ListenerArn"])
    return Made(arn, {"ListenerArn": arn})


async def _update_listener(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    changed = _changed(wish.properties, old, LISTENER)
    if changed:
        await aws.elbv2.modify_listener(ListenerArn=made.physical_id, **changed)
    await _retag(aws, made.physical_id, wish)
    return made


async def _delete_listener(aws: Aws, made: Made, properties: Properties) -> None:
    await _unless_gone(aws.elbv2.delete_listener(ListenerArn=made.physical_id))


async def _create_rule(aws: Aws, wish: Wish) -> Made:
    listener = wish.properties["ListenerArn"]
    found = await aws.elbv2.describe_rules(ListenerArn=listener)
    arn = await _of_token(aws, wish, [one["RuleArn"] for one in found["Rules"] if not one["IsDefault"]])
    if arn is None:
        answer = await aws.elbv2.create_rule(**_request(wish.properties, RULE), Tags=_tags(wish))
        arn = str(answer["Rules"][0]["RuleArn"])
    return Made(arn, {"RuleArn": arn, "IsDefault": False})


async def _update_rule(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    # Only what the template changed: weights that a release has shifted stay as they are.
    changed = _changed(wish.properties, old, RULE)
    priority = changed.pop("Priority", None)
    if changed:
        await aws.elbv2.modify_rule(RuleArn=made.physical_id, **changed)
    if priority is not None:
        pair = {"RuleArn": made.physical_id, "Priority": priority}
        await aws.elbv2.set_rule_priorities(RulePriorities=[pair])
    await _retag(aws, made.physical_id, wish)
    return made


async def _delete_rule(aws: Aws, made: Made, properties: Properties) -> None:
    await _unless_gone(aws.elbv2.delete_rule(RuleArn=made.physical_id))


async def _create_group(aws: Aws, wish: Wish) -> Made:
    request = {"Name": _short(wish.name), **_request(wish.properties, GROUP)}
    found = (await aws.elbv2.describe_target_groups())["TargetGroups"]
    arn = await _of_token(
        aws, wish, [one["TargetGroupArn"] for one in found if one["TargetGroupName"] == request["Name"]]
    )
    if arn is None:
        if any(one["TargetGroupName"] == request["Name"] for one in found):
            raise DuplicateTargetGroupNameException(
                f"A target group with the same name '{request['Name']}' exists"
            )
        answer = await aws.elbv2.create_target_group(**request, Tags=_tags(wish))
        arn = str(answer["TargetGroups"][0]["TargetGroupArn"])
    await _group_attributes(aws, arn, wish.properties)
    return await _made_group(aws, arn)


async def _update_group(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    changed = _changed(wish.properties, old, CHECKS)
    if changed:
        await aws.elbv2.modify_target_group(TargetGroupArn=made.physical_id, **changed)
    await _group_attributes(aws, made.physical_id, wish.properties)
    await _retag(aws, made.physical_id, wish)
    return await _made_group(aws, made.physical_id)


async def _group_attributes(aws: Aws, arn: str, properties: Properties) -> None:
    attributes = properties.get("TargetGroupAttributes")
    if attributes:
        await aws.elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=attributes)


async def _made_group(aws: Aws, arn: str) -> Made:
    found = (await aws.elbv2.describe_target_groups(TargetGroupArns=[arn]))["TargetGroups"][0]
    attributes = {
        "LoadBalancerArns": found["LoadBalancerArns"],
        "TargetGroupArn": arn,
        "TargetGroupFullName": arn.split(":")[-1],
        "TargetGroupName": found["TargetGroupName"],
    }
    return Made(arn, attributes)


async def _delete_group(aws: Aws, made: Made, properties: Properties) -> None:
    await aws.elbv2.delete_target_group(TargetGroupArn=made.physical_id)


async def _of_token(aws: Aws, wish: Wish, arns: list[str]) -> str | None:
    """The one of `arns` that an earlier try of the same creation made."""
    if not arns:
        return None
    answer = await aws.elbv2.describe_tags(ResourceArns=arns)
    for said in answer["TagDescriptions"]:
        if {"Key": TOKEN, "Value": wish.token} in said["Tags"]:
            return str(said["ResourceArn"])
    return None


async def _retag(aws: Aws, arn: str, wish: Wish) -> None:
    """Give the resource the tags of the wish; the one of its creation stays."""
    said = (await aws.elbv2.describe_tags(ResourceArns=[arn]))["TagDescriptions"][0]["Tags"]
    had = {one["Key"]: one["Value"] for one in said if one["Key"] != TOKEN}
    wanted = _own_tags(wish)
    gone = sorted(had.keys() - wanted.keys())
    if gone:
        await aws.elbv2.remove_tags(ResourceArns=[arn], TagKeys=gone)
    if wanted.items() - had.items():
        await aws.elbv2.add_tags(ResourceArns=[arn], Tags=to_list(wanted))


async def _unless_gone(request: Awaitable[Any]) -> None:
    try:
        await request
    except AwsError as error:
        if error.wire_code() not in GONE:
            raise


def _tags(wish: Wish) -> list[dict[str, str]]:
    return to_list({**_own_tags(wish), TOKEN: wish.token})


def _own_tags(wish: Wish) -> dict[str, str]:
    return {**wish.tags, **{one["Key"]: one["Value"] for one in wish.properties.get("Tags", [])}}


def _request(properties: Properties, members: Iterable[str]) -> dict[str, Any]:
    return {key: _typed(key, properties[key]) for key in members if key in properties}


def _changed(new: Properties, old: Properties, members: Iterable[str]) -> dict[str, Any]:
    return {key: _typed(key, new[key]) for key in members if key in new and new[key] != old.get(key)}


def _typed(key: str, value: Any) -> Any:
    """Template values as the API wants them: numbers may have been written as text."""
    if key == "RedirectConfig":
        return {inner: str(one) for inner, one in value.items()}
    if isinstance(value, dict):
        return {inner: _typed(inner, one) for inner, one in value.items()}
    if isinstance(value, list):
        return [_typed(key, one) for one in value]
    if key in INTEGERS or key in COUNTS:
        return int(value) if key != "Port" or str(value).isdigit() else value
    if key in ("HealthCheckPort", "StatusCode"):
        return str(value)
    return value


def _short(name: str) -> str:
    """A generated name within ELB's 32 characters."""
    return name if len(name) <= 32 else f"{name[:19].rstrip('-')}-{name[-12:]}"


RESOURCES = (
    ResourceType(
        name="AWS::ElasticLoadBalancingV2::LoadBalancer",
        properties=frozenset({*BALANCER, "LoadBalancerAttributes", "Tags"}),
        replaces=frozenset({"Name", "Scheme", "Type"}),
        create=_create_balancer,
        update=_update_balancer,
        delete=_delete_balancer,
        ready=_balancer_ready,
    ),
    ResourceType(
        name="AWS::ElasticLoadBalancingV2::Listener",
        properties=frozenset({*LISTENER, "AlpnPolicy", "Tags"}),
        required=frozenset({"DefaultActions", "LoadBalancerArn"}),
        replaces=frozenset({"LoadBalancerArn"}),
        create=_create_listener,
        update=_update_listener,
        delete=_delete_listener,
    ),
    ResourceType(
        name="AWS::ElasticLoadBalancingV2::ListenerRule",
        properties=frozenset({*RULE, "Tags"}),
        required=frozenset({"Actions", "Conditions", "Priority"}),
        replaces=frozenset({"ListenerArn"}),
        create=_create_rule,
        update=_update_rule,
        delete=_delete_rule,
    ),
    ResourceType(
        name="AWS::ElasticLoadBalancingV2::TargetGroup",
        properties=frozenset({*GROUP, "TargetGroupAttributes", "Tags"}),
        replaces=frozenset({"Name", "Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId"}),
        create=_create_group,
        update=_update_group,
        delete=_delete_group,
    ),
)
