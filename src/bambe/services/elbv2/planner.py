"""What changes in the rows: addresses for new load balancers, health of targets, ends of drains."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bambe.services.elbv2.model import LoadBalancer, Target, TargetState

FIRST = 10
"""Load balancers are numbered from here within the last 256 addresses of the network."""
NEW = timedelta(minutes=5)
"""How long a target that fails its checks may still be starting."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the proxy says of a target: initial, healthy or unhealthy, and requests in flight."""

    state: TargetState
    reason: str
    active: int


@dataclass(frozen=True, slots=True)
class Update:
    """Write this row."""

    row: Target
    why: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The target's drain is over: delete its row."""

    row: Target
    why: str


Action = Update | Gone


def addresses(rows: Iterable[LoadBalancer], subnet: str) -> list[LoadBalancer]:
    """The load balancers that have no addresses of `subnet` yet, with those they get.

    The inner address is of the network's last 256, which the container engine never gives to tasks; the
    outer one is its twin in 127.0.0.0/8 (10.200.255.10 and 127.200.255.10).
    """
    network = ipaddress.IPv4Network(subnet)
    base = int(network.broadcast_address) & ~0xFF
    taken = {row.inner for row in rows if _is_in(row.inner, network)}
    free = (str(ipaddress.IPv4Address(base + number)) for number in range(FIRST, 250))
    fresh = []
    for row in rows:
        if _is_in(row.inner, network):
            continue
        inner = next((one for one in free if one not in taken), "")
        if not inner:
            break  # the rest stay in provisioning until one is deleted
        fresh.append(replace(row, inner=inner, loopback="127." + inner.split(".", 1)[1]))
    return fresh


def _is_in(address: str, network: ipaddress.IPv4Network) -> bool:
    return bool(address) and ipaddress.IPv4Address(address) in network


def is_moving(row: Target, now: datetime) -> bool:
    """Whether the target's state may change any moment: it drains, or is new and not healthy yet."""
    if row.until is not None or row.state == TargetState.INITIAL:
        return True
    return row.state == TargetState.UNHEALTHY and now - row.registered_at < NEW


def plan(
    targets: Iterable[Target],
    used: frozenset[tuple[str, str, str]],
    seen: Mapping[tuple[str, str, int], Sighting],
    now: datetime,
) -> tuple[Action, ...]:
    """Rows to change. `used` are (account, region, group id) of groups that a rule forwards to."""
    actions = []
    for row in targets:
        in_use = (row.account, row.region, row.group) in used
        sighting = seen.get((row.group, row.address, row.port))
        action = _drain(row, in_use, sighting, now) if row.until else _judge(row, in_use, sighting)
        if action is not None:
            actions.append(action)
    return tuple(actions)


def _drain(row: Target, in_use: bool, sighting: Sighting | None, now: datetime) -> Action | None:
    if not in_use:
        return Gone(row, "nothing forwards to its group any more")
    if row.quiet_from is None:
        return None  # the proxy may still send to it
    if row.until is not None and now >= row.until:
        return Gone(row, "the deregistration delay is over")
    if now >= row.quiet_from and sighting is not None and sighting.active == 0:
        return Gone(row, "nothing is in flight")
    return None


def _judge(row: Target, in_use: bool, sighting: Sighting | None) -> Action | None:
    if not in_use:
        fresh = replace(row, state=TargetState.INITIAL, reason="Elb.RegistrationInProgress")
        return Update(fresh, "nothing forwards to its group") if fresh != row else None
    if sighting is None:
        return None
    reason = "" if sighting.state == TargetState.HEALTHY else sighting.reason
    fresh = replace(row, state=sighting.state, reason=reason)
    return Update(fresh, "the proxy says so") if fresh != row else None
