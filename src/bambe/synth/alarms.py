"""The alarms that stop a service's releases, where Bambe makes them.

Green alternates between the two target groups of a service, so there is one of each alarm for each of them.
"""

from __future__ import annotations

from typing import Any

from bambe.project import Project
from bambe.project.alarms import Alarm
from bambe.synth import notices
from bambe.synth.names import COLOURS, Names, imported

Resource = dict[str, Any]
SINGLE = {
    "errors": ("HTTPCode_Target_5XX_Count", {"Statistic": "Sum"}),
    "latency_p50": ("TargetResponseTime", {"ExtendedStatistic": "p50"}),
    "latency_p90": ("TargetResponseTime", {"ExtendedStatistic": "p90"}),
    "latency_p99": ("TargetResponseTime", {"ExtendedStatistic": "p99"}),
    "unhealthy": ("UnHealthyHostCount", {"Statistic": "Maximum"}),
}
SAYS = {
    "errors": "answers 5xx",
    "error_rate": "percent of 5xx",
    "latency_p50": "seconds at p50",
    "latency_p90": "seconds at p90",
    "latency_p99": "seconds at p99",
    "unhealthy": "unhealthy targets",
}


def alarms(project: Project, names: Names, service: str) -> dict[str, Resource]:
    """The alarms with a metric, by logical id."""
    return {
        _logical(wish, colour): _alarm(project, names, service, wish, colour)
        for wish in project.release_of(service).alarms
        if wish.metric
        for colour in COLOURS
    }


def named(wishes: tuple[Alarm, ...]) -> list[Resource]:
    """All alarms of a release as a deployment group names them."""
    return [
        {"Name": name}
        for wish in wishes
        for name in ([{"Ref": _logical(wish, colour)} for colour in COLOURS] if wish.metric else [wish.name])
    ]


def alarm_names(project: Project) -> list[str]:
    """The names of all alarms that may stop a release of the project, each once."""
    names = Names.of(project)
    found = [
        name
        for service in sorted(project.services)
        if not project.is_rolling(service)
        for wish in project.release_of(service).alarms
        for name in ([_name(names, service, wish, c) for c in COLOURS] if wish.metric else [wish.name])
    ]
    return list(dict.fromkeys(found))


def own_names(project: Project, names: Names, service: str) -> list[str]:
    """The names of the alarms that are made for the service."""
    wishes = [wish for wish in project.release_of(service).alarms if wish.metric]
    return [_name(names, service, wish, colour) for wish in wishes for colour in COLOURS]


def _name(names: Names, service: str, wish: Alarm, colour: str) -> str:
    return f"{names.stack(service)}-{wish.metric}-{colour}"


def _alarm(project: Project, names: Names, service: str, wish: Alarm, colour: str) -> Resource:
    metric = str(wish.metric)
    properties = {
        "AlarmName": _name(names, service, wish, colour),
        "AlarmDescription": f"{service} ({colour}): {SAYS[metric]}, above {wish.above:g}",
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": wish.above,
        "EvaluationPeriods": wish.minutes,
        # A minute without requests is no bad minute, and the idle colour has none.
        "TreatMissingData": "notBreaching",
        **notices.actions(project, names),
        **(_rate(names, colour) if metric == "error_rate" else _single(names, metric, colour)),
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def _single(names: Names, metric: str, colour: str) -> Resource:
    name, statistic = SINGLE[metric]
    return {**_metric(names, name, colour), **statistic, "Period": 60}


def _rate(names: Names, colour: str) -> Resource:
    def summed(id: str, name: str) -> Resource:
        stat = {"Metric": _metric(names, name, colour), "Period": 60, "Stat": "Sum"}
        return {"Id": id, "MetricStat": stat, "ReturnData": False}

    rate = {"Id": "rate", "Expression": "100 * FILL(errors, 0) / requests", "ReturnData": True}
    return {
        "Metrics": [
            summed("errors", "HTTPCode_Target_5XX_Count"),
            summed("requests", "RequestCount"),
            rate,
        ]
    }


def _metric(names: Names, name: str, colour: str) -> Resource:
    return {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": name,
        "Dimensions": [
            {"Name": "LoadBalancer", "Value": imported(names, "LoadBalancerFullName")},
            {
                "Name": "TargetGroup",
                "Value": {"Fn::GetAtt": [f"{colour.capitalize()}Targets", "TargetGroupFullName"]},
            },
        ],
    }


def _logical(wish: Alarm, colour: str) -> str:
    words = [*str(wish.metric).split("_"), colour, "alarm"]
    return "".join(word.capitalize() for word in words)
