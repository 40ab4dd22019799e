"""Other people's deploy tools against a bare platform: PipeCD's calls, ecspresso, and an SDK inside a task.

PipeCD's ECS plugin drives the EXTERNAL controller; its calls are replayed in its order and with its
parameters. ecspresso runs where it is installed.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bambe.cli.demo.traffic import Traffic
from bambe.cli.place import Local
from bambe.engines.images import BaseImages
from tests.e2e.platform import free_port, wait_for

IMAGE = "python:3.11-slim"
SERVER = """
import http.server, os
class Shown(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("x-version", os.environ["VERSION"])
        self.send_header("content-length", "0")
        self.end_headers()
    def log_message(self, *said):
        pass
http.server.ThreadingHTTPServer(("", 8080), Shown).serve_forever()
"""
ROLE = "arn:aws:iam::000000000000:role/tools"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": ["ecs-tasks.amazonaws.com", "codedeploy.amazonaws.com"]},
        }
    ],
}
MANAGED = {
    "pipecd-dev-managed-by": "piped-ecs-plugin",
    "pipecd-dev-piped": "p",
    "pipecd-dev-application": "a",
}


@dataclass
class Bare:
    """A platform with a cluster, a load balancer and nothing that Bambe made from a bambe.yml."""

    place: Local
    port: int = field(default_factory=free_port)
    groups: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, service: str) -> Any:
        """A boto3 client, made once."""
        if service.startswith("_"):
            raise AttributeError(service)
        if service not in self._clients:
            self._clients[service] = self.place.client(service)
        return self._clients[service]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    @property
    def url(self) -> str:
        """The listener, from this machine."""
        interfaces = self.elbv2.describe_load_balancers(Names=["tools"])["LoadBalancers"][0]
        zones = interfaces["AvailabilityZones"][0]["LoadBalancerAddresses"]
        return f"http://{zones[0]['IpAddress']}:{self.port}"

    @property
    def network(self) -> dict[str, Any]:
        subnet = self.ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        return {"awsvpcConfiguration": {"subnets": [subnet], "assignPublicIp": "DISABLED"}}

    def build(self) -> None:
        """The load balancer with two groups behind one listener and one rule, roles and logs."""
        self.ecs.create_cluster(clusterName="tools")
        self.logs.create_log_group(logGroupName="/tools")
        self.iam.create_role(RoleName="tools", AssumeRolePolicyDocument=json.dumps(TRUST))
        subnets = [one["SubnetId"] for one in self.ec2.describe_subnets()["Subnets"]]
        vpc = self.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        made = self.elbv2.create_load_balancer(Name="tools", Subnets=subnets)["LoadBalancers"][0]
        for name in ("primary", "canary", "rolling"):
            group = self.elbv2.create_target_group(
                Name=name, Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip",
                HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2, HealthyThresholdCount=2,
            )["TargetGroups"][0]  # fmt: skip
            self.groups[name] = group["TargetGroupArn"]
            self.elbv2.modify_target_group_attributes(
                TargetGroupArn=group["TargetGroupArn"],
                Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "60"}],
            )
        listener = self.elbv2.create_listener(
            LoadBalancerArn=made["LoadBalancerArn"], Protocol="HTTP", Port=self.port,
            DefaultActions=[self.forward(100, 0)],
        )["Listeners"][0]  # fmt: skip
        for priority, path, action in (
            (1, "/rule*", self.forward(100, 0)),
            (2, "/rolling*", {"Type": "forward", "TargetGroupArn": self.groups["rolling"]}),
        ):
            self.elbv2.create_rule(
                ListenerArn=listener["ListenerArn"], Priority=priority, Actions=[action],
                Conditions=[{"Field": "path-pattern", "Values": [path]}],
            )  # fmt: skip

    def forward(self, primary: int, canary: int) -> dict[str, Any]:
        weights = ((self.groups["primary"], primary), (self.groups["canary"], canary))
        pair = [{"TargetGroupArn": group, "Weight": weight} for group, weight in weights]
        return {"Type": "forward", "ForwardConfig": {"TargetGroups": pair}}

    def define(self, family: str, version: str, **changes: Any) -> dict[str, Any]:
        """RegisterTaskDefinition; the definition."""
        log = {"awslogs-group": "/tools", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "t"}
        container = {
            "name": "web",
            "image": IMAGE,
            "command": ["python3", "-u", "-c", SERVER],
            "environment": [{"name": "VERSION", "value": version}],
            "portMappings": [{"containerPort": 8080}],
            "stopTimeout": 5,
            "logConfiguration": {"logDriver": "awslogs", "options": log},
            **changes,
        }
        answer = self.ecs.register_task_definition(
            family=family, requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512",
            executionRoleArn=ROLE, taskRoleArn=ROLE, containerDefinitions=[container],
        )  # fmt: skip
        return dict(answer["taskDefinition"])

    def printed(self, task: str) -> list[str]:
        """What the task's container printed, once it has ended."""
        name = f"t/web/{task.rsplit('/', 1)[-1]}"
        wait_for(
            lambda: (
                self.ecs.describe_tasks(cluster="tools", tasks=[task])["tasks"][0]["lastStatus"] == "STOPPED"
            ),
            "the task ends",
        )
        read = self.logs.get_log_events
        return wait_for(
            lambda: [one["message"] for one in read(logGroupName="/tools", logStreamName=name)["events"]],
            "its output is there",
        )  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    asyncio.run(BaseImages().ensure(IMAGE, print))
    made = Bare(Local(tmp_path_factory.mktemp("tools") / "state"))
    try:
        made.place.start(scale=60, port=free_port())
        made.build()
        yield made
    finally:
        made.close()
        made.place.end()


class PipeCD:
    """Calls of PipeCD's ECS plugin, one method per method of its client."""

    def __init__(self, bare: Bare) -> None:
        self._bare = bare
        self._ecs = bare.ecs

    def apply_service(self, tags: dict[str, str]) -> dict[str, Any]:
        """applyServiceDefinition: create the service, or update it and make its tags the wanted ones."""
        wanted = [{"key": key, "value": value} for key, value in tags.items()]
        about = {"enableExecuteCommand": False, "enableECSManagedTags": True, "propagateTags": "SERVICE"}
        found = self._ecs.describe_services(cluster="tools", services=["shop"])["services"]
        if not found:
            answer = self._ecs.create_service(
                cluster="tools", serviceName="shop", desiredCount=2, schedulingStrategy="REPLICA", role="",
                deploymentController={"type": "EXTERNAL"}, tags=wanted, **about,
            )  # fmt: skip
            return dict(answer["service"])
        service = self._ecs.update_service(cluster="tools", service="shop", desiredCount=2, **about)[
            "service"
        ]
        arn = service["serviceArn"]
        known = {one["key"] for one in self._ecs.list_tags_for_resource(resourceArn=arn).get("tags", [])}
        if known - set(tags):
            self._ecs.untag_resource(resourceArn=arn, tagKeys=sorted(known - set(tags)))
        self._ecs.tag_resource(resourceArn=arn, tags=wanted)
        return dict(service)

    def create_task_set(
        self, service: dict[str, Any], definition: str, group: str, scale: float
    ) -> dict[str, Any]:
        """CreateTaskSet and wait for STEADY_STATE."""
        where = {"cluster": service["clusterArn"], "service": service["serviceArn"]}
        tags = self._ecs.list_tags_for_resource(resourceArn=service["serviceArn"])["tags"]
        made = self._ecs.create_task_set(
            **where, taskDefinition=definition, scale={"unit": "PERCENT", "value": scale}, tags=tags,
            networkConfiguration=self._bare.network, launchType="FARGATE",
            loadBalancers=[
                {"targetGroupArn": self._bare.groups[group], "containerName": "web", "containerPort": 8080}
            ],
        )["taskSet"]  # fmt: skip

        def steady() -> bool:
            shown = self._ecs.describe_task_sets(**where, taskSets=[made["taskSetArn"]])["taskSets"]
            return bool(shown[0]["stabilityStatus"] == "STEADY_STATE")

        wait_for(steady, "the task set is stable", 90)
        return dict(made)

    def primary(self, service: dict[str, Any]) -> dict[str, Any] | None:
        shown = self._ecs.describe_services(cluster=service["clusterArn"], services=[service["serviceArn"]])
        return next((one for one in shown["services"][0]["taskSets"] if one["status"] == "PRIMARY"), None)

    def managed(self, service: dict[str, Any]) -> list[dict[str, Any]]:
        """GetServiceTaskSets: those that do not drain and carry PipeCD's tag."""
        where = {"cluster": service["clusterArn"], "service": service["serviceArn"]}
        shown = self._ecs.describe_services(cluster=where["cluster"], services=[where["service"]])[
            "services"
        ][0]
        arns = [one["taskSetArn"] for one in shown["taskSets"] if one["status"] != "DRAINING"]
        full = self._ecs.describe_task_sets(**where, taskSets=arns, include=["TAGS"])["taskSets"]
        mark = {"key": "pipecd-dev-managed-by", "value": "piped-ecs-plugin"}
        return [one for one in full if mark in one["tags"]]

    def promote(self, service: dict[str, Any], task_set: dict[str, Any]) -> None:
        self._ecs.update_service_primary_task_set(
            cluster=service["clusterArn"],
            service=service["serviceArn"],
            primaryTaskSet=task_set["taskSetArn"],
        )

    def delete(self, task_set: dict[str, Any]) -> None:
        """DeleteTaskSet, without force and with all its tasks, then its definition."""
        self._ecs.delete_task_set(
            cluster=task_set["clusterArn"], service=task_set["serviceArn"], taskSet=task_set["taskSetArn"]
        )
        self._ecs.deregister_task_definition(taskDefinition=task_set["taskDefinition"])

    def wait_stable(self) -> None:
        def stable() -> bool:
            shown = self._ecs.describe_services(cluster="tools", services=["shop"])["services"][0]
            return bool(shown["pendingCount"] == 0 and shown["runningCount"] >= shown["desiredCount"])

        wait_for(stable, "the service is stable", 90)

    def route(self, primary: int, canary: int) -> None:
        """Every rule and default action that forwards to the pair gets the weights."""
        elb, pair = self._bare.elbv2, {self._bare.groups["primary"], self._bare.groups["canary"]}
        group = elb.describe_target_groups(TargetGroupArns=[self._bare.groups["primary"]])["TargetGroups"][0]
        balancer = group["LoadBalancerArns"][0]
        for listener in elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]:
            arn = listener["ListenerArn"]
            for rule in elb.describe_rules(ListenerArn=arn)["Rules"]:
                actions = [
                    self._bare.forward(primary, canary)
                    if {one["TargetGroupArn"] for one in action["ForwardConfig"]["TargetGroups"]} == pair
                    else action
                    for action in rule["Actions"]
                ]
                if rule["IsDefault"]:
                    elb.modify_listener(ListenerArn=arn, DefaultActions=actions)
                else:
                    elb.modify_rule(RuleArn=rule["RuleArn"], Actions=actions)


