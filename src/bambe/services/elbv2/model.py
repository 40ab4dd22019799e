"""Load balancers, listeners, rules, target groups and targets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Shape = dict[str, Any]
DOMAIN = "elb.bambe.internal"


class BalancerState(StrEnum):
    """Where a load balancer is."""

    PROVISIONING = "provisioning"
    ACTIVE = "active"


class TargetState(StrEnum):
    """What is known of a target's health; `unused` is computed, since it depends on rules alone."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    DRAINING = "draining"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A load balancer. `loopback` and `inner` are its addresses for this machine and for containers."""

    account: str
    region: str
    id: str
    name: str
    number: str
    created_at: datetime
    state: BalancerState = BalancerState.PROVISIONING
    scheme: str = "internet-facing"
    vpc: str = ""
    subnets: dict[str, str] = field(default_factory=dict)
    security_groups: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    loopback: str = ""
    inner: str = ""
    certificate: str = ""

    @property
    def arn(self) -> str:
        return _arn(self.account, self.region, f"loadbalancer/app/{self.name}/{self.id}")

    @property
    def dns_name(self) -> str:
        return f"{self.name}-{self.number}.{self.region}.{DOMAIN}".lower()


@dataclass(frozen=True, slots=True)
class Listener:
    """One port of a load balancer. `certificates`: the first is the one it was made with."""

    account: str
    region: str
    id: str
    balancer: str
    balancer_name: str
    port: int
    protocol: str
    certificates: list[str] = field(default_factory=list)
    ssl_policy: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return _arn(self.account, self.region, f"listener/app/{self.balancer_name}/{self.balancer}/{self.id}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a listener; `priority` None is the default rule, which comes last."""

    account: str
    region: str
    id: str
    listener: str
    balancer: str
    balancer_name: str
    actions: list[Shape]
    priority: int | None = None
    conditions: list[Shape] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        path = f"{self.balancer_name}/{self.balancer}/{self.listener}/{self.id}"
        return _arn(self.account, self.region, f"listener-rule/app/{path}")

    @property
    def order(self) -> int:
        """Where the rule stands among its listener's."""
        return 1_000_000 if self.priority is None else self.priority

    @property
    def groups(self) -> dict[str, int]:
        """Target group ARN -> weight of its forward action; empty without one."""
        return forwards(self.actions)


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group with its health check; seconds."""

    account: str
    region: str
    id: str
    name: str
    protocol: str
    port: int
    vpc: str
    check_protocol: str = "HTTP"
    check_port: str = "traffic-port"
    check_path: str = "/"
    check_interval: int = 30
    check_timeout: int = 5
    healthy: int = 5
    unhealthy: int = 2
    matcher: str = "200"
    protocol_version: str = "HTTP1"
    attributes: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return _arn(self.account, self.region, f"targetgroup/{self.name}/{self.id}")

    @property
    def is_sticky(self) -> bool:
        """Whether clients keep their target by a cookie."""
        return self.attributes["stickiness.enabled"] == "true"

    @property
    def delay(self) -> int:
        """The deregistration delay in seconds."""
        return int(self.attributes["deregistration_delay.timeout_seconds"])


@dataclass(frozen=True, slots=True)
class Target:
    """One target of a group. A draining one goes when nothing is in flight, at the latest at `until`; never
    before `quiet_from`, which is None until the proxy knows that it drains."""

    account: str
    region: str
    group: str
    address: str
    port: int
    registered_at: datetime
    state: TargetState = TargetState.INITIAL
    reason: str = "Elb.RegistrationInProgress"
    quiet_from: datetime | None = None
    until: datetime | None = None

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        return (self.account, self.region, self.group, self.address, self.port)


GROUP_DEFAULTS = {
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "stickiness.enabled": "false",
    "stickiness.type": "lb_cookie",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}
BALANCER_DEFAULTS = {
    "access_logs.s3.bucket": "",
    "access_logs.s3.enabled": "false",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "60",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
"""The attributes of an application load balancer with AWS's defaults (Edit attributes)."""


def forwards(actions: list[Shape]) -> dict[str, int]:
    """Target group ARN -> weight of the forward action among `actions`."""
    for action in actions:
        groups = (action.get("ForwardConfig") or {}).get("TargetGroups")
        if groups:
            return {one["TargetGroupArn"]: int(one.get("Weight", 1)) for one in groups}
        if action.get("TargetGroupArn"):
            return {action["TargetGroupArn"]: 1}
    return {}


def _arn(account: str, region: str, resource: str) -> str:
    return f"arn:aws:elasticloadbalancing:{region}:{account}:{resource}"
