"""Random projects: every word of bambe.yml that templates are made of, on and off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bambe.project import Project

SECRETS = st.dictionaries(
    st.sampled_from(["X", "Y", "Z"]),
    st.sampled_from(["ssm:/shop/a", "ssm:plain", "secretsmanager:shop/db", "secretsmanager:shop/db:user"]),
)
MADE = st.lists(
    st.sampled_from(["errors", "error_rate", "latency_p99", "unhealthy"]).map(
        lambda metric: {"metric": metric, "above": 1, "minutes": 2}
    ),
    max_size=2,
    unique_by=lambda alarm: str(alarm["metric"]),
)
TOPICS = ("orders.created", "orders-created", "Orders.Created", "audit")
TOPIC = st.fixed_dictionaries(
    {"partitions": st.integers(1, 100), "retention": st.sampled_from(["1m", "168h", "forever"])},
    optional={"compact": st.booleans(), "settings": st.just({"max.message.bytes": "2000000"})},
)
EVENTS = st.fixed_dictionaries(
    {"topics": st.fixed_dictionaries({name: TOPIC for name in TOPICS})},
    optional={
        "brokers": st.integers(1, 3),
        "access": st.sampled_from(["tls", "plaintext", "scram"]),
        "kafka": st.sampled_from(["2.6.1", "3.9.x"]),
        "settings": st.just({"log.retention.hours": "24"}),
    },
)
SCALING = st.sampled_from([{"cpu": 60}, {"requests": 100, "cpu": 50}, {"cpu": 1, "requests": 1_000_000}]).map(
    lambda by: {"min": 1, "max": 4, **by}
)
SCHEDULE = st.sampled_from([[], [{"cron": "0 20 ? * * *", "tasks": 0}, {"cron": "0 7 ? * * *", "tasks": 9}]])
HERE = "eu-central-1:111111111111"
TOPIC_ARN = f"arn:aws:sns:{HERE}:ops"
NOTIFY = st.sampled_from([[], ["a@example.com"], ["a@example.com", "b@example.com"], TOPIC_ARN])
UUID = "12345678-1234-1234-1234-123456789012"
LISTENER = f"arn:aws:elasticloadbalancing:{HERE}:listener/app/all/0123456789abcdef/0123456789abcdf0"
CERTIFICATE = f"arn:aws:acm:{HERE}:certificate/{UUID}"
KAFKA = f"arn:aws:kafka:{HERE}:cluster/big/{UUID}-2"
SUBNETS = ["subnet-12345678", "subnet-12345679", "subnet-1234567a"]
NETWORK = st.fixed_dictionaries(
    {"zones": st.integers(2, 3), "nat": st.sampled_from(["single", "per_zone", "none"])},
    optional={
        "endpoints": st.sampled_from(["needed", [], ["needed", "kms"]]),
        "flow_logs": st.booleans(),
        "cidr": st.sampled_from(["10.20.0.0/16", "192.168.4.0/24"]),
    },
)
SOURCE = st.sampled_from(
    [
        {},
        {"source": {"repository": "https://github.com/acme/shop"}},
        {
            "source": {
                "repository": "https://gitlab.com/acme/shop",
                "connection": f"arn:aws:codestar-connections:{HERE}:connection/{UUID}",
            }
        },
    ]
)
WORKER = {"controller": "ecs", "strategy": "canary", "events": "canary", "interval": "5m"}
TOPICS_OF_A_SERVICE = st.lists(st.sampled_from(TOPICS), max_size=2, unique=True)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
LETTERS = st.text("ab01", min_size=1, max_size=4)
NAME = st.builds(
    lambda first, parts: "-".join([first + parts[0], *parts[1:]]),
    st.sampled_from(["a", "web", "events"]),
    st.lists(LETTERS, min_size=1, max_size=3),
)
"""Quick to draw, and alike: such names would meet if names could."""


@st.composite
def projects(draw: st.DrawFn) -> Project:
    names = draw(st.lists(NAME, min_size=1, max_size=8, unique=True))
    services: dict[str, Any] = {}
    events = draw(st.none() | EVENTS)
    for number, name in enumerate(names):
        route = draw(st.sampled_from(["none", f"/{name}*", f"/v{number}/*"])) if number else "default"
        strategy = draw(st.sampled_from(["canary", "linear", "all_at_once", "rolling"]))
        controller = draw(st.sampled_from(["codedeploy", "ecs"]))
        consumes = draw(TOPICS_OF_A_SERVICE) if events else []
        steered = draw(st.sampled_from(["hold", "canary", "shared"]))
        scales = draw(st.none() | SCALING)
        if scales and route == "none":
            scales.pop("requests", None)
        services[name] = {
            **({"scaling": scales} if scales else {"tasks": draw(st.integers(0, 3))}),
            "schedule": draw(SCHEDULE),
            "path": f"services/{name}",
            "port": draw(st.integers(1, 65535)),
            "route": route,
            "release": (WORKER if consumes and steered == "canary" else "rolling")
            if route == "none"
            else {
                "controller": controller,
                "strategy": strategy,
                "percent": draw(st.integers(3, 99)),
                "approval": f"{draw(st.integers(0, 60))}m",
                "queue": draw(st.sampled_from(["newest", "wait", "off"])) if controller != "ecs" else "off",
                "alarms": draw(st.lists(NAME, max_size=2, unique=True))
                + (draw(MADE) if strategy != "rolling" else []),
                "hooks": {"AfterInstall": "check"} if draw(st.booleans()) else {},
                **({"events": steered} if consumes and strategy != "rolling" else {}),
            },
            "environment": {"A": draw(TEXT), "B": "${HOME}"},
            "secrets": draw(SECRETS),
            "exec": draw(st.booleans()),
            "produces": draw(TOPICS_OF_A_SERVICE) if events else [],
            "consumes": consumes,
        }
    test_port = draw(st.sampled_from([0, 8443]))
    said = {
        "project": draw(NAME),
        "test_port": test_port,
        "services": services,
        "log_retention": draw(st.sampled_from(["1d", "30d", "3653d", "forever"])),
        "insights": draw(st.sampled_from(["disabled", "enabled", "enhanced"])),
        "http_namespace": draw(st.sampled_from(["", "shop"])),
        "notify": draw(NOTIFY),
        **draw(surroundings(bool(events), bool(test_port))),
        **draw(SOURCE),
    }
    return Project.model_validate(said | ({"events": events} if events else {}))


@st.composite
def surroundings(draw: st.DrawFn, events: bool, test_port: bool) -> dict[str, Any]:
    """A network that is made, or what is there already."""
    if draw(st.booleans()):
        return {"network": draw(NETWORK)}
    there = {"vpc": "vpc-12345678", "public_subnets": SUBNETS}
    if draw(st.booleans()):
        there["private_subnets"] = ["subnet-22345678", "subnet-22345679", "subnet-2234567a"]
    if draw(st.booleans()):
        there["cluster"] = "prod"
    if draw(st.booleans()):
        there |= {"listener": LISTENER, "balancer_security_group": "sg-12345678"}
        there |= {"test_listener": LISTENER.replace("f0", "f1")} if test_port else {}
    elif draw(st.booleans()):
        there["certificate"] = CERTIFICATE
    if events and draw(st.booleans()):
        there |= {"kafka": KAFKA, "kafka_security_group": "sg-12345679"}
    return {"existing": there}


def for_any_project(test: Callable[[Project], None]) -> Callable[[], None]:
    """A property of projects; that a busy machine is slow to draw them is no fault."""
    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    made: Callable[[], None] = patient(given(projects())(test))
    return made
