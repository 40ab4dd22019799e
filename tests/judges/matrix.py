"""A matrix of projects, each feature on in one and off in another, from 1 to 100 services."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from bambe.project import Project, parse
from bambe.synth import Stack, stacks
from tests.unit.synth import projects as random

ELB = "arn:aws:elasticloadbalancing:eu-central-1:111111111111"
UUID = "12345678-1234-1234-1234-123456789012"
CONNECTION = f"arn:aws:codeconnections:eu-central-1:111111111111:connection/{UUID}"

BARE = """
project: bare
network: {nat: none}
services: {web: {path: s/web, port: 80, route: default}}
"""

FULL = """
project: shop
test_port: 8443
log_retention: 90d
insights: enhanced
http_namespace: shop
notify: [ops@example.com, dev@example.com]
source:
  repository: https://github.com/acme/shop
  connection: CONNECTION
network: {zones: 3, nat: per_zone, endpoints: [needed, kms], flow_logs: true}
release:
  approval: 60m
  percent: 20
  alarms:
    - {metric: errors, above: 5}
    - {metric: error_rate, above: 2}
    - {metric: latency_p99, above: 1}
  hooks: {AfterAllowTestTraffic: smoke}
events:
  brokers: 2
  access: scram
  topics: {orders.created: {}, told: {compact: true}}
services:
  gateway:
    path: s/gateway
    port: 8080
    route: default
    exec: true
    scaling: {min: 2, max: 10, cpu: 60, requests: 500}
    schedule: [{cron: "0 20 ? * MON-FRI *", tasks: 0}]
    secrets: {A: "ssm:/shop/a", B: "secretsmanager:shop/b:x"}
  orders:
    path: s/orders
    port: 8080
    route: "/orders*"
    produces: [orders.created]
    consumes: [told]
    release: {controller: ecs, events: canary, hooks: {AfterInstall: check}, approval: 5m, alarms: [mine]}
  cart:
    path: s/cart
    port: 8080
    route: "/cart*"
    release: rolling
    scaling: {min: 1, max: 3, requests: 100}
    environment: {X: "${HOME}"}
  pay:
    path: s/pay
    port: 9090
    route: "/pay*"
    consumes: [told]
    release: {events: hold, strategy: linear, percent: 25, interval: 2m, alarms: [mine]}
  worker: {path: s/worker, port: 8080, consumes: [orders.created], release: {controller: ecs, events: canary}}
"""

GIVEN = f"""
project: shop
test_port: 8443
log_retention: forever
existing:
  vpc: vpc-12345678
  public_subnets: [subnet-12345678, subnet-12345679]
  cluster: prod
  listener: {ELB}:listener/app/all/0123456789abcdef/0123456789abcdef
  test_listener: {ELB}:listener/app/all/0123456789abcdef/aaaaaaaaaaaaaaaa
  balancer_security_group: sg-12345678
  kafka: arn:aws:kafka:eu-central-1:111111111111:cluster/big/01234567-0123-0123-0123-012345678901-2
  kafka_security_group: sg-12345679
notify: arn:aws:sns:eu-central-1:111111111111:ops
source: {{repository: https://bitbucket.org/acme/shop}}
events: {{brokers: 3, access: scram, topics: {{told: {{}}}}}}
services:
  gateway: {{path: s/gateway, port: 8080, route: default, produces: [told]}}
  native: {{path: s/native, port: 8080, route: "/n*", release: {{controller: ecs, analysis: "off"}}}}
"""

PRIVATE = """
project: inside
existing:
  vpc: vpc-12345678
  public_subnets: [subnet-12345678, subnet-12345679]
  private_subnets: [subnet-22345678, subnet-22345679]
  certificate: arn:aws:acm:eu-central-1:111111111111:certificate/12345678-1234-1234-1234-123456789012
source: {repository: https://git.acme.example/acme/shop, type: gitlab_self_managed}
events: {brokers: 2, access: plaintext, topics: {told: {partitions: 3, retention: forever}}}
services:
  web: {path: s/web, port: 80, route: default, produces: [told], schedule: [{cron: "0 7 ? * * *", tasks: 3}]}
  job: {path: s/job, port: 80, release: rolling}
"""


def many(count: int) -> Project:
    """So many services, with names and texts as long as they can be; half of them public."""
    services: dict[str, Any] = {}
    for number in range(count):
        public = number < count / 2
        services[f"service-number-{number:05d}"] = {
            "path": f"services/service-number-{number}",
            "port": 8080,
            "route": f"/service-{number}/*" if public else "none",
            "produces": ["told"],
            **({"exec": True} if public else {"release": "rolling"}),
            "secrets": {f"SECRET_{one}": f"secretsmanager:shop/secret-{one}:key" for one in range(10)},
            "environment": {f"VARIABLE_{one}": "x" * 100 for one in range(20)},
        }
    said = {
        "project": "project-of-twenty-ch",
        "notify": "ops@example.com",
        "source": {"repository": "https://gitlab.com/acme/shop"},
        "network": {"zones": 3, "nat": "single", "endpoints": ["needed"]},
        "events": {"brokers": 3, "access": "scram", "topics": {"told": {}}},
        "release": {"alarms": [{"metric": "errors", "above": 5}]},
        "services": services,
    }
    return Project.model_validate(said)


@cache
def projects() -> dict[str, Project]:
    """The matrix, by name."""
    texts = {"bare": BARE, "full": FULL.replace("CONNECTION", CONNECTION), "given": GIVEN, "private": PRIVATE}
    return {**{name: parse(text) for name, text in texts.items()}, "hundred": many(100)}


def by_chance(count: int) -> list[Project]:
    """So many random projects, the same each time: these judges are slow."""
    found: list[Project] = []
    unhurried = {"deadline": None, "suppress_health_check": list(HealthCheck)}

    @settings(max_examples=40, derandomize=True, database=None, phases=[Phase.generate], **unhurried)
    @given(random.projects())
    def collect(project: Project) -> None:
        found.append(project)

    collect()
    return [one for one in found if 3 <= len(one.services) <= 5][:count]


@cache
def sample() -> dict[str, Stack]:
    """The stacks that differ in more than names: of the hundred services one of either sort."""
    found: dict[str, Stack] = {}
    more = {f"random{number}": one for number, one in enumerate(by_chance(2), 1)}
    for name, project in {**projects(), **more}.items():
        ends = (min(project.services), max(project.services)) if name == "hundred" else project.services
        for stack in stacks(project):
            if not stack.service or stack.service in ends:
                found[f"{name}-{stack.name}"] = stack
    return found
