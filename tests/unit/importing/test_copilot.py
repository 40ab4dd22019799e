"""Copilot applications: what of them is in bambe.yml, and that all else is named."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bambe.importing import Imported, Unreadable, from_copilot, text
from bambe.project import parse
from tests.unit.importing.sources import (
    UNKNOWN,
    Memory,
    Paths,
    document,
    dumped,
    outcome,
    some_of,
    unaccounted,
)

WORKSPACE = {"copilot/.workspace": "application: shop\n"}
MANIFEST = "copilot/web/manifest.yml"
HEAD = {"name": "web", "type": "Load Balanced Web Service"}
FRONTEND = """\
name: frontend
type: Load Balanced Web Service
image:
  build: ./frontend/Dockerfile
  port: 8080
http:
  path: '/'
  alias: [shop.example.com, www.example.com]
  healthcheck: {path: /ready, success_codes: '200,301', interval: 15s, timeout: 10s, unhealthy_threshold: 4}
cpu: 512
memory: 1024
count: {range: 2-10, cpu_percentage: 70}
exec: true
variables:
  LEVEL: on
  VERSION: 1.10
  API: http://api.${COPILOT_ENVIRONMENT_NAME}.${COPILOT_APPLICATION_NAME}.local:9000/v1
secrets:
  GITHUB_TOKEN: /github/token
  DB_PASSWORD: {secretsmanager: 'mysql:password::'}
environments:
  prod: {count: 4, variables: {LEVEL: warn}}
  test: {cpu: 256}
