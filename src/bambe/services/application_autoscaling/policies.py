"""Scaling policies: what may be asked for, the alarms that AWS makes for them, and reading both; pure."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from bambe.kernel.errors import NotImplementedByBambe
from bambe.services.application_autoscaling.errors import ValidationException
from bambe.services.application_autoscaling.model import Policy
from bambe.services.application_autoscaling.planner import Step, Stepping, Tracking

TRACKING, STEPS = "TargetTrackingScaling", "StepScaling"
COOLDOWN = 300
PER_TARGET = "ALBRequestCountPerTarget"
ECS = {
    "ECSServiceAverageCPUUtilization": "CPUUtilization",
    "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
}
KINDS = ("ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity")
HIGH, LOW = "AlarmHigh", "AlarmLow"
SLACK = 0.9
"""Scaling in begins below this part of the target."""


def check(kind: str, settings: Mapping[str, Any]) -> None:
    """ValidationException for a policy that is none."""
    if kind == TRACKING:
        metric(settings, "service/c/s")
        if float(settings["TargetValue"]) <= 0:
            raise ValidationException("TargetValue must be greater than 0.")
    elif kind == STEPS:
        _check_steps(settings)
    else:
        raise NotImplementedByBambe(f"Bambe has no scaling policies of type {kind}.")


def metric(settings: Mapping[str, Any], resource: str) -> dict[str, Any]:
    """What a target tracking policy watches, as an alarm names it."""
    custom, predefined = (settings.get(f"{word}MetricSpecification") for word in ("Customized", "Predefined"))
    if bool(custom) == bool(predefined):
        raise ValidationException("You must specify a predefined or a customized metric, and not both.")
    return _custom(custom) if custom else _predefined(predefined or {}, resource)


def _custom(said: Mapping[str, Any]) -> dict[str, Any]:
    if said.get("Metrics"):
        raise NotImplementedByBambe("Bambe has no metric math in scaling policies.")
    if not said.get("MetricName") or not said.get("Namespace") or not said.get("Statistic"):
        raise ValidationException("A customized metric needs MetricName, Namespace and Statistic.")
    found = {name: said[name] for name in ("MetricName", "Namespace", "Statistic")}
    dimensions = [dict(one) for one in said.get("Dimensions") or ()]
    return {**found, "Dimensions": dimensions, **({"Unit": said["Unit"]} if said.get("Unit") else {})}


def _predefined(said: Mapping[str, Any], resource: str) -> dict[str, Any]:
    kind, label = said["PredefinedMetricType"], said.get("ResourceLabel", "")
    if kind in ECS:
        _, cluster, name = resource.split("/")
        return {
            "Namespace": "AWS/ECS",
            "MetricName": ECS[kind],
            "Statistic": "Average",
            "Dimensions": [
                {"Name": "ClusterName", "Value": cluster},
                {"Name": "ServiceName", "Value": name},
            ],
        }
    if kind != PER_TARGET:
        raise ValidationException(f"{kind} is not a metric of ECS services.")
    balancer, _, group = label.partition("/targetgroup/")
    if not balancer.startswith("app/") or not group:
        raise ValidationException(
            "ResourceLabel must be of the form app/load-balancer-name/load-balancer-id/"
            "targetgroup/target-group-name/target-group-id."
        )
    return {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "RequestCountPerTarget",
        "Statistic": "Sum",
        "Dimensions": [
            {"Name": "LoadBalancer", "Value": balancer},
            {"Name": "TargetGroup", "Value": f"targetgroup/{group}"},
        ],
    }


def _check_steps(settings: Mapping[str, Any]) -> None:
    if settings.get("AdjustmentType") not in KINDS:
        raise ValidationException(f"AdjustmentType must be one of {', '.join(KINDS)}.")
    steps = steps_of(settings)
    if not steps:
        raise ValidationException("A step scaling policy needs StepAdjustments.")
    infinity = float("inf")
    ends = sorted(
        (-infinity if one.low is None else one.low, infinity if one.high is None else one.high)
        for one in steps
    )
    if any(low >= high for low, high in ends):
        raise ValidationException("The lower bound of a step must be below its upper bound.")
    if any(before[1] > after[0] for before, after in pairwise(ends)):
        raise ValidationException("Step adjustment intervals can't overlap.")
    if any(before[1] < after[0] for before, after in pairwise(ends)):
        raise ValidationException("There must not be a gap between step adjustment intervals.")


def steps_of(settings: Mapping[str, Any]) -> tuple[Step, ...]:
    """The adjustments of a step scaling policy."""
    return tuple(
        Step(
            int(one["ScalingAdjustment"]),
            _number(one.get("MetricIntervalLowerBound")),
            _number(one.get("MetricIntervalUpperBound")),
        )
        for one in settings.get("StepAdjustments") or ()
    )


def _number(said: Any) -> float | None:
    return None if said is None else float(said)


def alarms(policy: Policy) -> dict[str, dict[str, Any]]:
    """The alarms of a target tracking policy, by their names, as PutMetricAlarm takes them."""
    if policy.kind != TRACKING:
        return {}
    watched, target = metric(policy.settings, policy.resource), float(policy.settings["TargetValue"])
    common = {
        **watched,
        "Period": 60,
        "AlarmActions": [policy.arn],
        "AlarmDescription": (f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}."),
    }
    over = {
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": target,
        "EvaluationPeriods": 3,
    }
    found = {policy.alarm(HIGH): {**common, **over}}
    if not policy.settings.get("DisableScaleIn"):
        # No requests are no datapoints here, which at AWS are zeros.
        silence = "breaching" if watched["MetricName"] == "RequestCountPerTarget" else "missing"
        found[policy.alarm(LOW)] = {
            **common,
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": target * SLACK,
            "EvaluationPeriods": 15,
            "TreatMissingData": silence,
        }
    return found


def tracking(policy: Policy, ringing: set[str], value: float | None) -> Tracking:
    """What a target tracking policy sees."""
    said = policy.settings
    high, low = (policy.alarm(word) for word in (HIGH, LOW))
    is_low = low in ringing
    if value is None and is_low and metric(said, policy.resource)["MetricName"] == "RequestCountPerTarget":
        value = 0.0
    return Tracking(
        policy=policy.name,
        target=float(said["TargetValue"]),
        value=value,
        is_high=high in ringing,
        is_low=is_low,
        scales_in=not said.get("DisableScaleIn"),
        out_cooldown=float(said.get("ScaleOutCooldown", COOLDOWN)),
        in_cooldown=float(said.get("ScaleInCooldown", COOLDOWN)),
        alarm=low if is_low else high,
    )


def stepping(policy: Policy, alarm: str, distance: float | None) -> Stepping:
    """What a step scaling policy sees of one of its alarms."""
    said = policy.settings
    return Stepping(
        policy=policy.name,
        distance=distance,
        kind=said["AdjustmentType"],
        steps=steps_of(said),
        least_change=int(said.get("MinAdjustmentMagnitude") or 0),
        cooldown=float(said.get("Cooldown", COOLDOWN)),
        alarm=alarm,
    )
