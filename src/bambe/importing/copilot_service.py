"""One manifest of a Copilot service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bambe.importing import words
from bambe.importing.account import Part
from bambe.importing.draft import Build, Draft, Files, Said
from bambe.importing.fields import (
    HealthChecks,
    leave_known,
    put_port,
    put_secret,
    put_size,
    put_tasks,
    put_variable,
    whole,
)
from bambe.importing.folders import put_folder
from bambe.importing.variables import put_env_files
from bambe.project.model import HOST

IN_THE_IMAGE = "put it into the Dockerfile"
DISK = "a task keeps nothing on its disk when it ends: use S3 or a database"
TOPICS = (
    "make it a topic of Kafka (`events.topics`, `produces`, `consumes`), or keep it in a stack of its own"
)
NETWORK = "Bambe makes the network and its security groups"
LEFT = {
    "image.credentials": ("the key of a private registry", "let the build log in, in buildspec.yml"),
    "image.labels.*": ("a Docker label", "LABEL in the Dockerfile"),
    "image.depends_on.*": ("a service of Bambe has one container, which waits for no other", ""),
    "image.healthcheck": (
        "the container's own check",
        "`health` is the load balancer's; HEALTHCHECK is not read",
    ),
    "image.build.cache_from": ("where a build finds layers", "docker build --cache-from, in buildspec.yml"),
    "http.alb": ("Bambe makes the load balancer itself", "one that exists cannot be given"),
    "http.deregistration_delay": ("Bambe waits 30 s for open requests of a target", ""),
    "http.stickiness": ("sticky sessions", "keep sessions outside of the tasks"),
    "http.allowed_source_ips": (
        "everybody may come in",
        "check the address in the service, or use a firewall",
    ),
    "http.hosted_zone": ("DNS records outside are yours to make", "let the name lead to the load balancer"),
    "http.additional_rules.*": ("a service has one route, to one port", "make it a service of its own"),
    "http.target_container": (
        "a service of Bambe has one container",
        "put both into one, or make it a service",
    ),
    "http.redirect_to_https": ("the load balancer has no listener on port 80", ""),
    "http.version": ("targets speak HTTP/1.1", ""),
    "http.healthcheck.port": ("the check asks the service's own port", ""),
    "http.healthcheck.grace_period": ("the grace period is 60 s", ""),
    "nlb": ("a network load balancer: TCP and UDP have no counterpart", "keep it in a stack of its own"),
    "sidecars.*": (
        "a sidecar: a service of Bambe has one container",
        "make it a service, or put it into the image",
    ),
    "storage.volumes.*": ("a volume", DISK),
    "storage.ephemeral": ("a task's disk has Fargate's 20 GiB", DISK),
    "storage.readonly_fs": ("a read-only file system", ""),
    "publish.topics.*": ("an SNS topic", TOPICS),
    "subscribe.topics.*": ("a subscription to an SNS topic", TOPICS),
    "subscribe.queue": ("an SQS queue", TOPICS),
    "network.connect": (
        "Service Connect",
        "others call it by its DNS name, http://<service>.<domain>:<port>",
    ),
    "network.vpc": (NETWORK, "see what of it others rely on"),
    "logging": ("logs go to CloudWatch Logs, and stay 30 days", ""),
    "observability": ("tracing", "let the code send its traces itself"),
    "taskdef_overrides.*": ("a change of the task definition", "see whether bambe.yml has a word for it"),
    "entrypoint": ("the image says what runs", f"{IN_THE_IMAGE} (ENTRYPOINT)"),
    "command": ("the image says what runs", f"{IN_THE_IMAGE} (CMD)"),
    "platform": ("tasks run on linux/x86_64", ""),
    "deployment.rolling": ("the old tasks end when the new ones are ready", ""),
    "deployment.rollback_alarms": (
        "alarms stop releases that shift traffic",
        "with `release: {strategy: canary, alarms: [name]}`",
    ),
    "count.cooldown": ("there is no scaling by load", "`tasks`, or `schedule` by the hour"),
    "count.cpu_percentage": ("there is no scaling by load", "`tasks`, or `schedule` by the hour"),
    "count.memory_percentage": ("there is no scaling by load", "`tasks`, or `schedule` by the hour"),
    "count.requests": ("there is no scaling by load", "`tasks`, or `schedule` by the hour"),
    "count.response_time": ("there is no scaling by load", "`tasks`, or `schedule` by the hour"),
    "count.queue_delay": ("there is no scaling by load", "`tasks`, or `schedule` by the hour"),
}
IMPLIED: dict[str, tuple[Any, ...]] = {
    "http.deregistration_delay": ("30s",),
    "http.stickiness": (False,),
    "http.version": ("http1",),
    "http.healthcheck.grace_period": ("60s", "1m"),
    "storage.ephemeral": (20,),
    "storage.readonly_fs": (False,),
    "network.connect": (False,),
    "network.vpc.placement": ("public",),
    "logging.retention": (30,),
    "platform": ("linux/x86_64", "linux/amd64"),
    "deployment.rolling": ("default",),
}
"""What is so under Bambe without being said."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a manifest stands: in which application, for which environment, beside which services."""

    draft: Draft
    files: Files
    application: str
    environment: str
    hosts: Mapping[str, str]


def service(place: Place, part: Part, name: str) -> None:
    """Put one service into the draft."""
    said: Said = {}
    place.draft.services[name] = said
    _name(part, name)
    _image(place, part, said, name)
    _http(place, part, said)
    _count(part.at("count"), said)
    _size(part, said)
    if part.at("exec"):
        said["exec"] = part.at("exec").take() is True
    _variables(place, part, said)
    for key, values in IMPLIED.items():
        part.at(*key.split(".")).take_if(*values)
    leave_known(part, LEFT)


