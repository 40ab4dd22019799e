"""What the house asks of the proxy: the whole truth about traffic, told again at every change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class TargetHealth(StrEnum):
    """What active health checks say of a target."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate chain and its key, in PEM."""

    id: str
    chain: str
    key: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go. A draining target gets no new ones and finishes what it has."""

    address: str
    port: int
    draining: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """An active health check; seconds. `port` 0 is the target's own. `codes` are inclusive ranges."""

    protocol: str = "HTTP"
    path: str = "/"
    port: int = 0
    interval: float = 30
    timeout: float = 6
    healthy: int = 5
    unhealthy: int = 2
    codes: tuple[tuple[int, int], ...] = ((200, 200),)


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group. `algorithm` is ELB's load_balancing.algorithm.type.

    `stickiness` is the seconds of the load balancer's own cookie, 0 for none. `slow_start` seconds.
    """

    id: str
    name: str
    protocol: str = "HTTP"
    targets: tuple[Target, ...] = ()
    check: Check | None = None
    algorithm: str = "round_robin"
    stickiness: int = 0
    slow_start: int = 0


@dataclass(frozen=True, slots=True)
class Forward:
    """Send to target groups by weight (group id -> 0..999)."""

    weights: Mapping[str, int]
    stickiness: int = 0


@dataclass(frozen=True, slots=True)
class Redirect:
    """Answer 301/302; fields are ELB's RedirectConfig with its #{placeholders}."""

    status: int
    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"


@dataclass(frozen=True, slots=True)
class FixedResponse:
    """Answer by itself."""

    status: int
    content_type: str = "text/plain"
    body: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """One ELB condition: any of `values` matches. `field` as in ELB; `key` a header or query key.

    Values carry ELB's `*` and `?` wildcards, where that field has them.
    """

    field: str
    values: tuple[str, ...]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """All conditions must match. Rules of a listener are tried in order; the last has none."""

    id: str
    conditions: tuple[Condition, ...]
    action: Forward | Redirect | FixedResponse


@dataclass(frozen=True, slots=True)
class Listener:
    """One port of a load balancer. `certificates`: the first is the default, others by SNI."""

    id: str
    port: int
    protocol: str
    rules: tuple[Rule, ...]
    certificates: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A load balancer and the addresses it owns (loopback for the host, bridge for containers)."""

    id: str
    name: str
    addresses: tuple[str, ...]
    listeners: tuple[Listener, ...] = ()
    idle_timeout: float = 60


@dataclass(frozen=True, slots=True)
class World:
    """Everything the proxy should do; it replaces what it was told before."""

    load_balancers: tuple[LoadBalancer, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetSeen:
    """One target as the proxy sees it. `active` are requests in flight."""

    health: TargetHealth
    active: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Requests a target group was asked, counted since the proxy's process began (its `epoch`).

    A changed health check makes them begin anew too: a count that went down says so.
    `by_class`: answers by status class, the proxy's own (502, 503, 504) among them. `retries`: sent
    again to another target. `dropped`: not answered, or not to the end, by a target: counted in `by_class`
    too where the client got a status. `latencies`: answers by upper bound in milliseconds, cumulative.
    """

    total: int = 0
    by_class: Mapping[str, int] = field(default_factory=dict)
    active: int = 0
    retries: int = 0
    dropped: int = 0
    latencies: Mapping[float, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BalancerCounts:
    """What a load balancer answered its clients, by status class, redirects and fixed answers too."""

    total: int = 0
    by_class: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProxySeen:
    """Health by (group id, address, port), counts by group and by load balancer id.

    `epoch` names the proxy's process: its counts begin at 0 whenever it changes.
    """

    targets: Mapping[tuple[str, str, int], TargetSeen] = field(default_factory=dict)
    groups: Mapping[str, GroupCounts] = field(default_factory=dict)
    balancers: Mapping[str, BalancerCounts] = field(default_factory=dict)
    epoch: str = ""


class Proxy(Protocol):
    """A proxy in a process of its own: it goes on without us and is found again at `start`."""

    async def start(self) -> None:
        """Find the running proxy or start one."""
        ...

    async def stop(self) -> None:
        """Let go of it; it runs on."""
        ...

    async def apply(self, world: World) -> None:
        """Make `world` true. Traffic follows within milliseconds of the return; repeating is free."""
        ...

    async def observe(self) -> ProxySeen:
        """What it sees now. Unavailable when it does not answer."""
        ...

    async def ask(self, listener: str, path: str) -> int:
        """The status of a GET through a listener as any client sends it; 0 without a whole answer in time.

        NotThere for a listener it was not told of.
        """
        ...

    async def remove_everything(self) -> None:
        """End the process, free its addresses, remove its files."""
        ...
