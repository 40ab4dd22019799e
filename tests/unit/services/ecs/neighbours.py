"""Stand-ins for the services ECS calls: they record, and answer what a test sets."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from bambe.kernel.arn import Arn
from bambe.kernel.call import Answer, Call
from bambe.kernel.errors import AwsError
from bambe.services import Service
from tests.support.house import ACCOUNT, REGION


class TargetGroupNotFound(AwsError):
    pass


class ServiceNotFound(AwsError):
    pass


def group_arn(name: str) -> str:
    return str(Arn("elasticloadbalancing", REGION, ACCOUNT, f"targetgroup/{name}/0123456789abcdef"))


class LoadBalancers:
    """Target groups whose targets become `health`, and drain until `drained` is called."""

    def __init__(self, *names: str) -> None:
        self.groups: dict[str, dict[str, str]] = {group_arn(name): {} for name in names}
        self.behind = True
        self.health = "healthy"
        self.target_type = "ip"
        self.log: list[tuple[str, str]] = []

    def drained(self) -> None:
        for targets in self.groups.values():
            for target in [t for t, state in targets.items() if state == "draining"]:
                del targets[target]

    def set(self, address: str, state: str) -> None:
        for targets in self.groups.values():
            for target in targets:
                if target.startswith(f"{address}:"):
                    targets[target] = state

    def service(self) -> Service:
        return Service(
            "elbv2",
            {
                "describe_target_groups": self.describe_target_groups,
                "register_targets": self.register_targets,
                "deregister_targets": self.deregister_targets,
                "describe_target_health": self.describe_target_health,
            },
        )

    def _group(self, arn: str) -> dict[str, str]:
        if arn not in self.groups:
            raise TargetGroupNotFound("One or more target groups not found")
        return self.groups[arn]

    async def describe_target_groups(self, call: Call, request: Any) -> Answer:
        arns = request["TargetGroupArns"]
        for arn in arns:
            self._group(arn)
        balancers = ["arn:aws:elasticloadbalancing:x"] if self.behind else []
        return {
            "TargetGroups": [
                {"TargetGroupArn": arn, "TargetType": self.target_type, "LoadBalancerArns": balancers}
                for arn in arns
            ]
        }

    async def register_targets(self, call: Call, request: Any) -> Answer:
        for target in request["Targets"]:
            self._group(request["TargetGroupArn"])[f"{target['Id']}:{target['Port']}"] = self.health
            self.log.append(("register", target["Id"]))
        return {}

    async def deregister_targets(self, call: Call, request: Any) -> Answer:
        group = self._group(request["TargetGroupArn"])
        for target in request["Targets"]:
            if f"{target['Id']}:{target['Port']}" in group:
                group[f"{target['Id']}:{target['Port']}"] = "draining"
                self.log.append(("deregister", target["Id"]))
        return {}

    async def describe_target_health(self, call: Call, request: Any) -> Answer:
        group = self._group(request["TargetGroupArn"])
        described = []
        for target in request["Targets"]:
            state = group.get(f"{target['Id']}:{target['Port']}")
            health = {"State": state} if state else {"State": "unused", "Reason": "Target.NotRegistered"}
            described.append({"Target": target, "TargetHealth": health})
        return {"TargetHealthDescriptions": described}


class CloudMap:
    """One Cloud Map service, `srv-1`, with a TTL."""

    arn = str(Arn("servicediscovery", REGION, ACCOUNT, "service/srv-1"))

    def __init__(self, ttl: int = 10) -> None:
        self.ttl = ttl
        self.instances: dict[str, dict[str, str]] = {}

    def service(self) -> Service:
        return Service(
            "servicediscovery",
            {
                "get_service": self.get_service,
                "register_instance": self.register_instance,
                "deregister_instance": self.deregister_instance,
            },
        )

    async def get_service(self, call: Call, request: Any) -> Answer:
        if request["Id"] != "srv-1":
            raise ServiceNotFound("Service not found")
        return {"Service": {"Id": "srv-1", "DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": self.ttl}]}}}

    async def register_instance(self, call: Call, request: Any) -> Answer:
        self.instances[request["InstanceId"]] = request["Attributes"]
        return {"OperationId": "op"}

    async def deregister_instance(self, call: Call, request: Any) -> Answer:
        self.instances.pop(request["InstanceId"], None)
        return {"OperationId": "op"}


class Alarms:
    """CloudWatch's alarms: each is judged over `periods` of so many seconds, and some are `ringing`."""

    def __init__(self) -> None:
        self.periods: dict[str, tuple[int, int]] = {}
        self.ringing: set[str] = set()

    def service(self) -> Service:
        return Service("cloudwatch", {"describe_alarms": self.describe_alarms})

    async def describe_alarms(self, call: Call, request: Any) -> Answer:
        wanted = [name for name in request["AlarmNames"] if name in self.periods]
        if request.get("StateValue") == "ALARM":
            wanted = [name for name in wanted if name in self.ringing]
        return {
            "MetricAlarms": [
                {
                    "AlarmName": name,
                    "Period": self.periods[name][0],
                    "EvaluationPeriods": self.periods[name][1],
                }
                for name in wanted
            ],
            "CompositeAlarms": [],
        }


class ImageNotFoundException(AwsError):
    """ECR's refusal of a tag it does not have."""


async def _token(call: Call, request: Any) -> Answer:
    token = base64.b64encode(b"AWS:secret").decode()
    return {"authorizationData": [{"authorizationToken": token}]}


def images(tags: Mapping[tuple[str, str], str]) -> Service:
    """ECR, which hands out passwords and knows `tags`: (repository, tag) -> digest."""

    async def describe(call: Call, request: Any) -> Answer:
        (wanted,) = request["imageIds"]
        digest = tags.get((request["repositoryName"], wanted["imageTag"]))
        if digest is None:
            raise ImageNotFoundException(f"no image {wanted}")
        return {"imageDetails": [{"imageDigest": digest}]}

    return Service("ecr", {"get_authorization_token": _token, "describe_images": describe})