def _name(part: Part, name: str) -> None:
    named = part.at("name")
    part.at("type").take()
    if named.value == name:
        named.take()
    elif named:
        named.change(f"the service {named.text!r} is called {name}: bambe.yml's names are stricter")


def _image(place: Place, part: Part, said: Said, name: str) -> None:
    image = part.at("image")
    build = image.at("build")
    context, dockerfile = build.at("context"), build.at("dockerfile")
    args = {key: str(value.text) for key, value in build.at("args").items()}
    if build and not build.is_mapping:
        file = _clean(build.text)
        made = Build(file, file.rpartition("/")[0] or ".")
    elif build:
        folder = (_clean(context.text) or ".") if context else ""
        file = _clean(dockerfile.text) or _clean(f"{folder}/Dockerfile")
        made = Build(file, folder or file.rpartition("/")[0] or ".", args, build.at("target").text)
    else:
        made = Build(f"services/{name}/Dockerfile", ".", base=image.at("location").text)
    put_folder(place.draft, name, made, image)


def _clean(path: str) -> str:
    return "/".join(one for one in path.split("/") if one not in ("", "."))


def _http(place: Place, part: Part, said: Said) -> None:
    http, kind = part.at("http"), part.at("type").text
    target = http.at("target_port")
    port = part.at("image", "port")
    port_said = target if target and whole(target.text) else port
    put_port(said, port_said)
    for other in (target, port):
        if other and other.value != said["port"]:
            other.leave(f"a service has one port, {said['port']}")
        elif other:
            other.take()
    if not http or http.take_if(False):
        return
    if kind != CARRIED_BY_BALANCER:
        http.leave(
            "an internal load balancer: Bambe's is open to everybody, so this service has no route",
            "call it by its DNS name; give it a `route` if everybody may reach it",
        )
        return
    _route(http, said)
    _check(http, said)
    _alias(place, http)


CARRIED_BY_BALANCER = "Load Balanced Web Service"


def _route(http: Part, said: Said) -> None:
    path = http.at("path")
    said["route"] = words.as_route(path.text)
    if not path:
        http.guess("no path is said: the route is `default`")
    elif said["route"] == "default":
        path.take()
    elif len(said["route"]) > 128 or " " in said["route"]:
        said["route"] = "none"
        path.leave("is no route: no spaces, and at most 128 characters", "write `route`")
    else:
        path.change(f"{path.text!r} is {said['route']!r}, which takes all paths that begin so")


def _check(http: Part, said: Said) -> None:
    part, checks = http.at("healthcheck"), HealthChecks(said)
    if not part.is_mapping:
        checks.path(part)
        return
    checks.path(part.at("path"))
    checks.codes(part.at("success_codes"))
    checks.threshold(part.at("healthy_threshold"), "healthy")
    checks.threshold(part.at("unhealthy_threshold"), "unhealthy")
    checks.times(part.at("interval"), part.at("timeout"))
    part.at("port").take_if(said["port"])


def _alias(place: Place, http: Part) -> None:
    alias, top = http.at("alias"), place.draft.top
    for each in alias.each():
        named = each.at("name") if each.is_mapping else each
        each.at("hosted_zone").leave(*LEFT["http.hosted_zone"])
        name = named.text
        if not top.get("host") and re.fullmatch(HOST, name):
            top["host"] = name
        if top.get("host") == name:
            named.take()
        else:
            named.leave(
                f"the certificate has one name, {top.get('host', '<project>.example')}",
                "write `host`; rules by name have no counterpart",
            )


def _count(count: Part, said: Said) -> None:
    if not count:
        return
    if not count.is_mapping:
        put_tasks(said, count, whole(count.text))
        return
    spot, span = count.at("spot"), count.at("range")
    if spot:
        said["tasks"] = max(0, min(whole(spot.text) or 0, 100))
        spot.change(f"Fargate Spot: {said['tasks']} tasks, none of them on Spot")
    if not span:
        return
    lowest, _, highest = span.text.partition("-")
    if span.is_mapping:
        lowest, highest = span.at("min").text, span.at("max").text
        span.at("spot_from").leave("Fargate Spot", "tasks run on Fargate")
    said["tasks"] = max(0, min(whole(lowest) or 0, 100))
    for part in (span.at("min"), span.at("max")) if span.is_mapping else (span,):
        part.change(
            f"from {lowest} to {highest} tasks by load is {said['tasks']} at all times",
            "raise `tasks`, or write `schedule` for the busy hours",
        )


def _size(part: Part, said: Said) -> None:
    cpu, memory = part.at("cpu"), part.at("memory")
    put_size(said, cpu, memory, whole(cpu.text) if cpu else None, whole(memory.text) if memory else None)


def _variables(place: Place, part: Part, said: Said) -> None:
    file = part.at("env_file")
    given = {key for section in ("secrets", "variables") for key, _ in part.at(section).items()}
    wanted = [(file, _clean(file.text))] if file else []
    put_env_files(place.draft, place.files, wanted, said, place.hosts, given)
    for key, secret in part.at("secrets").items():
        put_secret(said, secret, key, _source(secret))
    for key, value in part.at("variables").items():
        if value.is_mapping:
            value.leave("an export of a stack", f"write `{key}: <its value>` in `environment`")
        else:
            put_variable(said, value, key, value.text, place.hosts)


def _source(part: Part) -> str:
    if part.is_mapping:
        name = part.at("secretsmanager").text
        return words.from_arn(name) if name.startswith("arn:") else words.secret(name) if name else ""
    return words.from_arn(part.text)
