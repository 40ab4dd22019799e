"""How a running service is reached: its rule, its target groups, its name in Cloud Map."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bambe.importing.account import Note, Part
from bambe.importing.cluster_running import Described, Running, RunningService, wish_of
from bambe.importing.draft import Draft
from bambe.importing.fields import HealthChecks, leave_known
from bambe.importing.tree import from_data
from bambe.importing.words import readdressed
from bambe.project.model import HOST

LEFT = {
    "Protocol": ("targets speak HTTP", ""),
    "ProtocolVersion": ("targets speak HTTP/1.1", ""),
    "HealthCheckProtocol": ("the check is over HTTP", ""),
    "HealthCheckPort": ("the check asks the service's own port", ""),
}
IMPLIED: dict[str, tuple[Any, ...]] = {
    "Protocol": ("HTTP",),
    "ProtocolVersion": ("HTTP1",),
    "TargetType": ("ip",),
    "HealthCheckEnabled": (True,),
    "HealthCheckProtocol": ("HTTP",),
    "HealthCheckPort": ("traffic-port",),
    "IpAddressType": ("ipv4",),
}
ATTRIBUTES = {
    "deregistration_delay.timeout_seconds": "30",
    "stickiness.enabled": "false",
    "slow_start.duration_seconds": "0",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
}
"""As Bambe makes target groups; of the others only those that stickiness has are without effect."""


@dataclass(slots=True)
class Traffic:
    """What all services share of the load balancer and of Cloud Map."""

    draft: Draft
    domains: dict[str, list[str]] = field(default_factory=dict)

    def share(self, key: str, value: Any, part: Part, says: str) -> None:
        """A key of the project: the first service that has it says it."""
        if value in (None, "", 0):
            return
        self.draft.top.setdefault(key, value)
        if self.draft.top[key] != value:
            part.guess(f"{says} {value}, and {self.draft.top[key]} at others: a project has one `{key}`")

    def settle_domain(self, running: Running, names: dict[str, str]) -> None:
        """Names that change are changed in variables too."""
        domain = self.draft.top.get("domain", f"{self.draft.top['project']}.local")
        hosts = {}
        for one in running.services:
            old = f"{one.registry.get('Name', '')}.{one.namespace.get('Name', '')}"
            new = f"{names.get(one.name, '')}.{domain}"
            if one.registry and one.name in names and old != new:
                hosts[old] = new
        for name, said in self.draft.services.items():
            for key, value in said.get("environment", {}).items():
                made = readdressed(value, hosts)
                if made != value:
                    says = f"{value!r} is {made!r}: the names of services under Bambe"
                    self.draft.account.add(Note("changed", f"service {name}", 0, key, says, "", name))
                    said["environment"][key] = made


def put_traffic(traffic: Traffic, service: Part, one: RunningService, name: str) -> None:
    """Route, health check, host, test port and domain."""
    said = traffic.draft.services[name]
    _registry(traffic, service, one, name)
    led = service.at("loadBalancers", 0)
    for key in ("containerName", "containerPort", "targetGroupArn"):
        led.at(key).take()
    led.at("advancedConfiguration").take()
    for number, group in enumerate(one.target_groups):
        file = f"elbv2 target group {group.get('TargetGroupName', '')}"
        node = from_data(wish_of("targets", group), file)
        part = traffic.draft.account.open(f"{file} of {name}", node, name)
        if number == 0:
            _targets(part, HealthChecks(said))
        else:
            _second(part, wish_of("targets", one.target_groups[0]))
    _rules(traffic, one, name)


def _targets(part: Part, checks: HealthChecks) -> None:
    part.at("Port").take()
    checks.path(part.at("HealthCheckPath"))
    checks.codes(part.at("Matcher", "HttpCode"))
    checks.threshold(part.at("HealthyThresholdCount"), "healthy")
    checks.threshold(part.at("UnhealthyThresholdCount"), "unhealthy")
    checks.times(part.at("HealthCheckIntervalSeconds"), part.at("HealthCheckTimeoutSeconds"))
    attributes = dict(part.at("Attributes").items())
    sticky = attributes["stickiness.enabled"].text == "true" if "stickiness.enabled" in attributes else False
    for key, attribute in attributes.items():
        if attribute.text == ATTRIBUTES.get(key) or _is_idle(key, sticky):
            attribute.take()
        else:
            attribute.leave(
                "an attribute of the target group", f"Bambe's is {ATTRIBUTES.get(key, 'the default')}"
            )
    for key, values in IMPLIED.items():
        part.at(key).take_if(*values)
    leave_known(part, LEFT)


def _is_idle(key: str, sticky: bool) -> bool:
    return key.startswith("target_group_health.") or (key.startswith("stickiness.") and not sticky)


def _second(part: Part, first: Described) -> None:
    """The other target group of a pair: Bambe makes both alike."""
    for key, inner in part.items():
        for each in [inner.at(name) for name, _ in inner.items()] or [inner]:
            wanted = first.get(key)
            wanted = wanted.get(each.path[-1]) if isinstance(wanted, dict) and inner.is_mapping else wanted
            if not each.take_if(wanted):
                each.leave(f"the other target group of the pair has {wanted}: Bambe makes both alike")


def _rules(traffic: Traffic, one: RunningService, name: str) -> None:
    said, account = traffic.draft.services[name], traffic.draft.account
    production, test = _listeners(one)
    chosen = False
    for rule in one.rules:
        path = ", ".join(_paths(rule)) or "default"
        file = f"elbv2 rule {path} on port {rule.get('Port')}"
        part = account.open(
            f"{file} of {name} {rule.get('RuleArn', '')}", from_data(wish_of("rule", rule), file), name
        )
        if _is_of(rule, test):
            traffic.share("test_port", rule.get("Port"), part, "the test listener is on port")
            part.take()
        elif not chosen and _is_of(rule, production or {str(rule.get("RuleArn"))}):
            chosen = _route(part, rule, said)
            host = str(rule.get("Host", ""))
            if host != f"{traffic.draft.top['project']}.example" and re.fullmatch(HOST, host):
                traffic.share("host", host, part, "the certificate is for")
        else:
            part.leave("a service has one route", "make it a service of its own")


def _listeners(one: RunningService) -> tuple[set[str], set[str]]:
    """ARNs of listeners or rules of production and of test traffic; none where nobody says."""
    pairs = one.group.get("loadBalancerInfo", {}).get("targetGroupPairInfoList", [])
    production = {arn for pair in pairs for arn in pair.get("prodTrafficRoute", {}).get("listenerArns", ())}
    test = {arn for pair in pairs for arn in pair.get("testTrafficRoute", {}).get("listenerArns", ())}
    for led in one.service.get("loadBalancers", ()):
        advanced = led.get("advancedConfiguration", {})
        production |= {advanced["productionListenerRule"]} if "productionListenerRule" in advanced else set()
        test |= {advanced["testListenerRule"]} if "testListenerRule" in advanced else set()
    return production, test


def _is_of(rule: Described, arns: Iterable[str]) -> bool:
    return bool({rule.get("RuleArn"), rule.get("ListenerArn")} & set(arns))


def _paths(rule: Described) -> list[str]:
    conditions = [one for one in rule.get("Conditions", ()) if one.get("Field") == "path-pattern"]
    return [
        value
        for one in conditions
        for value in one.get("PathPatternConfig", {}).get("Values", one.get("Values", []))
    ]


def _route(part: Part, rule: Described, said: dict[str, Any]) -> bool:
    for action in part.at("Actions").each():
        if action.at("Type").text == "forward":
            action.at("ForwardConfig", "TargetGroupStickinessConfig").take_if({"Enabled": False})
            action.at("Type").take()
            action.at("TargetGroupArn").take()
            action.at("ForwardConfig", "TargetGroups").take()
            action.at("Order").take()
        else:
            action.leave("the load balancer does nothing but forward", "do it in the service")
    paths = _paths(rule)
    path = paths[0] if paths else "/*"
    said["route"] = "default" if path == "/*" else path
    if not path.startswith("/"):
        said["route"] = f"/{path}"
        part.guess(f"the path pattern {path} is {said['route']}: a route begins with /")
    for condition in part.at("Conditions").each():
        if condition.at("Field").text != "path-pattern":
            condition.leave("a rule by something else than the path", "a route is a path")
            continue
        condition.at("Field").take()
        for values in (condition.at("PathPatternConfig", "Values"), condition.at("Values")):
            for value in values.each():
                if value.text == path:
                    value.take()
                else:
                    value.leave(
                        "a service has one route", "write a pattern that takes both, or a second service"
                    )
    return True


def _registry(traffic: Traffic, service: Part, one: RunningService, name: str) -> None:
    registered = service.at("serviceRegistries", 0)
    registered.at("registryArn").take()
    registered.at("containerName").take()
    for key in ("containerPort", "port"):
        if not registered.at(key).take_if(traffic.draft.services[name]["port"]):
            registered.at(key).leave("the DNS record is an A record: it has no port")
    if not one.registry:
        return
    file = f"servicediscovery service {one.registry.get('Name', '')}"
    node = from_data(wish_of("name", one.registry), file)
    part = traffic.draft.account.open(f"{file} of {name}", node, name)
    part.at("Name").take()
    domain = str(one.namespace.get("Name", ""))
    if one.registry.get("Name") != name:
        part.at("Name").change(f"others reach it as {name}.<domain>: a service's name is its name in DNS")
    if domain != f"{traffic.draft.top['project']}.local" and re.fullmatch(HOST, domain):
        traffic.share("domain", domain, part, "the namespace is")
    elif not re.fullmatch(HOST, domain):
        part.guess(f"the namespace {domain!r} is no domain: it is <project>.local")
    part.at("DnsConfig", "NamespaceId").take()
    part.at("DnsConfig", "RoutingPolicy").take_if("MULTIVALUE")
    for record in part.at("DnsConfig", "DnsRecords").each():
        if record.at("Type").take_if("A"):
            record.at("TTL").take_if(5)
        record.leave("the DNS record is an A record that lives 5 s")
    part.at("HealthCheckCustomConfig", "FailureThreshold").take_if(1)
