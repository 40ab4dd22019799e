"""From what the proxy has counted to values of AWS/ApplicationELB; pure.

Counts begin anew when the proxy's process does, or one has gone down: then all they show is new.
Source of names, dimensions and meanings: "CloudWatch metrics for your Application Load Balancer".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bambe.engines.proxy.port import ProxySeen, TargetHealth
from bambe.evidence.counts import Counts, gain
from bambe.services.cloudwatch.model import Metric
from bambe.services.cloudwatch.points import Bucket, Point, joined, of_values

NAMESPACE = "AWS/ApplicationELB"
CLASSES = ("2xx", "3xx", "4xx", "5xx")
OURS = ("4xx", "5xx")
PROXY, GROUP, BALANCER = "proxy", "group", "balancer"
Value = tuple[Metric, str, Point]
"""A metric, its unit, and what was measured of it."""


@dataclass(frozen=True, slots=True)
class Counters:
    """Counts as last seen: of a target group, of a load balancer, or none, only that we have looked.

    `owed`: answers by class that a group has counted and its load balancer had not yet.
    """

    kind: str
    id: str
    epoch: str
    counts: Counts = field(default_factory=Counts)
    owed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Balanced:
    """A target group behind a load balancer; ids are the last parts of their ARNs, names what follows the
    ARN's `loadbalancer/`, and its last part after a colon, as dimensions have them."""

    group: str
    group_name: str
    balancer: str
    balancer_name: str


Known = Mapping[tuple[str, str], Counters]


def look(known: Known, seen: ProxySeen, places: Sequence[Balanced]) -> tuple[list[Value], list[Counters]]:
    """What was gained since the last look, and what to remember of this one.

    The first look at a load balancer gains nothing: nobody knows when what it shows was counted.
    """
    values: list[Value] = []
    now = [Counters(PROXY, "", seen.epoch)]
    from_targets: dict[str, Counts] = {}
    for place in places:
        if place.group not in seen.groups:
            continue  # the proxy has not been told of it yet, or is just being told
        counted = seen.groups[place.group]
        shown = Counts(counted.total, counted.by_class, counted.retries, counted.dropped, counted.latencies)
        begun = (BALANCER, place.balancer) in known
        gained, row = _gained(known, GROUP, place.group, seen.epoch, shown, begun)
        values += _requests(place, gained, _healthy(seen, place.group))
        values += _health(place, seen)
        from_targets[place.balancer] = from_targets.get(place.balancer, Counts()) + _by_targets(gained)
        now.append(row)
    for balancer, name in dict.fromkeys((place.balancer, place.balancer_name) for place in places):
        if balancer not in seen.balancers or balancer not in from_targets:
            continue
        answered = Counts(seen.balancers[balancer].total, seen.balancers[balancer].by_class)
        gained, row = _gained(known, BALANCER, balancer, seen.epoch, answered, begun=False)
        made, owed = _own_answers(name, gained, from_targets[balancer], row.owed)
        values += made
        now.append(replace(row, owed=owed))
    return values, now


def _gained(
    known: Known, kind: str, id: str, epoch: str, now: Counts, begun: bool
) -> tuple[Counts, Counters]:
    before = known.get((kind, id))
    if before is None:
        return (now if begun else Counts()), Counters(kind, id, epoch, now)
    gained, _ = gain(before.counts, now, epoch != before.epoch)
    return gained, replace(before, epoch=epoch, counts=now)


def _by_targets(gained: Counts) -> Counts:
    """The answers that came from targets: what was dropped was answered by the proxy, as 5xx."""
    by_class = {**gained.by_class, "5xx": max(0, gained.by_class.get("5xx", 0) - gained.dropped)}
    return Counts(gained.requests, by_class)


def _requests(place: Balanced, gained: Counts, healthy: int) -> list[Value]:
    answered = _by_targets(gained).by_class
    counted = {
        "RequestCount": gained.requests,
        **{f"HTTPCode_Target_{name.upper()}_Count": answered.get(name, 0) for name in CLASSES},
    }
    values = [
        (Metric(NAMESPACE, name, dimensions), "Count", ones(count))
        for name, count in counted.items()
        if count
        for dimensions in (_balancer(place), _both(place))
    ]
    times = of_latencies(gained.latencies)
    if times.count:
        values += [
            (Metric(NAMESPACE, "TargetResponseTime", dimensions), "Seconds", times)
            for dimensions in (_balancer(place), _both(place))
        ]
    if gained.requests and healthy:
        each = of_values([(gained.requests / healthy, 1)])
        values += [
            (Metric(NAMESPACE, "RequestCountPerTarget", dimensions), "Count", each)
            for dimensions in (_group(place), _both(place))
        ]
    return values


def _health(place: Balanced, seen: ProxySeen) -> list[Value]:
    states = [one.health for (group, _, _), one in seen.targets.items() if group == place.group]
    if not states:
        return []
    healthy = states.count(TargetHealth.HEALTHY)
    unhealthy = states.count(TargetHealth.UNHEALTHY)
    return [
        (Metric(NAMESPACE, name, _both(place)), "Count", of_values([(number, 1)]))
        for name, number in (("HealthyHostCount", healthy), ("UnHealthyHostCount", unhealthy))
    ]


def _healthy(seen: ProxySeen, group: str) -> int:
    return sum(
        one.health is TargetHealth.HEALTHY for (name, _, _), one in seen.targets.items() if name == group
    )


def _own_answers(
    name: str, gained: Counts, from_targets: Counts, owed: Mapping[str, int]
) -> tuple[list[Value], dict[str, int]]:
    """What the load balancer answered itself. A request may be counted by its group one look earlier than by
    the load balancer; what is owed so long is not mistaken for an answer of its own afterwards."""
    values: list[Value] = []
    owes: dict[str, int] = {}
    for kind in OURS:
        difference = gained.by_class.get(kind, 0) - from_targets.by_class.get(kind, 0)
        own = difference - owed.get(kind, 0)
        if difference < 0:
            owes[kind] = -difference
        if own > 0:
            metric = Metric(NAMESPACE, f"HTTPCode_ELB_{kind.upper()}_Count", (("LoadBalancer", name),))
            values.append((metric, "Count", ones(own)))
    return values, owes


def ones(count: float) -> Point:
    """So many requests: each counts 1, so that the sum is what to look at."""
    return Point(count, count, 1, 1)


def of_latencies(cumulative: Mapping[float, int]) -> Point:
    """Response times in seconds, of answers by upper bound in milliseconds; within a bound they are taken to
    be spread evenly."""
    buckets: list[Bucket] = []
    low, passed = 0.0, 0
    for bound in sorted(cumulative):
        count = cumulative[bound] - passed
        if count > 0:
            buckets.append((low / 1000, bound / 1000, count))
            passed = cumulative[bound]
        low = bound
    if not buckets:
        return Point(0, 0, 0, 0)
    total = sum((least + most) / 2 * count for least, most, count in buckets)
    return Point(sum(count for _, _, count in buckets), total, buckets[0][0], buckets[-1][1], joined(buckets))


def _balancer(place: Balanced) -> tuple[tuple[str, str], ...]:
    return (("LoadBalancer", place.balancer_name),)


def _group(place: Balanced) -> tuple[tuple[str, str], ...]:
    return (("TargetGroup", place.group_name),)


def _both(place: Balanced) -> tuple[tuple[str, str], ...]:
    return (("LoadBalancer", place.balancer_name), ("TargetGroup", place.group_name))
