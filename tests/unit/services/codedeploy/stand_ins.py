"""ECS and ELBv2 as CodeDeploy needs them: they answer in AWS's shapes and record what they were told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bambe.control import Runner
from bambe.daemon.wiring import provide
from bambe.edge.dispatch import Dispatcher
from bambe.engines.proxy.port import Forward, GroupCounts, Listener, LoadBalancer, Rule, TargetGroup
from bambe.engines.proxy.port import World as Traffic
from bambe.evidence.ledger import Record, read
from bambe.kernel.call import Aws, Call, Caller, Site
from bambe.kernel.clock import ManualClock
from bambe.kernel.errors import AwsError, InternalFailure, NotImplementedByBambe
from bambe.services import Folder, Service
from bambe.store import Database
from tests.fakes.proxy import FakeProxy
from tests.support.house import ACCOUNT, REGION, AnyModels

LISTENER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/shop/1/2"
TEST_LISTENER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/shop/1/3"
BLUE, GREEN = (f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/orders-{n}/{n}" for n in (1, 2))


METRICS = Folder("cloudwatch")
"""Its metrics are the real ones; only alarms are stood in for."""
CONDITIONS = [{"Field": "path-pattern", "Values": ["/orders*"]}]


class ClientException(AwsError):
    pass


class World:
    """One ECS service behind one listener; `told` is every call that changes something, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.sets: list[dict[str, Any]] = [task_set("ecs-svc/blue", "PRIMARY", BLUE)]
        self.controller = "CODE_DEPLOY"
        self.default: list[dict[str, Any]] = [forward({BLUE: 1})]
        self.rules: dict[str, list[dict[str, Any]]] = {
            "rule-orders": [forward({BLUE: 1})],
            "rule-other": [forward({"another": 1})],
        }
        self.steady = True
        self.healthy = True
        self.refuses: dict[str, str] = {}
        self.is_down: set[str] = set()
        self.stopped: list[dict[str, Any]] = []
        self.alarms: dict[str, str] = {}
        self.without_alarms = False
        self.invoked: list[dict[str, Any]] = []
        self.builds: dict[str, int] = {}
        self.loses_answers = False
        self._lost: set[str] = set()

    def share(self, group: str = GREEN) -> int | None:
        return weights(self.rules["rule-orders"]).get(group)

    @property
    def primary(self) -> str:
        (found,) = [item["id"] for item in self.sets if item["status"] == "PRIMARY"]
        return str(found)

    def names(self) -> list[str]:
        return [name for name, _ in self.told]

    def _tell(self, name: str, what: Any) -> None:
        if name in self.is_down:
            raise InternalFailure("try again")
        if name in self.refuses:
            raise ClientException(self.refuses[name])
        self.told.append((name, what))

    def _service(self, name: str, found: Mapping[str, Any]) -> Service:
        return Service(
            name, {key: self._lossy(key, value) for key, value in found.items() if callable(value)}
        )

    def _lossy(self, name: str, operation: Any) -> Any:
        async def call(call: Call, request: Mapping[str, Any]) -> Any:
            answer = await operation(call, request)
            lost = f"{name} {request}"
            if self.loses_answers and lost not in self._lost:
                self._lost.add(lost)
                raise InternalFailure("the daemon died here")
            return answer

        return call

    def ecs(self) -> Service:
        async def describe_services(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            for item in self.sets:
                if item["id"] != "ecs-svc/blue":
                    item["stabilityStatus"] = "STEADY_STATE" if self.steady else "STABILIZING"
            service = {
                "status": "ACTIVE",
                "deploymentController": {"type": self.controller},
                "taskSets": [dict(item) for item in self.sets],
            }
            return {"services": [service] if request["services"] == ["orders"] else [], "failures": []}

        async def create_task_set(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            if not any(item["externalId"] == request["externalId"] for item in self.sets):
                self._tell("create_task_set", dict(request))
                group = request["loadBalancers"][0]["targetGroupArn"]
                made = task_set(f"ecs-svc/{request['externalId']}", "ACTIVE", group, request["externalId"])
                self.sets.append(made)
            return {"taskSet": {}}

        async def update_service_primary_task_set(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            self._tell("update_service_primary_task_set", request["primaryTaskSet"])
            for item in self.sets:
                item["status"] = "PRIMARY" if item["id"] == request["primaryTaskSet"] else "ACTIVE"
            return {}

        async def delete_task_set(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            self._tell("delete_task_set", request["taskSet"])
            assert self.primary != request["taskSet"]
            self.sets = [item for item in self.sets if item["id"] != request["taskSet"]]
            return {}

        async def list_tasks(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            return {"taskArns": [task["taskArn"] for task in self.stopped]}

        async def describe_tasks(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            return {"tasks": self.stopped}

        return self._service("ecs", locals())

    def elbv2(self) -> Service:
        async def describe_target_groups(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            groups = [
                {"TargetGroupArn": BLUE, "TargetGroupName": "orders-1", "HealthCheckPath": "/health"},
                {"TargetGroupArn": GREEN, "TargetGroupName": "orders-2", "HealthCheckPath": "/health"},
            ]
            asked = request.get("TargetGroupArns") or [BLUE, GREEN]
            return {"TargetGroups": [group for group in groups if group["TargetGroupArn"] in asked]}

        async def describe_rules(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            if request["ListenerArn"] == TEST_LISTENER:
                return {"Rules": [{"RuleArn": "test", "IsDefault": True, "Actions": self.default}]}
            found = [
                {"RuleArn": arn, "IsDefault": False, "Actions": a, "Priority": "7", "Conditions": CONDITIONS}
                for arn, a in self.rules.items()
            ]
            return {"Rules": found}

        async def modify_rule(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            self._tell("modify_rule", (request["RuleArn"], weights(request["Actions"])))
            self.rules[request["RuleArn"]] = list(request["Actions"])
            return {}

        async def modify_listener(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            self._tell("modify_listener", (request["ListenerArn"], weights(request["DefaultActions"])))
            self.default = list(request["DefaultActions"])
            return {}

        async def describe_target_health(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            count = sum(request["TargetGroupArn"] == _group(item) for item in self.sets)
            state = {"State": "healthy" if self.healthy else "initial"}
            return {"TargetHealthDescriptions": [{"TargetHealth": state}] * count}

        return self._service("elbv2", locals())

    def cloudwatch(self) -> Service:
        async def describe_alarms(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            if self.without_alarms:
                raise NotImplementedByBambe("cloudwatch:describe_alarms is not implemented by Bambe")
            found = [name for name in request["AlarmNames"] if name in self.alarms]
            return {"MetricAlarms": [{"AlarmName": n, "StateValue": self.alarms[n]} for n in found]}

        made = self._service("cloudwatch", {"describe_alarms": describe_alarms})
        real = {name: METRICS.operations[name] for name in ("put_metric_data", "get_metric_data")}
        return Service("cloudwatch", {**made.operations, **real})

    def lambda_(self) -> Service:
        async def invoke(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            self._tell("invoke", request["FunctionName"])
            assert request["InvocationType"] == "Event"
            self.invoked.append(json.loads(request["Payload"]))
            return {"StatusCode": 202}

        return self._service("lambda", locals())

    def codebuild(self) -> Service:
        async def list_builds(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            return {"ids": [f"shop-orders:{uuid}" for uuid in self.builds]}

        async def batch_get_builds(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            return {"builds": [{"buildNumber": self.builds[id.split(":")[1]]} for id in request["ids"]]}

        return self._service("codebuild", locals())


class House:
    """CodeDeploy itself, on a real store and a manual clock, with the world above around it."""

    def __init__(self, state: Path) -> None:
        self.clock = ManualClock()
        self.store = Database()
        self.world = World()
        self._answered = {BLUE: 0, GREEN: 0}
        self._failed = self._dropped = 0
        site = Site("http://x", "http://y", "localhost:4566", str(state), ACCOUNT, REGION)
        self.service = Folder("codedeploy")
        around = [
            self.world.ecs(),
            self.world.elbv2(),
            self.world.cloudwatch(),
            self.world.lambda_(),
            self.world.codebuild(),
        ]
        self.proxy = FakeProxy()
        groups = (TargetGroup("1", "orders-1"), TargetGroup("2", "orders-2"))
        rules = (Rule("", (), Forward({})),)
        ports = (Listener("2", 80, "HTTP", rules), Listener("3", 81, "HTTP", rules))
        balancer = LoadBalancer("1", "shop", ("127.0.0.1",), ports)
        self.proxy.worlds.append(Traffic((balancer,), groups))
        self.logs = Folder("logs")
        registry = {"codedeploy": self.service, "logs": self.logs}
        registry |= {service.name: service for service in around}
        self._dispatcher = Dispatcher(registry, AnyModels(), self.store, self.clock, site)
        self.aws: Aws = self._dispatcher.aws(Caller(ACCOUNT, REGION, "root"))

    def build(self, number: int) -> Aws:
        """The API as the build of that number sees it."""
        self.world.builds[f"build-{number}"] = number
        principal = f"arn:aws:sts::{ACCOUNT}:assumed-role/shop-build/AWSCodeBuild-build-{number}"
        return self._dispatcher.aws(Caller(ACCOUNT, REGION, principal))

    async def start(self) -> None:
        await self.store.start((*self.service.migrations, *self.logs.migrations, *METRICS.migrations))
        self.restart()

    def restart(self) -> None:
        """As after kill -9: a new loop that knows only the store."""
        assert self.service.reconcilers
        parts = {"store": self.store, "clock": self.clock, "aws": self.aws, "proxy": self.proxy}
        self.runners = [Runner(one, self.clock) for one in provide(self.service.reconcilers, parts)]
        for runner in self.runners:
            self.store.listen(runner.changed)

    async def advance(self, seconds: float, step: float = 0.5) -> None:
        passed = 0.0
        while True:
            for runner in self.runners:
                runner.wake(await runner.reconciler.keys())
                await runner.once()
            if passed >= seconds:
                return
            await self.clock.advance(step)
            passed += step

    async def info(self, id: str) -> Any:
        return (await self.aws.codedeploy.get_deployment(deploymentId=id))["deploymentInfo"]

    def serve(self, blue: int = 0, green: int = 0, *, failing: int = 0, dropped: int = 0) -> None:
        """So many more requests are answered by blue's and green's targets; `failing` and `dropped` of
        green's go wrong. Every fake answer takes 5 ms."""
        self.proxy.epoch = self.proxy.epoch or "1"
        self._answered[BLUE] += blue
        self._answered[GREEN] += green
        self._failed += failing
        self._dropped += dropped
        for group, answered in self._answered.items():
            failed = (self._failed, self._dropped) if group == GREEN else (0, 0)
            classes = {"2xx": answered - failed[0], "5xx": failed[0]}
            counts = GroupCounts(answered, classes, 1, 0, failed[1], {1.0: 0, 5.0: answered})
            self.proxy.set_counts(group.rsplit("/", 1)[-1], counts)

    async def ledger(self, id: str) -> list[Record]:
        """A deployment's ledger, as a client reads it."""
        answer = await self.aws.logs.get_log_events(
            logGroupName="/bambe/releases", logStreamName=id, startFromHead=True
        )
        return [read(event["message"]) for event in answer["events"]]

    async def target(self, id: str) -> Any:
        answer = await self.aws.codedeploy.get_deployment_target(deploymentId=id, targetId="shop:orders")
        return answer["deploymentTarget"]["ecsTarget"]


def task_set(id: str, status: str, group: str, external: str = "") -> dict[str, Any]:
    return {
        "id": id,
        "status": status,
        "externalId": external,
        "taskDefinition": "orders:1",
        "loadBalancers": [{"targetGroupArn": group, "containerName": "orders", "containerPort": 8080}],
        "computedDesiredCount": 1,
        "runningCount": 1,
        "pendingCount": 0,
        "stabilityStatus": "STEADY_STATE",
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        "serviceRegistries": [{"registryArn": "arn:aws:servicediscovery:::service/srv-1"}],
    }


def forward(shares: Mapping[str, int]) -> dict[str, Any]:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in shares.items()]
    return {"Type": "forward", "Order": 1, "ForwardConfig": {"TargetGroups": groups}}


def weights(actions: Any) -> dict[str, int]:
    groups = actions[0]["ForwardConfig"]["TargetGroups"]
    return {group["TargetGroupArn"]: group["Weight"] for group in groups}


def _group(item: Mapping[str, Any]) -> str:
    return str(item["loadBalancers"][0]["targetGroupArn"])
