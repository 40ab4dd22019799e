"""What the proxy cannot do is refused at the door, and what it does not know yet is waited for."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from bambe.engines.proxy.render import render
from bambe.kernel.errors import AwsError, Refused
from tests.support.house import House
from tests.unit.services.elbv2.conftest import Edge


def _redirect(**config: str) -> list[dict[str, Any]]:
    whole = {"StatusCode": "HTTP_301", "Protocol": "HTTPS", **config}
    return [{"Type": "redirect", "RedirectConfig": whole}]


WRONG = {
    "redirect path with another placeholder": ("rule", _redirect(Path="/#{host}/x")),
    "redirect port that is no number": ("rule", _redirect(Port="abc")),
    "health check by TLS": ("group", {"HealthCheckProtocol": "TLS"}),
    "matcher that is no range": ("group", {"Matcher": {"HttpCode": "200-299-300"}}),
    "matcher the wrong way round": ("group", {"Matcher": {"HttpCode": "299-200"}}),
    "matcher beyond all status codes": ("group", {"Matcher": {"HttpCode": "700"}}),
    "health check port out of range": ("group", {"HealthCheckPort": "70000"}),
    "algorithm nobody knows": ("attribute", ("load_balancing.algorithm.type", "fastest")),
    "idle timeout that is no number": ("balancer", ("idle_timeout.timeout_seconds", "soon")),
}


@pytest.mark.parametrize("what", WRONG)
async def test_what_the_proxy_cannot_do_is_refused_at_the_door(edge: Edge, tmp_path: Path, what: str) -> None:
    """One value that is taken and cannot be rendered keeps the proxy from hearing of anything any more."""
    kind, value = WRONG[what]
    await edge.rule(blue=1)
    await edge.house.settle()
    with contextlib.suppress(AwsError):
        if kind == "rule":
            await edge.elb.create_rule(
                ListenerArn=edge.listener, Priority=5, Actions=value,
                Conditions=[{"Field": "path-pattern", "Values": ["/x"]}],
            )  # fmt: skip
        elif kind == "group":
            await edge.elb.modify_target_group(TargetGroupArn=edge.blue, **value)
        elif kind == "attribute":
            await edge.elb.modify_target_group_attributes(
                TargetGroupArn=edge.blue, Attributes=[{"Key": value[0], "Value": value[1]}]
            )
        else:
            await edge.elb.modify_load_balancer_attributes(
                LoadBalancerArn=edge.balancer, Attributes=[{"Key": value[0], "Value": value[1]}]
            )
    await edge.house.settle()
    await edge.elb.register_targets(TargetGroupArn=edge.blue, Targets=[{"Id": "10.200.0.5"}])
    await edge.house.settle()
    world = edge.house.proxy.world
    assert [t.address for g in world.target_groups for t in g.targets] == ["10.200.0.5"], "the loop goes on"
    made = str(render(world, tmp_path))
    for impossible in ("70000", "'start': 700", "'start': 299, 'end': 201"):
        assert impossible not in made, "Envoy rejects it, and all that is written with it"


class Deaf:
    """A proxy that is seen and cannot be told anything: its files are refused, or not taken in time."""

    def __init__(self, proxy: Any) -> None:
        self._proxy = proxy
        self.deaf = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._proxy, name)

    async def apply(self, world: Any) -> None:
        if self.deaf:
            raise Refused("Envoy refuses its configuration")
        await self._proxy.apply(world)


async def test_a_drain_waits_until_the_proxy_knows_of_it(house: House, edge: Edge) -> None:
    loop = house.runners["elbv2.traffic"].reconciler
    loop._proxy = proxy = Deaf(house.proxy)  # type: ignore[attr-defined]
    await edge.rule(blue=1)
    await edge.elb.register_targets(TargetGroupArn=edge.blue, Targets=[{"Id": "10.200.0.5"}])
    await house.advance(2)
    proxy.deaf = True
    await edge.elb.deregister_targets(TargetGroupArn=edge.blue, Targets=[{"Id": "10.200.0.5"}])
    await house.advance(5)
    (told,) = [t for g in house.proxy.world.target_groups for t in g.targets]
    assert not told.draining, "it still sends requests there"
    assert await edge.states(edge.blue) == ["draining"], "so ECS must not be told that it may stop the task"
