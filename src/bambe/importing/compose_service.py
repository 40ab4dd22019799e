"""One service of a Compose file."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bambe.importing import words
from bambe.importing.account import Part
from bambe.importing.compose_ports import put_ports
from bambe.importing.draft import Build, Draft, Files, Said
from bambe.importing.fields import (
    HealthChecks,
    leave_known,
    put_secret,
    put_size,
    put_stop_timeout,
    put_tasks,
    put_variable,
    whole,
)
from bambe.importing.folders import put_folder
from bambe.importing.variables import put_env_files

IN_THE_IMAGE = "put it into the Dockerfile"
ASKED = re.compile(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::(\d+))?(/[^\s\"'|;]*)?")
LEFT = {
    "command": ("the image says what runs", f"{IN_THE_IMAGE} (CMD)"),
    "entrypoint": ("the image says what runs", f"{IN_THE_IMAGE} (ENTRYPOINT)"),
    "working_dir": ("the image says where", f"{IN_THE_IMAGE} (WORKDIR)"),
    "user": ("the image says who", f"{IN_THE_IMAGE} (USER)"),
    "build.*": ("how the image is built", "say it in buildspec.yml"),
    "container_name": ("containers get their names from ECS", ""),
    "hostname": ("others call it http://<service>.<domain>:<port>", ""),
    "depends_on.*": ("services start in any order", "let it wait for what it needs, and try again"),
    "links.*": ("every service reaches every other by its DNS name", ""),
    "networks.*": ("every service reaches every other", ""),
    "volumes.*": (
        "a volume: a task keeps nothing on its disk when it ends",
        "files that it reads go into the image, what it writes into S3 or a database",
    ),
    "configs.*": ("a file that is put into the container", "put it into the image, or into variables"),
    "secrets.*": ("a secret as a file", "give its value as a variable: `secrets: {NAME: ssm:/name}`"),
    "restart": ("ECS starts a task again whenever it ends", "run what ends by itself elsewhere"),
    "logging": ("logs go to CloudWatch Logs", ""),
    "labels.*": ("a label", "see what reads it"),
    "platform": ("tasks run on linux/amd64", ""),
    "healthcheck": ("the container's own check", "`health` is the load balancer's"),
    "deploy.mode": ("one machine runs all tasks", "write `tasks`"),
    "deploy.update_config": ("the old tasks end when the new ones are ready", "see `release`"),
    "deploy.rollback_config": ("a release goes back by itself", "see `release`"),
    "deploy.restart_policy": ("ECS starts a task again whenever it ends", ""),
    "deploy.placement": ("one machine runs all tasks", ""),
    "privileged": ("Fargate runs nothing privileged", "do without"),
    "cap_add.*": ("Fargate gives no capabilities", "do without"),
    "devices.*": ("Fargate has no devices", "do without"),
    "network_mode": ("each task has a network of its own", ""),
    "ports.*": ("one port is led to", "make it a service of its own"),
    "env_file.*": ("how the file of variables is read", ""),
    "expose.*": ("a service has one port", "make it a service of its own"),
}
IMPLIED: dict[str, tuple[Any, ...]] = {
    "restart": ("always", "unless-stopped", "on-failure"),
    "deploy.mode": ("replicated",),
    "platform": ("linux/amd64", "linux/x86_64"),
    "privileged": (False,),
    "deploy.restart_policy.condition": ("any",),
}
"""What is so under Bambe without being said."""


@dataclass(frozen=True, slots=True)
class Place:
    """Beside which services a service stands, and by what names they are reached."""

    draft: Draft
    files: Files
    hosts: Mapping[str, str]
    brokers: frozenset[str]


def service(place: Place, part: Part, name: str, made: str) -> None:
    """Put one service into the draft."""
    said: Said = {}
    place.draft.services[made] = said
    if name != made:
        part.note("changed", f"the service {name!r} is called {made}: bambe.yml's names are stricter")
    _image(place, part, made)
    put_ports(part, said)
    _tasks(part, said)
    _size(part, said)
    put_stop_timeout(said, part.at("stop_grace_period"))
    _health(part, said)
    _variables(place, part, said)
    for key, values in IMPLIED.items():
        part.at(*key.split(".")).take_if(*values)
    leave_known(part, LEFT)


def _image(place: Place, part: Part, made: str) -> None:
    build, image = part.at("build"), part.at("image")
    if not build:
        base = image.text
        put_folder(place.draft, made, Build(f"services/{made}/Dockerfile", ".", base=base or "scratch"), part)
        if base:
            image.change("an image that is not built here: Bambe builds one", f"a Dockerfile: `FROM {base}`")
        else:
            part.note("guessed", "it has neither `build` nor `image`", "write its Dockerfile")
        return
    image.leave("the image is kept in ECR, under the name of the service") if image else None
    where = build.at("context") if build.is_mapping else build
    context = _below(where.text or ".", part)
    file = posixpath.normpath(posixpath.join(context, build.at("dockerfile").text or "Dockerfile"))
    put_folder(place.draft, made, Build(file, context, _args(build), build.at("target").text), part)


def _args(build: Part) -> dict[str, str]:
    args = build.at("args")
    if args.is_mapping:
        return {key: value.text for key, value in args.items()}
    pairs = (one.text.partition("=") for one in args.each())
    return {name: value for name, _, value in pairs}


def _below(path: str, part: Part) -> str:
    """`path` as it is said in the file of `part`, from where bambe.yml is."""
    folder = posixpath.dirname(part.node.file) if part.node else ""
    return posixpath.normpath(posixpath.join(folder, path))


def _tasks(part: Part, said: Said) -> None:
    for key in (("deploy", "replicas"), ("scale",)):
        if one := part.at(*key):
            put_tasks(said, one, whole(one.text))


def _size(part: Part, said: Said) -> None:
    limits, reserved = (
        part.at("deploy", "resources", "limits"),
        part.at("deploy", "resources", "reservations"),
    )
    cpus = [one for one in (limits.at("cpus"), part.at("cpus"), reserved.at("cpus")) if one]
    sizes = [
        one
        for one in (
            limits.at("memory"),
            part.at("mem_limit"),
            reserved.at("memory"),
            part.at("mem_reservation"),
        )
        if one
    ]
    for other in (*cpus[1:], *sizes[1:]):
        other.leave("a task has one size, its limit")
    cpu = cpus[0] if cpus else part.at("cpus")
    memory = sizes[0] if sizes else part.at("mem_limit")
    number = float(cpu.text) * 1024 if re.fullmatch(r"\d*\.?\d+", cpu.text) else None
    mebibytes = words.mebibytes(memory.text) if memory else None
    for one, found in ((cpu, number), (memory, mebibytes)):
        if one and found is None:
            one.leave("is no size", "write `cpu` and `memory`")
    put_size(said, cpu, memory, number, mebibytes)


def _health(part: Part, said: Said) -> None:
    """A check that asks the service's own port over HTTP is one that the load balancer can make."""
    check = part.at("healthcheck")
    test = check.at("test")
    asked = ASKED.search(" ".join(one.text for one in test.each()))
    if said.get("route", "none") == "none" or asked is None:
        return
    if int(asked[1] or 80) != said["port"] or check.at("disable").value is True:
        return
    checks = HealthChecks(said)
    said["health"]["path"] = (asked[2] or "/").partition("?")[0]
    test.change(
        f"the load balancer asks for {said['health']['path']}, and wants 200",
        "correct `health` if that is wrong",
    )
    checks.times(check.at("interval"), check.at("timeout"))
    if check.at("retries"):
        checks.threshold(check.at("retries"), "unhealthy")
    check.at("start_period").leave("the grace period is 60 s")