def test_pipecd_releases_and_goes_back_without_a_failed_request(bare: Bare) -> None:
    pipecd = PipeCD(bare)
    # Quick sync: the first version.
    first = bare.define("shop", "1")
    service = pipecd.apply_service({**MANAGED, "commit": "1", "old": "x"})
    pipecd.promote(service, pipecd.create_task_set(service, first["taskDefinitionArn"], "primary", 100))
    assert [one["status"] for one in pipecd.managed(service)] == ["PRIMARY"]
    pipecd.wait_stable()

    traffic = Traffic(bare.url, str(bare.place.state / "ca" / "ca.pem"), ("/", "/rule"), 40)
    traffic.start()
    # Canary rollout, traffic, primary rollout, traffic back, canary clean.
    second = bare.define("shop", "2")
    service = pipecd.apply_service({**MANAGED, "commit": "2"})
    tags = {one["key"] for one in bare.ecs.list_tags_for_resource(resourceArn=service["serviceArn"])["tags"]}
    assert tags == {*MANAGED, "commit"}
    canary = pipecd.create_task_set(service, second["taskDefinitionArn"], "canary", 30)
    assert canary["computedDesiredCount"] == 1
    pipecd.wait_stable()
    pipecd.route(50, 50)
    wait_for(lambda: any(one.version == "2" for one in list(traffic.answers)), "the canary gets traffic")
    again = bare.define("shop", "2")
    before = pipecd.primary(service)
    assert before is not None
    pipecd.promote(service, pipecd.create_task_set(service, again["taskDefinitionArn"], "primary", 100))
    pipecd.delete(before)
    pipecd.wait_stable()
    pipecd.route(100, 0)
    pipecd.delete(canary)
    where = {"cluster": "tools", "service": "shop"}
    wait_for(lambda: len(bare.ecs.describe_task_sets(**where)["taskSets"]) == 1, "one task set is left")
    answers = traffic.stop()
    assert [one.why for one in answers if one.failed] == []
    assert {one.version for one in answers[-20:]} == {"2"}
    shown = bare.ecs.describe_services(cluster="tools", services=["shop"])["services"][0]
    assert shown["taskDefinition"] == again["taskDefinitionArn"]
    task = bare.ecs.list_tasks(cluster="tools", serviceName="shop")["taskArns"][0]
    tagged = bare.ecs.describe_tasks(cluster="tools", tasks=[task], include=["TAGS"])["tasks"][0]["tags"]
    assert {"key": "commit", "value": "2"} in tagged
    assert {"key": "aws:ecs:serviceName", "value": "shop"} in tagged


