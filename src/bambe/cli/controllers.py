"""Who releases a service, CodeDeploy or ECS: what of it bambe.yml can change, and what is gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from bambe.cli.definitions import is_by_ecs, live_services
from bambe.cli.shares import group_of, shares_of
from bambe.cli.stack_requests import KEEP
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble
from bambe.synth import native
from bambe.synth.names import COLOURS

GONE = {
    "DeploymentGroupDoesNotExistException": ("Group",),
    "ApplicationDoesNotExistException": ("Group", "Application"),
}
"""The resources of a service's stack that are gone, by CodeDeploy's error."""


def check_controllers(target: Target) -> None:
    """Trouble where bambe.yml wants of a service what cannot be while it is released as it is now.

    There is no way back from ECS to CodeDeploy; ECS takes a service over between two releases; and what is
    updated in place has the first target group alone.
    """
    alive = {one["serviceName"]: one for one in live_services(target, target.project.services)}
    _check_way_back(target, [one for one in alive if is_by_ecs(alive[one])])
    for service, shown in alive.items():
        if target.project.has_codedeploy(service):
            continue
        if not is_by_ecs(shown) and any(one["status"] == "ACTIVE" for one in shown.get("taskSets", ())):
            raise Trouble(
                f"{service}: CodeDeploy is releasing it, or keeps the old version still: ECS can take it over"
                f" once only one version runs (`bambe status {service}`)."
            )
        if target.project.is_rolling(service) and live_colour(target, shown) == COLOURS[1]:
            raise Trouble(
                f"{service}: its tasks are in the second of its two target groups, and `release: rolling`"
                f" leaves it the first: release it once more (`bambe deploy {service}`), then `bambe up`."
            )


def primary_targets(target: Target, service: str, stack: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the template of a service with a pair of target groups is told of their order.

    ECS is told of the one that has the traffic when it takes over from CodeDeploy. That stays so: another
    order would be another wish, and so a deployment.
    """
    if not native.has_pair(target.project, service):
        return {}
    if any(one["ParameterKey"] == native.PRIMARY for one in (stack or {}).get("Parameters", ())):
        return {native.PRIMARY: KEEP}
    found = [live_colour(target, one) for one in live_services(target, [service]) if not is_by_ecs(one)]
    return {native.PRIMARY: found[0] if found else COLOURS[0]}


def live_colour(target: Target, shown: Mapping[str, Any]) -> str:
    """Which of its two target groups has the traffic of a service, as DescribeServices shows it; blue where
    there is but one, or none."""
    second = target.names.target_group(shown["serviceName"], COLOURS[1])
    return COLOURS[1] if any(f":targetgroup/{second}/" in arn for arn in _live(target, shown)) else COLOURS[0]


def lost_resources(target: Target, service: str) -> tuple[str, ...]:
    """What somebody has deleted of the resources by which CodeDeploy releases a service."""
    try:
        target.client("codedeploy").get_deployment_group(
            applicationName=target.names.application(service), deploymentGroupName=target.names.group(service)
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in GONE:
            raise
        return GONE[code]
    return ()


def _check_way_back(target: Target, by_ecs: list[str]) -> None:
    stuck = [one for one in by_ecs if target.project.has_codedeploy(one)]
    if stuck:
        whose = "release: {controller: ecs}"
        raise Trouble(
            f"ECS releases {' and '.join(stuck)} now, and neither AWS nor Bambe can give a service back to"
            f" CodeDeploy: write `{whose}` for {'it' if len(stuck) == 1 else 'them'} in bambe.yml, or begin"
            " anew with `bambe down` and `bambe up`."
        )


def _live(target: Target, shown: Mapping[str, Any]) -> list[str]:
    """The target groups with traffic: of the primary task set, or by the rule that ECS shifts."""
    if not is_by_ecs(shown):
        sets = shown.get("taskSets", ())
        return [group_of(one) for one in sets if one["status"] == "PRIMARY"]
    found: list[str] = []
    for one in shown.get("loadBalancers", ()):
        rule = one.get("advancedConfiguration", {}).get("productionListenerRule")
        if rule:
            (said,) = target.client("elbv2").describe_rules(RuleArns=[rule])["Rules"]
            found += [arn for arn, share in shares_of(said).items() if share]
    return found