def _variables(place: Place, part: Part, said: Said) -> None:
    pairs = _pairs(part.at("environment"))
    last = {name: one for name, one, _ in pairs}
    wanted = []
    for file in part.at("env_file").each():
        named = file.at("path") if file.is_mapping else file
        wanted.append((named, _below(named.text, file)))
    put_env_files(place.draft, place.files, wanted, said, place.hosts, last)
    for name, one, value in pairs:
        if last[name] == one:
            _variable(place, said, name, one, value)
        else:
            one.leave(f"{name} is given again, which goes before")


def _pairs(environment: Part) -> list[tuple[str, Part, str | None]]:
    """Name, place and value of every variable; None where the shell gives it."""
    if environment.is_mapping:
        return [(key, one, None if one.value is None else one.text) for key, one in environment.items()]
    found = []
    for one in environment.each():
        name, equals, value = one.text.partition("=")
        found.append((name, one, value if equals else None))
    return found


def _variable(place: Place, said: Said, name: str, part: Part, value: str | None) -> None:
    if value is None:
        if words.is_secretive(name):
            source = f"ssm:/{place.draft.top['project']}/{part.service}/{name}"
            put_secret(said, part, name, source)
            part.guess(f"its value is that of the shell: it is looked up in {source}", "put it there")
        else:
            part.leave("its value is that of the shell", f"write `{name}` in `environment`")
        return
    broker = next((one for one in place.brokers if words.readdressed(value, {one: ""}) != value), "")
    if broker:
        part.leave(
            f"the address of the broker {broker}",
            "with `produces` or `consumes`, tasks get KAFKA_BOOTSTRAP_SERVERS: read that",
        )
        return
    put_variable(said, part, name, value, place.hosts)
