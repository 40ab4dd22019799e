"""A proxy in memory: targets are healthy at once unless a test says otherwise."""

from __future__ import annotations

from bambe.engines.proxy.port import (
    BalancerCounts,
    FixedResponse,
    GroupCounts,
    ProxySeen,
    Target,
    TargetGroup,
    TargetHealth,
    TargetSeen,
    World,
)
from bambe.kernel.errors import EngineError, NotThere, Unavailable

Key = tuple[str, str, int]


class FakeProxy:
    """Implements engines.proxy.port.Proxy. `worlds` are those it was told, the last one being true.

    `failure`, when set, is raised by `apply` and `observe`. `asked`: (listener, path) of every request.
    """

    def __init__(self) -> None:
        self.worlds: list[World] = []
        self.running = True
        self.default = TargetHealth.HEALTHY
        self.failure: EngineError | None = None
        self._health: dict[Key, tuple[TargetHealth, str]] = {}
        self._active: dict[Key, int] = {}
        self._counts: dict[str, GroupCounts] = {}
        self._answers: dict[str, BalancerCounts] = {}
        self.epoch = "1"
        self.asked: list[tuple[str, str]] = []

    @property
    def world(self) -> World:
        """What should be true now."""
        return self.worlds[-1] if self.worlds else World()

    async def start(self) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False

    async def apply(self, world: World) -> None:
        self._check()
        if not self.worlds or self.worlds[-1] != world:
            self.worlds.append(world)

    async def observe(self) -> ProxySeen:
        self._check()
        targets = {
            (group.id, target.address, target.port): self._seen(group, target)
            for group in self.world.target_groups
            for target in group.targets
        }
        groups = {group.id: self._counts.get(group.id, GroupCounts()) for group in self.world.target_groups}
        balancers = {one.id: self._answers.get(one.id, BalancerCounts()) for one in self.world.load_balancers}
        return ProxySeen(targets, groups, balancers, self.epoch)

    async def ask(self, listener: str, path: str) -> int:
        found = [
            one for balancer in self.world.load_balancers for one in balancer.listeners if one.id == listener
        ]
        if not found:
            raise NotThere(f"the proxy has no listener {listener}")
        self.asked.append((listener, path))
        action = found[0].rules[-1].action
        return action.status if isinstance(action, FixedResponse) else 200

    async def remove_everything(self) -> None:
        self.running = False
        self.worlds.clear()

    def set_health(self, group: str, address: str, port: int, health: TargetHealth, reason: str = "") -> None:
        """From now on the target's health checks say this."""
        self._health[group, address, port] = (health, reason or _REASONS[health])

    def set_active(self, group: str, address: str, port: int, active: int) -> None:
        """Requests in flight at the target."""
        self._active[group, address, port] = active

    def set_counts(self, group: str, counts: GroupCounts) -> None:
        """What the group has answered."""
        self._counts[group] = counts

    def set_answers(self, balancer: str, counts: BalancerCounts) -> None:
        """What the load balancer has answered."""
        self._answers[balancer] = counts

    def weights(self, listener: str) -> dict[str, int]:
        """Group id -> weight in the last rule of the listener (its default)."""
        for balancer in self.world.load_balancers:
            for found in balancer.listeners:
                if found.id == listener:
                    return dict(getattr(found.rules[-1].action, "weights", {}))
        return {}

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure
        if not self.running:
            raise Unavailable("the proxy is not running")

    def _seen(self, group: TargetGroup, target: Target) -> TargetSeen:
        key = (group.id, target.address, target.port)
        known = (self.default, _REASONS[self.default]) if group.check else (TargetHealth.HEALTHY, "")
        health, reason = self._health.get(key, known)
        return TargetSeen(health, self._active.get(key, 0), reason)


_REASONS = {
    TargetHealth.INITIAL: "Elb.InitialHealthChecking",
    TargetHealth.HEALTHY: "",
    TargetHealth.UNHEALTHY: "Target.FailedHealthChecks",
}
