"""From rows to what the proxy is told: the whole truth about traffic, as a value."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

from bambe.engines.proxy import port as proxy
from bambe.services.elbv2.checks import CONFIGS
from bambe.services.elbv2.model import (
    Listener,
    LoadBalancer,
    Rule,
    Shape,
    Target,
    TargetGroup,
    TargetState,
    forwards,
)


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of all accounts and regions."""

    balancers: Sequence[LoadBalancer]
    listeners: Sequence[Listener]
    rules: Sequence[Rule]
    groups: Sequence[TargetGroup]
    targets: Sequence[Target]


log = logging.getLogger("bambe.elbv2")
Row = TypeVar("Row", LoadBalancer, TargetGroup)
Said = TypeVar("Said", proxy.LoadBalancer, proxy.TargetGroup)
Certificates = Mapping[str, proxy.Certificate]


def world(rows: Rows, certificates: Certificates, last: proxy.World) -> proxy.World:
    """What the proxy should do; HTTPS listeners serve the certificates that are there, and wait for one.

    A load balancer or target group that cannot be said (a row that some older version let in) stays as it
    was in `last`, and holds up nobody else.
    """
    groups = {group.arn: group for group in rows.groups}
    used = {arn for rule in rows.rules for arn in rule.groups if arn in groups}
    balancers = {one.id: one for one in last.load_balancers}
    known = {one.id: one for one in last.target_groups}
    made = [
        _or_as_it_was(row, lambda row: _balancer(row, rows, groups, certificates), balancers)
        for row in rows.balancers
        if row.loopback
    ]
    targets = [
        _or_as_it_was(groups[arn], lambda row: _group(row, rows.targets), known) for arn in sorted(used)
    ]
    return proxy.World(
        load_balancers=tuple(one for one in made if one is not None),
        target_groups=tuple(one for one in targets if one is not None),
    )


def _or_as_it_was(row: Row, make: Callable[[Row], Said], last: Mapping[str, Said]) -> Said | None:
    try:
        return make(row)
    except (KeyError, ValueError) as error:
        log.error("%s cannot be said to the proxy: %s", row.arn, error)
        return last.get(row.id)


def _balancer(
    row: LoadBalancer, rows: Rows, groups: Mapping[str, TargetGroup], certificates: Certificates
) -> proxy.LoadBalancer:
    mine = [one for one in rows.listeners if one.balancer == row.id]
    made = [_listener(row, one, rows.rules, groups, certificates) for one in mine]
    return proxy.LoadBalancer(
        id=row.id,
        name=row.name,
        addresses=(row.loopback, row.inner),
        listeners=tuple(one for one in made if one is not None),
        idle_timeout=float(row.attributes["idle_timeout.timeout_seconds"]),
    )


def _listener(
    balancer: LoadBalancer,
    row: Listener,
    rules: Iterable[Rule],
    groups: Mapping[str, TargetGroup],
    certificates: Certificates,
) -> proxy.Listener | None:
    # Clients that name no host (https://<address>/) get the load balancer's own certificate.
    wanted = [balancer.certificate, *row.certificates] if row.protocol == "HTTPS" else []
    served = [certificates[arn] for arn in dict.fromkeys(wanted) if arn in certificates]
    if wanted and not served:
        return None
    mine = sorted((rule for rule in rules if rule.listener == row.id), key=lambda rule: rule.order)
    return proxy.Listener(
        id=row.id,
        port=row.port,
        protocol=row.protocol,
        rules=tuple(one for rule in mine for one in _rules(rule, groups)),
        certificates=tuple(served),
    )


def _rules(rule: Rule, groups: Mapping[str, TargetGroup]) -> list[proxy.Rule]:
    action = _action(rule.actions, groups)
    return [proxy.Rule(rule.id, tuple(c for one in rule.conditions for c in _conditions(one)), action)]


def _conditions(condition: Shape) -> list[proxy.Condition]:
    field, config = condition["Field"], condition[CONFIGS[condition["Field"]]]
    if field != "query-string":
        key = config.get("HttpHeaderName", "")
        return [proxy.Condition(field, tuple(str(value) for value in config["Values"]), key)]
    pairs = sorted((str(one.get("Key", "")), str(one.get("Value", ""))) for one in config["Values"])
    return [
        proxy.Condition(field, tuple(value for _, value in same), key)
        for key, same in groupby(pairs, key=lambda pair: pair[0])
    ]


def _action(
    actions: list[Shape], groups: Mapping[str, TargetGroup]
) -> proxy.Forward | proxy.Redirect | proxy.FixedResponse:
    action = actions[0]
    if action["Type"] == "redirect":
        said = action["RedirectConfig"]
        return proxy.Redirect(
            status=int(said["StatusCode"].removeprefix("HTTP_")),
            protocol=said["Protocol"],
            host=said["Host"],
            port=said["Port"],
            path=said["Path"],
            query=said["Query"],
        )
    if action["Type"] == "fixed-response":
        said = action["FixedResponseConfig"]
        return proxy.FixedResponse(
            status=int(said["StatusCode"]),
            content_type=said.get("ContentType", "text/plain"),
            body=said.get("MessageBody", ""),
        )
    sticky = action["ForwardConfig"].get("TargetGroupStickinessConfig") or {}
    seconds = int(sticky.get("DurationSeconds", 0)) if sticky.get("Enabled") else 0
    weights = {groups[arn].id: weight for arn, weight in forwards(actions).items() if arn in groups}
    return proxy.Forward(weights, seconds)


def _group(row: TargetGroup, targets: Iterable[Target]) -> proxy.TargetGroup:
    said: Mapping[str, Any] = row.attributes
    return proxy.TargetGroup(
        id=row.id,
        name=row.name,
        protocol=row.protocol,
        targets=tuple(
            proxy.Target(one.address, one.port, one.state == TargetState.DRAINING)
            for one in targets
            if (one.account, one.region, one.group) == (row.account, row.region, row.id)
        ),
        check=proxy.Check(
            protocol=row.check_protocol,
            path=row.check_path,
            port=0 if row.check_port == "traffic-port" else int(row.check_port),
            interval=row.check_interval,
            timeout=row.check_timeout,
            healthy=row.healthy,
            unhealthy=row.unhealthy,
            codes=_codes(row.matcher),
        ),
        algorithm=said["load_balancing.algorithm.type"],
        stickiness=int(said["stickiness.lb_cookie.duration_seconds"]) if row.is_sticky else 0,
        slow_start=int(said["slow_start.duration_seconds"]),
    )


def _codes(matcher: str) -> tuple[tuple[int, int], ...]:
    """`200,301-399` as inclusive ranges."""
    ranges = []
    for part in matcher.split(","):
        low, _, high = part.partition("-")
        ranges.append((int(low), int(high or low)))
    return tuple(ranges)
