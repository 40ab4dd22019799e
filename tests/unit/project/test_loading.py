"""bambe.yml: what is accepted, and the one sentence each mistake gets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import bambe.project
from bambe.project import EXAMPLE, BadProject, Project, json_schema, load, parse
from bambe.project.events import Events
from bambe.project.model import NAME, SECRET

OWN_SENTENCES = (NAME, SECRET)
SHOP = Path(__file__).parents[3] / "examples" / "shop" / "bambe.yml"
TEXT = EXAMPLE.read_text()


def test_the_annotated_example_is_accepted_and_names_every_key() -> None:
    project = parse(TEXT)
    assert project.release.interval == timedelta(minutes=5)
    assert project.release_of("orders").strategy == "linear"
    assert project.is_rolling("notifier")
    words = TEXT.replace(":", " ").split()
    for model in (Project, *(field.annotation for field in ()), bambe.project.Service, bambe.project.Health):
        for key in model.model_fields:
            assert key in words, f"example.yml does not show {key}"


def test_the_example_says_the_defaults_it_claims() -> None:
    service = bambe.project.Service(path="x", port=1)
    shown = yaml.safe_load(TEXT)["services"]["gateway"]
    assert shown["cpu"] == service.cpu
    assert shown["memory"] == service.memory
    assert bambe.project.Health.model_validate(shown["health"] | {"path": "/"}) == service.health


def test_the_shop_is_accepted() -> None:
    assert set(load(SHOP).services) == {"gateway", "orders", "inventory", "notifier"}


def test_the_schema_accepts_what_the_model_accepts() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(SHOP.read_text()), schema)
    alarms = {"release": {"alarms": ["pager", {"metric": "errors", "above": 5, "minutes": 2}]}}
    jsonschema.validate(yaml.safe_load(SHOP.read_text()) | alarms, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"project": "x1", "services": {}, "colour": "red"}, schema)


def test_every_form_that_a_text_must_have_is_shown_by_an_example() -> None:
    def forms(part: object, name: str = "") -> Iterator[str]:
        if isinstance(part, dict):
            is_form = isinstance(part.get("pattern"), str) and "examples" not in part
            yield from [name] if is_form and part["pattern"] not in OWN_SENTENCES else []
            for key, inner in part.items():
                yield from forms(inner, key)
        if isinstance(part, list):
            for inner in part:
                yield from forms(inner, name)

    assert list(forms(json_schema())) == []


ALARMS = "alarms: []  "
LINE = TEXT[: TEXT.index("port: 8080")].count("\n") + 1
"""The one on which the port of gateway stands."""

MISTAKES = [
    (ALARMS, "alarms: [{metric: erors, above: 1}]", r"release\.alarms\.0\.metric`: .* Did you mean `errors`"),
    (ALARMS, "alarms: [{metric: errors}]", r"`metric: errors` needs `above`"),
    (ALARMS, "alarms: [{above: 1}]", r"an alarm is a name, or `metric` and `above`"),
    (ALARMS, "alarms: [{name: a, metric: errors, above: 1}]", r"an alarm is a name, or"),
    (ALARMS, "alarms: [{metric: errors, over: 1}]", r"`release\.alarms\.0\.over` is not a key"),
    (ALARMS, "alarms: [{metric: errors, above: 1, minutes: 0}]", r"alarms\.0\.minutes"),
    (ALARMS, "alarms: [{metric: errors, above: -1}]", r"alarms\.0\.above"),
    (ALARMS, "alarms: [{metric: errors, above: 1}, {metric: errors, above: 2}]", r"the metric errors twice"),
    (
        "    release: rolling",
        "    release: {strategy: rolling, alarms: [{metric: errors, above: 1}]}",
        r"has none",
    ),
    (
        "port: 8080",
        "prot: 8080",
        rf"^bambe\.yml:{LINE}: `services\.gateway\.prot` is not a key: did you mean `port`\?$",
    ),
    ('cron: "0 7 ? * MON-FRI *"', 'cron: "0 7 * * MON-FRI *"', r"one of day-of-month and day-of-week is"),
    ('cron: "0 7 ? * MON-FRI *"', 'cron: "61 7 ? * MON-FRI *"', r"61 is not between 0 and 59"),
    ("tasks: 2, timezone: Europe/Berlin", "tasks: 2, timezone: Mars/X", r"Mars/X is no time zone"),
    (
        "controller: codedeploy",
        "controller: ecs",
        r"`queue` is there with `controller: codedeploy` only",
    ),
    (ALARMS, "alarms: [{name: a, above: 1}]", r"`above` goes with a `metric`"),
    ("region: eu-central-1", "region: Frankfurt", r"'Frankfurt' is not written like 'eu-central-1'"),
    (ALARMS, "alarms: [a, a]", r"alarms has a twice"),
    (ALARMS, "alarms: [{metric: errors, above: .inf}]", r"alarms\.0\.above"),
    ("path: services/orders", "pfad: services/orders", r"is not a key"),
    ("    path: services/notifier\n", "", r"`services\.notifier\.path` is missing"),
    ("route: none", "route: nowhere", r'begins with "/"'),
    ("interval: 5m", "interval: 5x", r"write 30s, 5m, 1h or 7d"),
    ("interval: 5m", "interval: 90s", r"whole minutes"),
    ("cpu: 256", "cpu: 300", r"cpu is one of 256"),
    ("memory: 512", "memory: 513", r"memory is one of 512"),
    ("project: shop", "project: Shop!", r"`project`: takes lower-case letters"),
    ("project: shop", "project: [", r"this is no YAML"),
    ("tasks: 2", "tasks: -1", r"`services\.gateway\.tasks`"),
    ("release: rolling", "release: roling", r"'canary', 'linear', 'all_at_once' or 'rolling'"),
    ("    release: rolling\n", "", r"notifier has no route"),
    ('route: "/orders*"', "route: default", r"gateway and orders both have the route 'default'"),
    ("percent: 10 ", "percent: 0 ", r"release\.percent"),
    ("release: rolling", "release: roling", r"Did you mean `rolling`"),
    ("path: services/orders", "path: ../orders", r"no folder below bambe\.yml"),
    ("path: services/orders", "path: /etc", r"no folder below bambe\.yml"),
    ('route: "/orders*"', 'route: "/*"', r'called "default"'),
    ('route: "/orders*"', 'route: "/a b"', r"no spaces"),
    ("domain: shop.local", "domain: shop local", r"no domain name"),
    ("branch: main", "branch: ma$in", r"no name of a branch"),
    ("interval: 5m", "interval: 0m", r"at least 1m"),
    ('codes: "200"', 'codes: "600"', r"between 200 and 499"),
    ('    port: 8080\n    route: "/orders*"', "    port: '80'\n    route: \"/orders*\"", r"orders\.port"),
    ("ORDERS_URL:", "A=B:", r"no name of a variable"),
    ("    tasks: 2 ", "    port: 1\n    tasks: 2 ", r"`port` is given twice"),
    ('"ssm:/shop/session-key"', "hunter2", r"where its value is: ssm:/name, or secretsmanager:name"),
    ("SESSION_KEY:", "ORDERS_URL:", r"ORDERS_URL is given both in environment and in secrets"),
    ("SESSION_KEY:", "A-B:", r"no name of a variable"),
    ("  orders:\n", "  a--b:\n", r"single dashes"),
    ("synthetic: []", "synthetic: [health]", r"synthetic"),
    ("also: [libs/web]", "also: libs/web", r"this should be a list"),
    ("kafka: 3.9.x ", "kafka: 0.8.2 ", r"not offered: take one of 2\.6\.1, 3\.9\.x"),
    ("partitions: 6", "partitions: 0", r"orders\.created\.partitions"),
    ("partitions: 6", "partition: 6", r"did you mean `partitions`"),
    ("storage: 10", "storege: 10", r"did you mean `storage`"),
    ("replication: 0", "replication: 2", r"at most the number of brokers, 1"),
    ("retention: 7d", "retention: 7w", r"write 30s, 5m, 1h or 7d"),
    ("retention: 7d", "retention: 10s", r"at least 1m"),
    ("settings: {}         # default; further", 'settings: {retention.ms: "1"} #', r"instead of the setting"),
    ("    orders.created:\n", "    orders created:\n", r"no name of a topic"),
    ("    orders.created:\n", "    __orders:\n", r"Kafka keeps for itself"),
    ("    orders.created:\n", "    orders_created: {}\n    orders.created:\n", r"dots and underscores only"),
    ("produces: [orders.created]", "produces: [orders.made]", r"there is no topic orders\.made"),
    (
        "    consumes: [orders.created]",
        "    consumes: [orders.created]\n    environment: {KAFKA_GROUP: x}",
        r"KAFKA_GROUP is set by",
    ),
    ("  notifier:\n", "  events:\n", r"rename the service"),
]


@pytest.mark.parametrize(("good", "bad", "says"), MISTAKES)
def test_each_mistake_gets_one_sentence(good: str, bad: str, says: str) -> None:
    assert good in TEXT
    with pytest.raises(BadProject, match=says) as caught:
        parse(TEXT.replace(good, bad, 1))
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_missing_dockerfile_is_named(tmp_path: Path) -> None:
    (tmp_path / "bambe.yml").write_text(
        "project: one\nservices: {web: {path: web, port: 80, route: default}}\n"
    )
    with pytest.raises(BadProject, match="no folder web"):
        load(tmp_path / "bambe.yml")
    (tmp_path / "web").mkdir()
    with pytest.raises(BadProject, match="web/Dockerfile is missing"):
        load(tmp_path / "bambe.yml")
    (tmp_path / "web" / "Dockerfile").touch()
    with pytest.raises(BadProject, match=r"web/buildspec\.yml is missing"):
        load(tmp_path / "bambe.yml")


@given(st.text(max_size=200))
def test_random_text_is_refused_without_a_traceback(text: str) -> None:
    with pytest.raises(BadProject):
        parse(text)


@pytest.mark.parametrize(
    ("port", "release", "says"),
    [
        (0, "synthetic: [/web/1]", "web: `synthetic` needs a `test_port`"),
        (
            0,
            "hooks: {AfterAllowTestTraffic: smoke}",
            "web: the hook AfterAllowTestTraffic needs a `test_port`",
        ),
        (8443, "synthetic: [/health]", r"the path /health in `synthetic` is not in its route /web\*"),
    ],
)
def test_what_is_tried_beforehand_needs_a_way_there(port: int, release: str, says: str) -> None:
    web = f'{{path: web, port: 80, route: "/web*", release: {{{release}}}}}'
    with pytest.raises(BadProject, match=says):
        parse(f"project: one\ntest_port: {port}\nservices: {{web: {web}}}\n")


@pytest.mark.parametrize(
    ("kafka", "today", "says"),
    [
        ("2.6.1", date(2026, 11, 27), "ended on 2024-09-11: take 3.9.x"),
        ("3.9.x", date(2026, 11, 27), ""),
        ("2.6.1", date(2024, 8, 1), "ends on 2024-09-11: take 3.9.x"),
        ("2.6.1", date(2023, 1, 1), ""),
    ],
)
def test_versions_past_their_end_are_named(kafka: str, today: date, says: str) -> None:
    said = Events(kafka=kafka).ended(today)
    assert said.endswith(f"{says}.") if says else said == ""
