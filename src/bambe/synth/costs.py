"""What a project costs a month on AWS while it stands: the resources of its stacks at list prices; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import ceil, fsum
from typing import Any

from bambe.project import Project
from bambe.project.model import Service
from bambe.synth import prices
from bambe.synth.prices import HOURS
from bambe.synth.stacks import Stack
from bambe.synth.stacks import stacks as stacks_of
from bambe.synth.task_counts import task_counts

Properties = Mapping[str, Any]
TOGETHER = ("network", "shared", "events")
"""Owners that are no service, in the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one thing costs, in USD a month: at least, and at most where the number of tasks scales.

    `owner` is a service's name, or one of TOGETHER; a service may be called like one of these.
    `how` is the sum as a person writes it.
    """

    owner: str
    what: str
    monthly: float
    most: float
    how: str
    is_service: bool = False


@dataclass(frozen=True, slots=True)
class Costs:
    """All costs: services by name, then what they share.

    `releases` are those of per_release; `unpriced` names what has a price not known here.
    """

    items: tuple[Cost, ...]
    releases: Mapping[str, float] = field(default_factory=dict)
    unpriced: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """USD a month with the fewest tasks that there are."""
        return fsum(one.monthly for one in self.items)

    @property
    def most(self) -> float:
        """USD a month with the most tasks that scaling allows, all the time."""
        return fsum(one.most for one in self.items)

    def per_release(self, service: str) -> float:
        """USD that one release costs beside, for the time in which both versions run, with the fewest tasks.

        The wait for an approval is not in it. KeyError for a service that is not there.
        """
        return self.releases[service]


@dataclass(frozen=True, slots=True)
class Part:
    """So many of one thing, `price` USD each in an hour or (not `is_hourly`) in a month.

    `formula` is written for their number and price where these alone say little.
    """

    what: str
    price: float
    least: float = 1
    most: float = 1
    is_hourly: bool = True
    formula: str = ""

    def and_also(self, other: Part) -> Part:
        """Both together; they have one price."""
        return replace(self, least=self.least + other.least, most=self.most + other.most)

    def cost(self, stack: Stack) -> Cost:
        """What they cost those whose stack it is."""
        each = self.price * (HOURS if self.is_hourly else 1)
        said = self.formula or f"{_number(self.least)} × ${_price(self.price)}"
        return Cost(
            owner=stack.service or stack.kind,
            what=self.what,
            monthly=self.least * each,
            most=self.most * each,
            how=f"{said} × {HOURS} h" if self.is_hourly else said,
            is_service=bool(stack.service),
        )


def costs(project: Project, stacks: Sequence[Stack] | None = None) -> Costs:
    """What the project costs, or these of its stacks; what `existing` names costs nothing new."""
    listed = stacks_of(project) if stacks is None else stacks
    items = [cost for stack in listed for cost in _of_stack(project, stack)]
    ran = sorted(stack.service for stack in listed if stack.kind == "service")
    unpriced = dict.fromkeys(phrase for stack in listed for phrase in _unpriced(stack))
    return Costs(
        tuple(sorted(items, key=_place)),
        {service: _release(project, service) for service in ran},
        tuple(unpriced),
    )


def _number(value: float) -> str:
    """A number for a person: 2, 1.5, 0.33."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _price(value: float) -> str:
    """A price with its cents at least, and no more digits than it has."""
    short = f"{value:.6f}".rstrip("0")
    whole, _, cents = short.partition(".")
    return f"{whole}.{cents:0<2}"


def _place(cost: Cost) -> tuple[int, str]:
    return (0, cost.owner) if cost.is_service else (1 + TOGETHER.index(cost.owner), "")


def _of_stack(project: Project, stack: Stack) -> Iterator[Cost]:
    """The costs of a stack, alike things as one."""
    found: dict[tuple[str, float], Part] = {}
    for kind, properties in _resources(stack):
        for part in PRICED.get(kind, _nothing)(project, stack, properties):
            key = (part.what, part.price)
            found[key] = found[key].and_also(part) if key in found else part
    return (part.cost(stack) for part in found.values())


def _resources(stack: Stack) -> Iterator[tuple[str, Properties]]:
    return ((one["Type"], one.get("Properties", {})) for one in stack.template["Resources"].values())


def _unpriced(stack: Stack) -> Iterator[str]:
    for kind, properties in _resources(stack):
        if kind not in PRICED and kind not in prices.FREE | prices.ONLY_BY_USE:
            yield kind
        if kind == "AWS::MSK::Cluster" and (instance := _instance(properties)) not in prices.BROKERS:
            yield f"brokers of {instance}"


def _nothing(_: Project, __: Stack, ___: Properties) -> Iterable[Part]:
    return ()