def test_a_service_has_five_task_sets_at_most(bare: Bare) -> None:
    bare.ecs.create_service(
        cluster="tools", serviceName="many", desiredCount=0, deploymentController={"type": "EXTERNAL"}
    )
    where = {"cluster": "tools", "service": "many", "networkConfiguration": bare.network}
    definition = bare.define("many", "1")["taskDefinitionArn"]
    for _ in range(5):
        bare.ecs.create_task_set(**where, taskDefinition=definition)
    with pytest.raises(ClientError) as caught:
        bare.ecs.create_task_set(**where, taskDefinition=definition)
    assert caught.value.response["Error"] == {
        "Code": "InvalidParameterException",
        "Message": "5 deployments exist on the service."
        " Unable to create new TaskSet since this exceeds the maximum limit.",
    }
    bare.ecs.delete_service(cluster="tools", service="many", force=True)


ASKS = """
import json, os, urllib.request
def ask(url):
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)
given = ask("http://169.254.170.2" + os.environ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"])
task = ask(os.environ["ECS_CONTAINER_METADATA_URI_V4"] + "/task")
print(json.dumps([given, task, os.environ["AWS_ENDPOINT_URL"]]))
"""


def test_a_task_has_the_credentials_of_its_role(bare: Bare) -> None:
    definition = bare.define("asks", "1", command=["python3", "-c", ASKS])
    ran = bare.ecs.run_task(
        cluster="tools",
        taskDefinition=definition["family"],
        launchType="FARGATE",
        networkConfiguration=bare.network,
    )
    task = ran["tasks"][0]["taskArn"]
    given, about, endpoint = json.loads(bare.printed(task)[0])
    assert about["TaskARN"] == task
    assert endpoint.startswith("http://bambe.internal:")
    assert given["RoleArn"] == ROLE
    keys = {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["Token"],
    }
    who = _run(bare, ["aws", "sts", "get-caller-identity", "--output", "json"], Path(), **keys)
    assert json.loads(who)["Arn"] == f"arn:aws:sts::000000000000:assumed-role/tools/{task.rsplit('/', 1)[-1]}"


