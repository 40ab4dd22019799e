"""Random projects: every word of bambe.yml that templates are made of, on and off."""

from __future__ import annotations

from typing import Any

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
WORKER = {"controller": "ecs", "strategy": "canary", "events": "canary", "interval": "5m"}
TOPICS_OF_A_SERVICE = st.lists(st.sampled_from(TOPICS), max_size=2, unique=True)
NAME = st.from_regex(r"\A[a-z][a-z0-9]{1,8}(-[a-z0-9]{1,4}){0,2}\Z")


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
        services[name] = {
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
            "environment": {"A": draw(st.text(max_size=20)), "B": "${HOME}"},
            "secrets": draw(SECRETS),
            "exec": draw(st.booleans()),
            "produces": draw(TOPICS_OF_A_SERVICE) if events else [],
            "consumes": consumes,
        }
    said = {"project": draw(NAME), "test_port": draw(st.sampled_from([0, 8443])), "services": services}
    return Project.model_validate(said | ({"events": events} if events else {}))