def _tasks(project: Project, stack: Stack, _: Properties) -> Iterator[Part]:
    wish = project.services[stack.service]
    least, most = task_counts(wish)
    size = f"({_number(wish.cpu / 1024)} vCPU + {_number(wish.memory / 1024)} GB)"
    many = _many(least, most, bool(wish.schedule))
    yield Part("tasks", _task_hour(wish), least, most, formula=f"{many} × {size}")
    if not project.is_private:
        formula = f"{many} × ${_price(prices.ADDRESS_HOUR)}"
        yield Part("public IPv4 addresses", prices.ADDRESS_HOUR, least, most, formula=formula)


def _task_hour(wish: Service) -> float:
    return wish.cpu / 1024 * prices.VCPU_HOUR + wish.memory / 1024 * prices.GB_HOUR


def _many(least: float, most: float, changes: bool) -> str:
    said = " to ".join(dict.fromkeys((_number(least), _number(most))))
    return f"{said} {'task' if said == '1' else 'tasks'}{' on average' if changes else ''}"


def _release(project: Project, service: str) -> float:
    """Both versions run for the steps of the shift and the wait after it."""
    wish = project.release_of(service)
    if project.is_rolling(service):
        return 0.0
    steps = {"canary": 1, "linear": ceil(100 / wish.percent) - 1, "all_at_once": 0}[wish.strategy]
    wait = wish.interval if project.is_worker(service) else wish.interval * steps + wish.keep_old
    least, _ = task_counts(project.services[service])
    address = 0.0 if project.is_private else prices.ADDRESS_HOUR
    return least * (_task_hour(project.services[service]) + address) * (wait / timedelta(hours=1))


def _balancer(project: Project, _: Stack, __: Properties) -> Iterator[Part]:
    zones = len(project.existing.public_subnets) if project.existing.vpc else project.network.zones
    yield Part("load balancer", prices.BALANCER_HOUR)
    yield Part("public IPv4 addresses", prices.ADDRESS_HOUR, zones, zones)


def _endpoint(_: Project, __: Stack, properties: Properties) -> Iterator[Part]:
    if properties["VpcEndpointType"] == "Interface":
        zones = len(properties["SubnetIds"])
        yield Part("endpoints, each in every zone", prices.ENDPOINT_HOUR, zones, zones)


def _brokers(_: Project, __: Stack, properties: Properties) -> Iterator[Part]:
    many, instance = properties["NumberOfBrokerNodes"], _instance(properties)
    size = properties["BrokerNodeGroupInfo"]["StorageInfo"]["EBSStorageInfo"]["VolumeSize"] * many
    if instance in prices.BROKERS:
        yield Part(f"brokers, {instance}", prices.BROKERS[instance], many, many)
    formula = f"{size} GB × ${_price(prices.STORAGE_MONTH)}"
    yield Part("storage of the brokers", prices.STORAGE_MONTH, size, size, is_hourly=False, formula=formula)


def _instance(properties: Properties) -> str:
    return str(properties["BrokerNodeGroupInfo"]["InstanceType"])


def _alarm(_: Project, __: Stack, properties: Properties) -> Iterator[Part]:
    yield _watched("alarms, by metric", properties.get("Metrics", ()))


def _tracked(_: Project, __: Stack, properties: Properties) -> Iterator[Part]:
    said = properties["TargetTrackingScalingPolicyConfiguration"]
    measure = said.get("CustomizedMetricSpecification", {})
    yield _watched("alarms of scaling, by metric", measure.get("Metrics", ()), prices.TRACKED)


def _watched(what: str, math: Sequence[Properties], alarms: int = 1) -> Part:
    """Alarms of one metric, or of as many as its `math` has."""
    metrics = sum("MetricStat" in one for one in math) or 1
    return Part(what, prices.ALARM_MONTH, alarms * metrics, alarms * metrics, is_hourly=False)


def _each(what: str, price: float, is_hourly: bool = False) -> Rule:
    part = Part(what, price, is_hourly=is_hourly)
    return lambda project, stack, properties: (part,)


Rule = Callable[[Project, Stack, Properties], Iterable[Part]]
PRICED: Mapping[str, Rule] = {
    "AWS::ApplicationAutoScaling::ScalingPolicy": _tracked,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::EC2::EIP": _each("public IPv4 addresses", prices.ADDRESS_HOUR, is_hourly=True),
    "AWS::EC2::NatGateway": _each("NAT gateways", prices.NAT_HOUR, is_hourly=True),
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::ECS::Service": _tasks,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _balancer,
    "AWS::KMS::Key": _each("key", prices.KEY_MONTH),
    "AWS::MSK::Cluster": _brokers,
    "AWS::SecretsManager::Secret": _each("secrets", prices.SECRET_MONTH),
    "AWS::ServiceDiscovery::PrivateDnsNamespace": _each("private DNS zone", prices.ZONE_MONTH),
}
"""What a resource costs, by its type; one that is neither here nor in prices.py is `unpriced`."""
