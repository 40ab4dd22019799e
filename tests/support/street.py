"""A street for tests: a service behind a rule with a pair of target groups, on engines that may die."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from bambe.engines.proxy.port import Forward, TargetHealth
from bambe.kernel.errors import AwsError, Refused
from tests.support.house import VPC
from tests.support.mortal import MortalHouse

BAD = "images.example/orders:bad"


@dataclass
class Street:
    """What tests of releases do to a service, and what must hold of its traffic."""

    refusals: ClassVar[frozenset[str]] = frozenset()
    house: MortalHouse
    rule: str = ""
    arns: dict[str, str] = field(default_factory=dict)
    good: str = ""
    bad: str = ""

    @property
    def aws(self) -> Any:
        return self.house.aws

    async def check(self) -> None:
        """What holds at every moment."""

    async def open_balancer(self) -> str:
        elb = self.aws.elbv2
        subnets = [one["SubnetId"] for one in (await self.aws.ec2.describe_subnets())["Subnets"]]
        made = await elb.create_load_balancer(Name="shop", Subnets=subnets)
        for name in ("blue", "green"):
            answer = await elb.create_target_group(
                Name=name, Protocol="HTTP", Port=80, TargetType="ip", VpcId=VPC
            )
            self.arns[name] = answer["TargetGroups"][0]["TargetGroupArn"]
        fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        answer = await elb.create_listener(
            LoadBalancerArn=made["LoadBalancers"][0]["LoadBalancerArn"],
            Port=80, Protocol="HTTP", DefaultActions=[fixed],
        )  # fmt: skip
        listener = str(answer["Listeners"][0]["ListenerArn"])
        answer = await elb.create_rule(
            ListenerArn=listener, Priority=1, Conditions=[{"Field": "path-pattern", "Values": ["/o*"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": self.arns["blue"]}],
        )  # fmt: skip
        self.rule = answer["Rules"][0]["RuleArn"]
        return listener

    async def define(self, image: str) -> str:
        answer = await self.aws.ecs.register_task_definition(
            family="orders", requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256",
            memory="512",
            containerDefinitions=[{"name": "c", "image": image, "portMappings": [{"containerPort": 80}]}],
        )  # fmt: skip
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    async def happens(self, what: str, how: Any) -> None:
        """One event; AWS's refusals of what does not fit the moment are answers like others."""
        try:
            await getattr(self, f"_{what}")(how)
        except AwsError as error:
            if error.wire_code() not in self.refusals:
                raise
        await self.house.settle()
        if self.house.fate.is_dead:
            self.house.restart()
            await self.house.settle()

    async def _kill(self, when: tuple[int, bool]) -> None:
        """It dies within the next seconds, or, if it has nothing to do, at their end."""
        self.house.fate.set(*when)
        for _ in range(3):
            if not self.house.fate.is_dead:
                await self.house.advance(1)
        self.house.restart()

    async def _wait(self, seconds: int) -> None:
        for _ in range(seconds):
            await self.house.advance(1)
            await self.check()

    async def _exit(self, number: int) -> None:
        running = sorted(self.house.containers.specs)
        if running:
            self.house.containers.exit(running[number % len(running)], code=1, reason="chance")

    async def _sick(self, sick: bool) -> None:
        self.house.proxy.default = TargetHealth.UNHEALTHY if sick else TargetHealth.HEALTHY

    async def weights(self) -> dict[str, int]:
        """Target group -> weight in the rule."""
        (rule,) = (await self.aws.elbv2.describe_rules(RuleArns=[self.rule]))["Rules"]
        groups = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
        return {one["TargetGroupArn"]: int(one.get("Weight", 1)) for one in groups}

    async def break_bad(self) -> None:
        """Containers of the bad image never start."""
        digest = await self.house.containers.pull(BAD)
        repository = BAD.partition(":")[0]
        self.house.containers.fail_start(f"{repository}@{digest}", Refused("it does not start"))

    async def check_proxy(self, running: dict[str, int]) -> None:
        """The proxy has so many targets in each target group (by ARN), and the rule's shares."""
        told = self.house.proxy.world
        targets = {one.name: sum(not target.draining for target in one.targets) for one in told.target_groups}
        for name, arn in self.arns.items():
            assert targets.get(name, 0) == running.get(arn, 0)
        forwards = [
            rule.action
            for balancer in told.load_balancers
            for listener in balancer.listeners
            for rule in listener.rules
            if isinstance(rule.action, Forward)
        ]
        shares = await self.weights()
        assert [{k: v for k, v in one.weights.items() if v} for one in forwards] == [
            {arn.rsplit("/", 1)[-1]: weight for arn, weight in shares.items() if weight}
        ], "the proxy has what the rule says"
