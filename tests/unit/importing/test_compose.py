"""Compose files: what of them is in bambe.yml, and that all else is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bambe.importing import Imported, Unreadable, from_compose, text
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

FILE = "compose.yaml"
STACK = """\
name: my_shop
x-common: &common
  restart: unless-stopped
  stop_grace_period: 1m30s
services:
  web_front:
    <<: *common
    build: {context: ./web, target: prod, args: [STAGE=one]}
    ports: ["8080:80", "22:22"]
    environment:
      API: "http://user@api:9000/x"
      VERSION: 1.10
      SESSION_TOKEN:
    healthcheck: {test: ["CMD", "curl", "-f", "http://localhost:80/ready"], interval: 20s, retries: 3}
    deploy: {replicas: 3, resources: {limits: {cpus: "0.5", memory: 700M}}}
  api:
    extends: {service: base}
    build: services/api
    ports: ["127.0.0.1:9000:9000"]
    env_file: [api.env]
    environment: [B=3, "KAFKA=kafka:9092"]
  base:
    image: example/base:${TAG:-v${MINOR-7}}
    command: sleep 1
    environment: [A=1, B=2]
    expose: [9000]
  db:
    image: postgres:16
    volumes: [data:/var/lib/postgresql/data]
  kafka:
    image: apache/kafka:4.1.0
    environment: {KAFKA_CREATE_TOPICS: "orders:3:1,dead:1:1:compact", KAFKA_NUM_PARTITIONS: 2, KAFKA_NODE: 1}
  zookeeper:
    image: zookeeper:3
  debug:
    image: example/debug
    profiles: [debug]
volumes: {data: {}}
"""


def stack(**more: str) -> Memory:
    return Memory({FILE: STACK, "api.env": "MODE=fast\nB=9\nAPI_SECRET=abc\n"} | more)


def imported(files: Memory, *names: str, profiles: tuple[str, ...] = ()) -> Imported:
    return from_compose(files, list(names or (FILE,)), "folder", profiles)


def places(found: Imported, kind: str) -> set[str]:
    return {note.place for note in found.notes if note.kind == kind}


def test_a_stack_becomes_a_project() -> None:
    found = imported(stack())
    project = parse(text(found, FILE))
    assert (project.project, list(project.services)) == ("my-shop", ["web-front", "api", "base"])
    web, api, base = project.services.values()
    assert (web.path, web.port, web.route, web.tasks) == ("web", 80, "default", 3)
    assert (web.cpu, web.memory, web.stop_timeout.total_seconds()) == (512, 1024, 90)
    assert (web.health.path, web.health.interval.total_seconds(), web.health.unhealthy) == ("/ready", 20, 3)
    assert web.environment == {"API": "http://user@api.my-shop.local:9000/x", "VERSION": "1.10"}
    assert web.secrets == {"SESSION_TOKEN": "ssm:/my-shop/web-front/SESSION_TOKEN"}
    assert (api.path, api.port, api.route) == ("services/api", 9000, "none")
    assert api.environment == {"A": "1", "B": "3", "MODE": "fast"}
    assert base.path == "services/base"
    assert project.is_rolling("api")
    assert not project.is_rolling("web-front")
    assert found.builds["web-front"].target == "prod"
    assert found.builds["base"].base == "example/base:v7"


def test_brokers_become_events() -> None:
    found = imported(stack())
    events = parse(text(found, FILE)).events
    assert events is not None
    assert (events.kafka, events.access, events.brokers) == ("4.1.x.kraft", "plaintext", 1)
    assert events.settings == {"num.partitions": "2"}
    assert [(name, one.partitions, one.compact) for name, one in events.topics.items()] == [
        ("orders", 3, False),
        ("dead", 1, True),
    ]
    assert f"{FILE}:21 services.api.environment[2]" in places(found, "left")
    assert f"{FILE}:32 services.kafka.environment.KAFKA_NODE" in places(found, "left")
    assert f"{FILE}:33 services.zookeeper" in places(found, "left")


def test_what_is_not_carried_is_named_where_it_stands() -> None:
    assert {
        f"{FILE}:9 services.web_front.ports[1]",
        f"{FILE}:24 services.base.command",
        f"{FILE}:27 services.db",
        f"{FILE}:35 services.debug",
        f"{FILE}:38 volumes.data",
        "api.env:2 B",
    } <= places(imported(stack()), "left")


def test_what_is_made_up_is_named_where_it_would_stand() -> None:
    found = imported(Memory({FILE: "services: {web: {build: web}}"}))
    assert f"{FILE} services.web.expose" in places(found, "guessed")


def test_a_secret_of_a_file_is_not_copied() -> None:
    found = imported(stack())
    assert found.data["services"]["api"]["secrets"] == {"API_SECRET": "ssm:/my-shop/api/API_SECRET"}
    assert "abc" not in text(found, FILE) + repr(found.notes)


def test_a_profile_that_is_asked_for_is_imported() -> None:
    assert "debug" in imported(stack(), profiles=("debug",)).data["services"]


def test_variables_come_from_the_file_beside_it() -> None:
    files = stack(**{".env": "TAG='v9'\n"})
    assert imported(files).builds["base"].base == "example/base:v9"
    plain = Memory({FILE: 'services: {a1: {image: "x", environment: ["A=$$HOME ${NONE} $1"]}}'})
    assert imported(plain).data["services"]["a1"]["environment"] == {"A": "$HOME  $1"}
    assert any("NONE has no value" in note.says for note in imported(plain).notes)


def test_files_are_laid_on_each_other() -> None:
    """As Compose does: mappings key by key, lists lengthened, words replaced, !reset and !override heeded."""
    over = """\