def _run(bare: Bare, command: list[str], where: Path, **extra: str) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, **bare.place.environment(), "PATH": path, **extra}
    done = subprocess.run(
        command, cwd=where, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("ecspresso") is None, reason="ecspresso is not on the PATH")
def test_ecspresso(bare: Bare, tmp_path: Path) -> None:
    bare.define("rolling", "1")
    bare.ecs.create_service(
        cluster="tools", serviceName="rolling", taskDefinition="rolling", desiredCount=1,
        launchType="FARGATE",
        networkConfiguration=bare.network,
        loadBalancers=[
            {"targetGroupArn": bare.groups["rolling"], "containerName": "web", "containerPort": 8080}
        ],
    )  # fmt: skip

    def tool(*arguments: str) -> str:
        return _run(bare, ["ecspresso", *arguments], tmp_path)

    tool(
        "init",
        "--region",
        "eu-central-1",
        "--cluster",
        "tools",
        "--service",
        "rolling",
        "--config",
        "ecspresso.yml",
    )
    assert "[OK]" not in tool("diff")
    definition = tmp_path / "ecs-task-def.json"
    definition.write_text(definition.read_text().replace('"value": "1"', '"value": "2"'))
    assert '+          "value": "2"' in tool("diff")
    assert "Completed!" in tool("deploy")
    assert "rolling:2 desired:1 pending:0 running:1 COMPLETED" in tool("status")
    assert "rolled-back" in tool("rollback", "--deregister-task-definition")
    assert "rolling:1 desired:1" in tool("status")
    assert "Completed!" in tool("scale", "--tasks", "2")
    overrides = {"containerOverrides": [{"name": "web", "command": ["echo", "hello"]}]}
    assert "Run task completed!" in tool(
        "run", "--latest-task-definition", "--overrides", json.dumps(overrides)
    )
    tool("delete", "--force", "--terminate")