"""
API = """\
name: api
type: Backend Service
image: {build: {dockerfile: services/api/Dockerfile, context: ., args: {A: b}}, port: 9000}
http: {path: internal}
env_file: api.env
sidecars: {proxy: {image: envoy}}
"""
WORKER = "name: Big_Worker\ntype: Worker Service\nimage: {location: 'example/worker:1'}\n"
JOB = "name: nightly\ntype: Scheduled Job\non: {schedule: '@daily'}\n"


def shop(**more: str) -> Memory:
    return Memory(
        WORKSPACE
        | {
            "copilot/frontend/manifest.yml": FRONTEND,
            "copilot/api/manifest.yml": API,
            "copilot/worker/manifest.yml": WORKER,
            "copilot/nightly/manifest.yml": JOB,
            "copilot/api/addons/table.yml": "Resources: {}",
            "copilot/environments/prod/manifest.yml": "name: prod\ntype: Environment\ncdn: true\n",
            "api.env": "MODE=fast\n# a comment\nAPI_TOKEN=abc\n",
        }
        | more
    )


def named(imported: Imported, **words: Any) -> list[str]:
    """`says` of the notes with these members."""
    return [n.says for n in imported.notes if all(getattr(n, key) == value for key, value in words.items())]


def test_an_environment_of_an_application() -> None:
    imported = from_copilot(shop(), "prod")
    project = parse(text(imported, "Copilot"))
    assert (project.project, project.namespace, project.host) == (
        "shop",
        "prod.shop.local",
        "shop.example.com",
    )
    front, api = project.services["frontend"], project.services["api"]
    assert (front.path, front.port, front.route, front.tasks) == ("frontend", 8080, "default", 4)
    assert (front.cpu, front.memory, front.exec) == (512, 1024, True)
    assert (front.health.path, front.health.codes, front.health.unhealthy) == ("/ready", "200,301", 4)
    assert front.environment == {
        "LEVEL": "warn",
        "VERSION": "1.10",
        "API": "http://api.prod.shop.local:9000/v1",
    }
    assert front.secrets == {
        "GITHUB_TOKEN": "ssm:/github/token",
        "DB_PASSWORD": "secretsmanager:mysql:password",
    }
    assert (api.path, api.route, api.environment) == ("services/api", "none", {"MODE": "fast"})
    assert imported.builds["api"].args == {"A": "b"}
    assert all(project.is_rolling(name) for name in project.services)


def test_what_is_not_carried_is_named_where_it_stands() -> None:
    imported = from_copilot(shop(), "prod")
    places = {note.place for note in imported.notes if note.kind == "left"}
    assert {
        "copilot/frontend/manifest.yml:12 count.range",
        "copilot/frontend/manifest.yml:12 count.cpu_percentage",
        "copilot/frontend/manifest.yml:15 variables.LEVEL",
        "copilot/frontend/manifest.yml:23 environments.test.cpu",
        "copilot/api/manifest.yml:4 http",
        "copilot/api/manifest.yml:6 sidecars.proxy",
        "copilot/nightly/manifest.yml:1",
        "copilot/api/addons/table.yml",
        "copilot/environments/prod/manifest.yml:3 cdn",
    } <= places
    assert "a Scheduled Job" in named(imported, kind="left")


def test_a_secret_of_a_file_is_not_copied() -> None:
    imported = from_copilot(shop(), "prod")
    assert imported.data["services"]["api"]["secrets"] == {"API_TOKEN": "ssm:/shop/api/API_TOKEN"}
    assert "abc" not in text(imported, "Copilot") + repr(imported.notes)


def test_names_that_are_not_legal_are_changed_and_that_is_said() -> None:
    imported = from_copilot(shop(), "prod")
    assert "big-worker" in imported.data["services"]
    said = named(imported, key="name", service="big-worker")
    assert said == ["the service 'Big_Worker' is called big-worker: bambe.yml's names are stricter"]


def test_sizes_are_rounded_up_and_that_is_said() -> None:
    files = WORKSPACE | {MANIFEST: dumped(HEAD | {"cpu": 300, "memory": 5000, "image": {"port": 80}})}
    imported = from_copilot(Memory(files))
    assert (imported.data["services"]["web"]["cpu"], imported.data["services"]["web"]["memory"]) == (
        1024,
        5120,
    )
    assert named(imported, key="cpu") == ["300 is 1024 CPU units: rounded up to a size of Fargate"]
    assert named(imported, key="memory") == ["5000 is 5120 MiB: rounded up to a size of Fargate"]


def test_without_an_environment_no_override_holds() -> None:
    imported = from_copilot(shop())
    assert imported.data["services"]["frontend"]["tasks"] == 2
    assert "domain" not in imported.data
    assert any(note.key == "environments.prod.count" for note in imported.notes)


def test_an_override_of_the_image_replaces_how_it_is_built() -> None:
    manifest = HEAD | {
        "image": {"build": "web/Dockerfile", "port": 80},
        "environments": {"prod": {"image": {"location": "example/web:2"}}},
    }
    imported = from_copilot(Memory(WORKSPACE | {MANIFEST: dumped(manifest)}), "prod")
    assert imported.builds["web"].base == "example/web:2"
    assert named(imported, key="image.build") == ["the environment prod says otherwise (line 8)"]


@pytest.mark.parametrize(
    ("files", "environment", "says"),
    [
        ({}, "", "there is no copilot/.workspace: name the folder that has `copilot/`."),
        (WORKSPACE, "", "no service in copilot/ can be carried"),
        (WORKSPACE | {MANIFEST: FRONTEND}, "dev", "there is no environment 'dev'; there are: prod, test."),
        (WORKSPACE | {MANIFEST: "a: [\n"}, "", f"{MANIFEST}:2: this is no YAML"),
        ({"copilot/.workspace": "x: 1"}, "", "copilot/.workspace names no application."),
    ],
)
def test_what_cannot_be_read_is_one_sentence(files: dict[str, str], environment: str, says: str) -> None:
    with pytest.raises(Unreadable) as caught:
        from_copilot(Memory(files), environment)
    assert says in str(caught.value)


GRAMMAR: dict[str, list[Any]] = {
    "image.build": ["web/Dockerfile", "other/Dockerfile", "Dockerfile", "web/Dockerfile.prod"],
    "image.build.dockerfile": ["web/Dockerfile", "other/Dockerfile"],
    "image.build.context": ["web", "other", "."],
    "image.build.target": ["prod", "dev"],
    "image.build.args.A": ["1", "2"],
    "image.build.cache_from[0]": ["a", "b"],
    "image.location": ["nginx:1", "nginx:2"],
    "image.port": [80, 8080, 99999],
    "image.credentials": ["arn:1", "arn:2"],
    "image.depends_on.proxy": ["start", "healthy"],
    "image.labels.a": ["1", "2"],
    "image.healthcheck.command[0]": ["CMD", "CMD-SHELL"],
    "image.healthcheck.retries": [2, 3],
    "http": [False, True],
    "http.path": ["/", "api", "/a/*", "x y", "b" * 130],
    "http.alias": ["a.example", "b.example", "BAD"],
    "http.alias[0].name": ["a.example", "b.example"],
    "http.alias[0].hosted_zone": ["Z1", "Z2"],
    "http.hosted_zone": ["Z1", "Z2"],
    "http.healthcheck": ["/", "/x", "y"],
    "http.healthcheck.path": ["/", "/x"],
    "http.healthcheck.port": [80, 81],
    "http.healthcheck.success_codes": ["200", "200-299", "500", "all"],
    "http.healthcheck.healthy_threshold": [2, 5, 20],
    "http.healthcheck.unhealthy_threshold": [2, 5, 20],
    "http.healthcheck.interval": ["15s", "1m30s", "2s", "10m", "never"],
    "http.healthcheck.timeout": ["5s", "10s", "1s", "500s"],
    "http.healthcheck.grace_period": ["60s", "2m"],
    "http.deregistration_delay": ["30s", "60s"],
    "http.stickiness": [True, False],
    "http.allowed_source_ips[0]": ["10.0.0.0/8", "10.1.0.0/16"],
    "http.target_container": ["proxy", "web"],
    "http.target_port": [8081, 8082],
    "http.version": ["http1", "grpc"],
    "http.redirect_to_https": [True, False],
    "http.additional_rules[0].path": ["a", "b"],
    "nlb.port": ["80/tcp", "81/udp"],
    "cpu": [256, 512, 300, 99999],
    "memory": [512, 1024, 700, 999999],
    "count": [0, 1, 7, 300, "many"],
    "count.range": ["1-10", "2-10", "1-20"],
    "count.range.min": [1, 2],
    "count.range.max": [5, 6],
    "count.range.spot_from": [2, 3],
    "count.spot": [1, 2],
    "count.cpu_percentage": [70, 80],
    "count.cooldown.in": ["30s", "60s"],
    "count.requests.value": [10, 20],
    "exec": [True, False],
    "deployment.rolling": ["default", "recreate"],
    "deployment.rollback_alarms[0]": ["a", "b"],
    "entrypoint": ["sh", "bash"],
    "command[0]": ["a", "b"],
    "network.connect": [True, False],
    "network.connect.alias": ["a", "b"],
    "network.vpc.placement": ["public", "private"],
    "network.vpc.security_groups[0]": ["sg-1", "sg-2"],
    "variables.A": ["x", "y", 1, 1.5, True, "${TAG}", "http://web:80/"],
    "variables.B.from_cfn": ["x", "y"],
    "variables.no-name": ["x", "y"],
    "variables.S": ["x", "y"],
    "secrets.S": ["/a", "/b", "sm:no"],
    "secrets.T.secretsmanager": ["db", "db:user", "db:user:AWSPREVIOUS:"],
    "secrets.U.from_cfn": ["a", "b"],
    "env_file": ["some.env", "none.env"],
    "storage.ephemeral": [20, 100],
    "storage.readonly_fs": [True, False],
    "storage.volumes.v.path": ["/a", "/b"],
    "storage.volumes.v.efs": [True, False],
    "publish.topics[0].name": ["a", "b"],
    "subscribe.topics[0].name": ["a", "b"],
    "subscribe.queue.retention": ["1h", "2h"],
    "sidecars.proxy.image": ["envoy:1", "envoy:2"],
    "sidecars.proxy.port": [1, 2],
    "logging.retention": [30, 60],
    "logging.image": ["a", "b"],
    "observability.tracing": ["awsxray", "other"],
    "platform": ["linux/x86_64", "linux/arm64"],
    "taskdef_overrides[0].path": ["a", "b"],
    "taskdef_overrides[0].value": [1, 2],
}
PREFIXES = st.sampled_from(["", "http.", "image.", "count.", "network.vpc."])


def imported(paths: Paths, head: dict[str, Any] = HEAD, override: Paths | None = None) -> Imported:
    manifest = head | document(paths) | ({"environments": {"prod": document(override)}} if override else {})
    return from_copilot(Memory(WORKSPACE | {MANIFEST: dumped(manifest), "some.env": "E=1\nA=z\n"}))


KIND = st.sampled_from(["Load Balanced Web Service", "Backend Service", "Worker Service"])


@settings(max_examples=120, deadline=None)
@given(some_of(GRAMMAR), KIND)
def test_every_word_is_in_the_output_or_in_the_list(paths: Paths, kind: str) -> None:
    head = HEAD | {"type": kind}
    first = imported(paths, head)
    keys = [note.key for note in first.notes if note.file == MANIFEST and note.key]
    again = unaccounted(outcome(first), keys, paths, GRAMMAR, lambda other: outcome(imported(other, head)))
    assert again == []
    parse(text(first, "a test"))


@settings(max_examples=80, deadline=None)
@given(some_of(GRAMMAR), UNKNOWN, PREFIXES)
def test_what_nobody_knows_is_named(paths: Paths, unknown: Paths, prefix: str) -> None:
    odd = {f"{prefix}{path}": value for path, value in unknown.items()}
    paths = {path: value for path, value in paths.items() if not prefix.startswith(f"{path}.")}
    first = imported(paths | odd)
    keys = [note.key for note in first.notes if note.kind in ("left", "changed") and note.key]
    assert unaccounted("", keys, odd, {}, None) == []


@settings(max_examples=80, deadline=None)
@given(some_of(GRAMMAR), some_of(GRAMMAR))
def test_overrides_drop_nothing_either(paths: Paths, override: Paths) -> None:
    """Whatever an override says: the chosen environment's words count, and what it replaces is named."""
    first = imported(paths, override=override)
    keys = [note.key for note in first.notes if note.key]
    before = outcome(first)
    assert unaccounted(before, keys, paths, GRAMMAR, lambda o: outcome(imported(o, override=override))) == []
    again = unaccounted(before, keys, override, GRAMMAR, lambda o: outcome(imported(paths, override=o)))
    assert again == []
    parse(text(first, "a test"))


def test_comments_are_no_words_of_the_file() -> None:
    """Text of the source in a comment cannot become a key."""
    nasty = HEAD | {"image": {"port": 80}, "zz\nservices: {}": "x\ny: 1"}
    made = from_copilot(Memory(WORKSPACE | {MANIFEST: dumped(nasty)}))
    assert list(yaml.safe_load(text(made, "a\nb: c"))) == ["project", "release", "services"]
