"""How many tasks a service has: by the hour (`schedule`) and by its load (`scaling`)."""

from __future__ import annotations

from typing import Any

from bambe.project import Project
from bambe.synth.names import COLOURS, Names, imported

Resource = dict[str, Any]


def scaling(project: Project, names: Names, service: str) -> dict[str, Resource]:
    """The service's scalable target with its times, and its policies; nothing where it always has as many."""
    wish = project.services[service]
    if not wish.schedule and wish.scaling is None:
        return {}
    made = {"Scale": _target(project, names, service)}
    if wish.scaling and wish.scaling.cpu:
        made["ScaleByCpu"] = _policy(
            service, "cpu", wish.scaling.cpu, _predefined("ECSServiceAverageCPUUtilization")
        )
    if wish.scaling and wish.scaling.requests:
        measure = _requests(project, names, service)
        made["ScaleByRequests"] = _policy(service, "requests", wish.scaling.requests, measure)
    return made


def ceiling(tasks: int, most: int, scales: object) -> int:
    """The most tasks from a time on that says `tasks`: with `scaling` it says the least, and none is none."""
    return max(tasks, most) if scales and tasks else tasks


def _target(project: Project, names: Names, service: str) -> Resource:
    wish = project.services[service]
    counts = [wish.tasks, *(one.tasks for one in wish.schedule)]
    least, most = (wish.scaling.min, wish.scaling.max) if wish.scaling else (min(counts), max(counts))
    actions = [
        {
            "ScheduledActionName": f"{service}-{number}",
            "Schedule": f"cron({one.cron})",
            "Timezone": one.timezone,
            "ScalableTargetAction": {
                "MinCapacity": one.tasks,
                "MaxCapacity": ceiling(one.tasks, most, wish.scaling),
            },
        }
        for number, one in enumerate(wish.schedule, 1)
    ]
    name = {"Fn::GetAtt": ["Service", "Name"]}
    properties = {
        "ServiceNamespace": "ecs",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ResourceId": {"Fn::Join": ["/", ["service", names.cluster, name]]},
        "MinCapacity": least,
        "MaxCapacity": most,
    }
    if actions:
        properties["ScheduledActions"] = actions
    return {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": properties}


def _policy(service: str, by: str, value: int, measure: Resource) -> Resource:
    properties = {
        "PolicyName": f"{service}-{by}",
        "PolicyType": "TargetTrackingScaling",
        "ScalingTargetId": {"Ref": "Scale"},
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": value, **measure},
    }
    return {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": properties}


def _predefined(metric: str, label: Resource | None = None) -> Resource:
    said: Resource = {"PredefinedMetricType": metric}
    return {"PredefinedMetricSpecification": said | ({"ResourceLabel": label} if label else {})}


def _requests(project: Project, names: Names, service: str) -> Resource:
    balancer = imported(names, "LoadBalancerFullName")
    if project.is_rolling(service):
        group = {"Fn::GetAtt": ["BlueTargets", "TargetGroupFullName"]}
        return _predefined("ALBRequestCountPerTarget", {"Fn::Join": ["/", [balancer, group]]})
    return {"CustomizedMetricSpecification": {"Metrics": _of_the_busier(balancer)}}


def _of_the_busier(balancer: Resource) -> list[Resource]:
    """Requests a task, of that colour which has more of them: the predefined metric is of one target group,
    and AWS does not offer it for blue/green (ECS guide: target tracking, considerations)."""
    metrics: list[Resource] = [
        {
            "Id": colour,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/ApplicationELB",
                    "MetricName": "RequestCountPerTarget",
                    "Dimensions": [
                        {"Name": "LoadBalancer", "Value": balancer},
                        {
                            "Name": "TargetGroup",
                            "Value": {"Fn::GetAtt": [f"{colour.capitalize()}Targets", "TargetGroupFullName"]},
                        },
                    ],
                },
                "Stat": "Sum",
            },
            "ReturnData": False,
        }
        for colour in COLOURS
    ]
    filled = ", ".join(f"FILL({colour}, 0)" for colour in COLOURS)
    return [*metrics, {"Id": "busier", "Expression": f"MAX([{filled}])", "ReturnData": True}]