services:
  web_front:
    ports: ["9443:443"]
    environment: [VERSION=2]
    deploy: {replicas: 5}
    healthcheck: !reset {}
  base: {environment: !override {C: 3}}
"""
    found = imported(stack(**{"over.yaml": over}), FILE, "over.yaml")
    web = found.data["services"]["web-front"]
    assert (web["tasks"], web["environment"]["VERSION"], web.get("health")) == (5, "2", None)
    assert found.data["services"]["base"]["environment"] == {"C": "3"}
    assert f"{FILE}:15 services.web_front.deploy.replicas" in places(found, "left")
    assert f"{FILE}:14 services.web_front.healthcheck.interval" in places(found, "left")


@pytest.mark.parametrize(
    ("volume", "is_kept"),
    [
        ("data:/data", True),
        ({"type": "volume", "source": "data", "target": "/data"}, True),
        ("data:/data:ro", False),
        ("./nginx.conf:/etc/nginx/nginx.conf", False),
        ("/var/run/docker.sock:/var/run/docker.sock", False),
        ("/cache", False),
    ],
)
def test_an_image_that_keeps_data_is_left_and_others_are_not(volume: Any, is_kept: bool) -> None:
    services = {"web": {"build": "web"}, "other": {"image": "example/other", "volumes": [volume]}}
    found = imported(Memory({FILE: dumped({"services": services})}))
    assert ("other" not in found.data["services"]) == is_kept
    key = "services.other" if is_kept else "services.other.volumes[0]"
    assert any(note.key == key and note.kind == "left" for note in found.notes)


def test_two_public_services_get_routes_of_their_own() -> None:
    files = Memory({FILE: "services: {web: {image: a, ports: [80]}, shop: {image: b, ports: ['8080:81']}}"})
    services = imported(files).data["services"]
    assert (services["web"]["route"], services["shop"]["route"]) == ("default", "/shop*")


def test_two_services_of_one_folder_get_folders_of_their_own() -> None:
    files = Memory({FILE: "services: {web: {build: app}, work: {build: {context: app, target: work}}}"})
    services = imported(files).data["services"]
    assert (services["web"]["path"], services["work"]["path"]) == ("app", "services/work")
    assert services["work"]["also"] == ["app"]


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("{}", "compose.yaml: there are no services."),
        ("services: {a1: 1}", "compose.yaml:1: services.a1 should be a mapping."),
        ("services: {a1: {extends: a1}}", "compose.yaml:1: services.a1 extends itself."),
        ("services: {a1: {extends: b}}", "compose.yaml:1: services.a1 extends 'b', which is not there."),
        ("services: {a1: {extends: {file: no.yaml, service: b}}}", "there is no no.yaml."),
        ("services: {a1: {image: redis, volumes: ['d:/data']}}", "none of its services can be carried."),
        ("a: &a [*a]", "compose.yaml: "),
    ],
)
def test_what_cannot_be_read_is_one_sentence(said: str, says: str) -> None:
    with pytest.raises(Unreadable) as caught:
        imported(Memory({FILE: said}))
    assert says in str(caught.value)


GRAMMAR: dict[str, list[Any]] = {
    "image": ["nginx:1", "nginx:2", "redis"],
    "build": ["web", "other", ".", "../out"],
    "build.context": ["web", "other", "."],
    "build.dockerfile": ["Dockerfile", "Dockerfile.prod", "docker/Dockerfile"],
    "build.args.A": ["1", "2"],
    "build.args[0]": ["A=1", "A=2"],
    "build.target": ["prod", "dev"],
    "build.cache_from[0]": ["a", "b"],
    "ports[0]": [80, "8080:80", "127.0.0.1:8080:80", "53:53/udp", "3000-3005", "8080:81", "[::1]:1:2"],
    "ports[0].target": [80, 81],
    "ports[0].published": ["8080", "8081"],
    "ports[0].protocol": ["tcp", "udp"],
    "ports[0].host_ip": ["127.0.0.1", "0.0.0.0"],
    "ports[0].app_protocol": ["http", "http2"],
    "expose[0]": ["80", "9000", "80/udp"],
    "environment.A": ["x", "y", 1, 1.5, True, None, "http://web:80/", "broker:9092", "broker:9093"],
    "environment.A_SECRET": ["x", "y", None],
    "environment.no-name": ["x", "y"],
    "environment[0]": ["A=x", "A=y", "A", "A_TOKEN", "B="],
    "env_file": ["some.env", "none.env"],
    "env_file[0]": ["some.env", "none.env", "./no.env"],
    "env_file[0].path": ["some.env", "none.env"],
    "env_file[0].required": [True, False],
    "command": ["a", "b"],
    "command[0]": ["a", "b"],
    "entrypoint": ["a", "b"],
    "working_dir": ["/a", "/b"],
    "user": ["1", "2"],
    "container_name": ["a", "b"],
    "hostname": ["a", "b"],
    "depends_on[0]": ["web", "broker"],
    "depends_on.broker.condition": ["service_started", "service_healthy"],
    "links[0]": ["web", "broker"],
    "networks[0]": ["a", "b"],
    "networks.back.aliases[0]": ["a", "b"],
    "volumes[0]": ["./a:/a:ro", "./b:/b:ro", "d:/data"],
    "configs[0]": ["a", "b"],
    "secrets[0]": ["a", "b"],
    "restart": ["always", "no", "on-failure"],
    "logging.driver": ["json-file", "syslog"],
    "labels.a": ["1", "2"],
    "labels[0]": ["a=1", "a=2"],
    "platform": ["linux/amd64", "linux/arm64"],
    "stop_grace_period": ["10s", "1m30s", "10m", "soon"],
    "healthcheck.test": ["curl http://localhost:80/a", "curl http://localhost:80/b", "true"],
    "healthcheck.test[0]": ["CMD", "curl http://localhost/x"],
    "healthcheck.interval": ["10s", "1m30s", "1s", "often"],
    "healthcheck.timeout": ["5s", "20s", "1s"],
    "healthcheck.retries": [2, 3, 50],
    "healthcheck.start_period": ["1s", "2s"],
    "healthcheck.disable": [True, False],
    "deploy.replicas": [0, 1, 3, 200, "many"],
    "scale": [1, 2],
    "deploy.mode": ["replicated", "global"],
    "deploy.resources.limits.cpus": ["0.25", "0.5", "3", "64", "some"],
    "deploy.resources.limits.memory": ["512M", "1g", "700mb", "999g", "some"],
    "deploy.resources.limits.pids": [1, 2],
    "deploy.resources.reservations.cpus": ["0.25", "0.5"],
    "deploy.resources.reservations.memory": ["512M", "1g"],
    "cpus": [0.5, 1],
    "mem_limit": ["512m", "1g"],
    "mem_reservation": ["512m", "1g"],
    "deploy.update_config.order": ["start-first", "stop-first"],
    "deploy.restart_policy.condition": ["any", "none"],
    "deploy.placement.constraints[0]": ["a", "b"],
    "deploy.labels.a": ["1", "2"],
    "privileged": [True, False],
    "cap_add[0]": ["A", "B"],
    "devices[0]": ["a", "b"],
    "network_mode": ["host", "bridge"],
    "tty": [True, False],
    "sysctls.a": [1, 2],
}
TOP: dict[str, list[Any]] = {
    "name": ["shop", "other", "My Shop", "x"],
    "version": ["3.8", "3.9"],
    "include[0]": ["a.yaml", "b.yaml"],
    "volumes.data.driver": ["a", "b"],
    "networks.back.driver": ["a", "b"],
    "configs.c.file": ["a", "b"],
    "secrets.s.file": ["a", "b"],
    "x-odd.a": [1, 2],
}
BROKER: dict[str, list[Any]] = {
    "image": [
        "apache/kafka:3.9.0",
        "apache/kafka:2.6.1",
        "confluentinc/cp-kafka:7.0",
        "redpandadata/redpanda",
    ],
    "environment.KAFKA_CREATE_TOPICS": ["a:1:1", "b:2:1:compact", "a:1:9", "a!", "a.b:1:1,a_b:1:1", ""],
    "environment.KAFKA_NUM_PARTITIONS": [1, 2],
    "environment.KAFKA_NODE_ID": [1, 2],
    "command[0]": ["a", "b"],
    "ports[0]": ["9092:9092", "9093:9093"],
}


def made(paths: Paths, top: Paths, broker: Paths) -> Imported:
    services = {"web": document(paths), "rest": {"image": "example/rest"}}
    if broker:
        services["broker"] = document({"image": "apache/kafka:3.9.0"} | broker)
    files = {FILE: dumped(document(top) | {"services": services}), "some.env": "E=1\nA=z\nA_SECRET=q\n"}
    return imported(Memory(files))


@settings(max_examples=120, deadline=None)
@given(some_of(GRAMMAR), some_of(TOP), some_of(BROKER))
def test_every_word_is_in_the_output_or_in_the_list(paths: Paths, top: Paths, broker: Paths) -> None:
    first = made(paths, top, broker)
    before = outcome(first)
    keys = [note.key for note in first.notes if note.file == FILE]
    mine = [key.removeprefix("services.web.") for key in keys]
    mine += ["volumes" for key in keys if key == "services.web"]  # it is left as a whole
    if "services.web" not in keys or "web" in first.data["services"]:
        assert unaccounted(before, mine, paths, GRAMMAR, lambda o: outcome(made(o, top, broker))) == []
    assert unaccounted(before, keys, top, TOP, lambda o: outcome(made(paths, o, broker))) == []
    theirs = [key.removeprefix("services.broker.") for key in keys]
    assert unaccounted(before, theirs, broker, BROKER, lambda o: outcome(made(paths, top, o))) == []
    parse(text(first, "a test"))


@settings(max_examples=80, deadline=None)
@given(some_of(GRAMMAR), UNKNOWN, st.sampled_from(["", "deploy.", "build.", "healthcheck."]))
def test_what_nobody_knows_is_named(paths: Paths, unknown: Paths, prefix: str) -> None:
    odd = {f"{prefix}{path}": value for path, value in unknown.items()}
    paths = {path: value for path, value in paths.items() if not prefix.startswith(f"{path}.")}
    first = made(paths | odd, {}, {})
    keys = [
        note.key.removeprefix("services.web.") for note in first.notes if note.kind in ("left", "changed")
    ]
    if "services.web" not in keys:
        assert unaccounted("", keys, odd, {}, None) == []
