"""A task definition: one container of it becomes the service."""

from __future__ import annotations

from typing import Any

from bambe.importing import words
from bambe.importing.account import Part
from bambe.importing.cluster_running import Described, RunningService, wish_of
from bambe.importing.draft import Draft, Said
from bambe.importing.fields import (
    leave_known,
    put_port,
    put_secret,
    put_size,
    put_stop_timeout,
    put_variable,
    whole,
)
from bambe.importing.tree import from_data

IN_THE_IMAGE = "put it into the Dockerfile"
LEFT = {
    "executionRoleArn": (
        "Bambe makes the role, with the rights that `secrets` need",
        "see what more it may do",
    ),
    "taskRoleArn": ("tasks have no role of their own", "see which rights the code uses"),
    "volumes.*": ("a volume: a task keeps nothing on its disk when it ends", "use S3 or a database"),
    "ephemeralStorage": ("a task's disk has Fargate's 20 GiB", "use S3 or a database"),
    "runtimePlatform": ("tasks run on linux/x86_64", ""),
    "networkMode": ("each task has a network of its own (awsvpc)", ""),
    "tags.*": ("a tag", ""),
}
LEFT_OF_CONTAINER = {
    "command": ("the image says what runs", f"{IN_THE_IMAGE} (CMD)"),
    "entryPoint": ("the image says what runs", f"{IN_THE_IMAGE} (ENTRYPOINT)"),
    "workingDirectory": ("the image says where", f"{IN_THE_IMAGE} (WORKDIR)"),
    "user": ("the image says who", f"{IN_THE_IMAGE} (USER)"),
    "healthCheck": ("the container's own check", "`health` is the load balancer's"),
    "mountPoints.*": ("a volume: a task keeps nothing on its disk when it ends", "use S3 or a database"),
    "dependsOn.*": ("a service of Bambe has one container, which waits for no other", ""),
    "environmentFiles.*": ("variables in a file in S3", "write them in `environment`"),
    "repositoryCredentials": ("the key of a private registry", "let the build log in, in buildspec.yml"),
    "dockerLabels.*": ("a Docker label", "LABEL in the Dockerfile"),
    "portMappings.*": ("a service has one port", "make it a service of its own"),
    "cpu": ("a task has one size", ""),
    "memory": ("a task has one size", ""),
    "memoryReservation": ("a task has one size", ""),
}
IMPLIED: dict[str, tuple[Any, ...]] = {
    "networkMode": ("awsvpc",),
    "requiresCompatibilities": (["FARGATE"], ["EC2", "FARGATE"], ["FARGATE", "EC2"]),
    "runtimePlatform.cpuArchitecture": ("X86_64",),
    "runtimePlatform.operatingSystemFamily": ("LINUX",),
    "enableFaultInjection": (False,),
}
IMPLIED_OF_CONTAINER: dict[str, tuple[Any, ...]] = {
    "essential": (True,),
    "cpu": (0,),
    "privileged": (False,),
    "readonlyRootFilesystem": (False,),
    "versionConsistency": ("enabled",),
}


def main_container(definition: Described, service: Described) -> Described:
    """The container that the load balancer leads to; without one, the first essential one with a port."""
    containers: list[Described] = list(definition.get("containerDefinitions", ()))
    led = {one.get("containerName") for one in service.get("loadBalancers", ())}
    ranked = sorted(
        containers,
        key=lambda one: (
            one.get("name") not in led,
            not one.get("essential", True),
            not one.get("portMappings"),
        ),
    )
    return ranked[0] if ranked else {}


def put_task(draft: Draft, service: Part, one: RunningService, name: str) -> None:
    """Size, port, variables and secrets."""
    file = f"ecs task definition {one.definition.get('family', '')}:{one.definition.get('revision', '')}"
    part = draft.account.open(
        f"{file} of {name}", from_data(wish_of("definition", one.definition), file), name
    )
    said = draft.services[name]
    main = main_container(one.definition, one.service).get("name")
    for container in part.at("containerDefinitions").each():
        if container.at("name").text == main:
            _container(container, service, said, name)
        else:
            container.leave("a second container: a service of Bambe has one", "make it a service of its own")
    _size(part, said)
    role = part.at("taskRoleArn")
    if one.service.get("enableExecuteCommand") and role.text.endswith("-exec"):
        role.take()
    for key, values in IMPLIED.items():
        part.at(*key.split(".")).take_if(*values)
    leave_known(part, LEFT)


def _container(part: Part, service: Part, said: Said, name: str) -> None:
    part.at("name").take()
    part.at("image").change(
        f"it runs {part.at('image').text}: Bambe builds its image from {said['path']}/Dockerfile",
        "put its code there",
    )
    _port(part, service, said)
    put_stop_timeout(said, part.at("stopTimeout"))
    for one in part.at("secrets").each():
        put_secret(said, one, one.at("name").text, words.from_arn(one.at("valueFrom").text))
    for one in part.at("environment").each():
        key = one.at("name").take_text()
        put_variable(said, one.at("value") or one.at("name"), key, one.at("value").text, {})
    if part.at("logConfiguration", "logDriver").text == "awslogs":
        part.at("logConfiguration", "logDriver").take()
        part.at("logConfiguration", "options", "awslogs-region").take()
        part.at("logConfiguration", "options", "awslogs-group").change(
            f"logs go to a group of CloudWatch Logs that Bambe names after {name}, and stay 30 days"
        )
        part.at("logConfiguration", "options", "awslogs-stream-prefix").take_if("ecs")
    for key, values in IMPLIED_OF_CONTAINER.items():
        part.at(key).take_if(*values)
    leave_known(part, LEFT_OF_CONTAINER)


def _port(part: Part, service: Part, said: Said) -> None:
    mappings = part.at("portMappings").each()
    led = service.at("loadBalancers", 0, "containerPort").value
    chosen = next((one for one in mappings if led is None or one.at("containerPort").value == led), None)
    inner = chosen.at("containerPort") if chosen else part.at("portMappings", 0, "containerPort")
    put_port(said, inner, led or 8080)
    if chosen:
        chosen.at("hostPort").take_if(said["port"], 0)
        chosen.at("protocol").take_if("tcp")
        chosen.at("name").leave("the name of a port, which Service Connect uses")
        chosen.at("appProtocol").leave("targets speak HTTP/1.1")


def _size(part: Part, said: Said) -> None:
    cpu, memory = part.at("cpu"), part.at("memory")
    if not cpu and not memory:
        container = part.at("containerDefinitions", 0)
        cpu, memory = container.at("cpu"), container.at("memory") or container.at("memoryReservation")
    put_size(said, cpu, memory, _number(cpu), _number(memory))


def _number(part: Part) -> float | None:
    return whole(part.text) if part else None
