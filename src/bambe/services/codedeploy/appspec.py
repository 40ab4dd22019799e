"""Reads the AppSpec of an ECS deployment, JSON or YAML, keys in any case, as AWS and its CLI do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from bambe.services.codedeploy.deployment import HOOKS, AppSpec
from bambe.services.codedeploy.errors import InvalidRevisionException, RevisionRequiredException

READ = {"AppSpecContent": "appSpecContent", "String": "string"}
"""The member of a RevisionLocation that holds the AppSpec, by its type."""
VERSION = 0.0
"""The only one there is ("AppSpec file structure", CodeDeploy user guide)."""


def from_revision(revision: Mapping[str, Any] | None) -> AppSpec:
    """The AppSpec inside a RevisionLocation."""
    if not revision:
        raise RevisionRequiredException
    kind = revision.get("revisionType") or next((one for one in READ if revision.get(READ[one])), "")
    if not kind:
        raise RevisionRequiredException
    if kind not in READ:
        raise InvalidRevisionException(f"Bambe reads revisions of the type AppSpecContent, not {kind}")
    body = revision.get(READ[kind]) or {}
    content, digest = body.get("content") or "", body.get("sha256")
    if not content.strip():
        raise InvalidRevisionException(f"The AppSpec file is missing: {READ[kind]} needs its content")
    if digest and hashlib.sha256(content.encode()).hexdigest() != digest.lower():
        raise InvalidRevisionException("The SHA256 hash value of the revision content does not match sha256")
    return parse(content)


def digest(revision: Mapping[str, Any]) -> str:
    """What tells one revision of an application from another."""
    text = json.dumps(revision.get("appSpecContent") or revision.get("string") or revision, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def parse(content: str) -> AppSpec:
    """The AppSpec in `content`; InvalidRevisionException says what is wrong where."""
    root = _mapping(_load(content), "The AppSpec file")
    _check_version(_get(root, "version"))
    hooks = _hooks(_get(root, "hooks"))
    resources = _get(root, "resources")
    if not isinstance(resources, list) or len(resources) != 1:
        raise InvalidRevisionException("The AppSpec file must list exactly one resource under Resources")
    named = _mapping(resources[0], "Resources[0]")
    if len(named) != 1:
        raise InvalidRevisionException("Resources[0] must be one name with its Type and Properties")
    name, body = next(iter(named.items()))
    resource = _mapping(body, str(name))
    kind = _get(resource, "type")
    if kind != "AWS::ECS::Service":
        raise InvalidRevisionException(f"{name}: Type must be AWS::ECS::Service, not {kind}")
    spec = _service(str(name), _mapping(_get(resource, "properties"), f"{name}: Properties"))
    return replace(spec, hooks=hooks)


def _check_version(given: Any) -> None:
    """A number or a string; AWS's own examples have both."""
    if given is None or given == VERSION or str(given).strip() == str(VERSION):
        return
    raise InvalidRevisionException(
        f"The AppSpec file has the unsupported version {given}: version must be {VERSION}"
    )


def _service(name: str, properties: Mapping[str, Any]) -> AppSpec:
    definition = _get(properties, "taskDefinition")
    if not isinstance(definition, str) or not definition:
        raise InvalidRevisionException(f"{name}: TaskDefinition is required")
    balancer = _mapping(_get(properties, "loadBalancerInfo"), f"{name}: LoadBalancerInfo")
    container, port = _get(balancer, "containerName"), _get(balancer, "containerPort")
    if not isinstance(container, str) or not container:
        raise InvalidRevisionException(f"{name}: LoadBalancerInfo.ContainerName is required")
    if not str(port).isdigit() or not 1 <= int(str(port)) <= 65535:
        raise InvalidRevisionException(f"{name}: LoadBalancerInfo.ContainerPort must be a port number")
    return AppSpec(
        task_definition=definition,
        container=container,
        port=int(str(port)),
        platform_version=str(_get(properties, "platformVersion") or ""),
        network=_network(name, _get(properties, "networkConfiguration")),
        capacity=_capacity(name, _get(properties, "capacityProviderStrategy")),
    )


def _network(name: str, given: Any) -> dict[str, Any] | None:
    if not given:
        return None
    shape = _mapping(given, f"{name}: NetworkConfiguration")
    vpc = _mapping(_get(shape, "awsvpcConfiguration"), f"{name}: NetworkConfiguration.AwsvpcConfiguration")
    found = {key: _get(vpc, key) for key in ("subnets", "securityGroups", "assignPublicIp")}
    if any(value in (None, []) for value in found.values()):
        raise InvalidRevisionException(
            f"{name}: AwsvpcConfiguration needs Subnets, SecurityGroups and AssignPublicIp, or none of them"
        )
    return {"awsvpcConfiguration": found}


def _capacity(name: str, given: Any) -> list[dict[str, Any]] | None:
    if not given:
        return None
    if not isinstance(given, list):
        raise InvalidRevisionException(f"{name}: CapacityProviderStrategy must be a list")
    strategy = []
    for item in given:
        shape = _mapping(item, f"{name}: CapacityProviderStrategy")
        found = {key: _get(shape, key) for key in ("capacityProvider", "base", "weight")}
        strategy.append({key: value for key, value in found.items() if value is not None})
    return strategy


def _hooks(given: Any) -> dict[str, str]:
    """Lifecycle event -> function, from a list of one-member mappings or from one mapping."""
    if not given:
        return {}
    known = {phase.value.lower(): phase.value for phase in HOOKS}
    found: dict[str, str] = {}
    for item in given if isinstance(given, list) else [given]:
        for name, function in _mapping(item, "Hooks").items():
            event = known.get(str(name).lower())
            if event is None:
                raise InvalidRevisionException(
                    f"Hooks: {name} is not a hook of an ECS deployment; those are {', '.join(known.values())}"
                )
            if event in found:
                raise InvalidRevisionException(f"Hooks: {event} names more than one Lambda function")
            if not isinstance(function, str) or not function:
                raise InvalidRevisionException(f"Hooks: {event} must name a Lambda function")
            found[event] = function
    return found


def _load(content: str) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        pass
    try:
        return yaml.safe_load(content)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is neither JSON nor YAML"
        raise InvalidRevisionException(f"The AppSpec file cannot be read{where}: {problem}") from error


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidRevisionException(f"{where} must be a mapping" if value else f"{where} is required")
    return value


def _get(mapping: Mapping[str, Any], name: str) -> Any:
    for key, value in mapping.items():
        if str(key).lower() == name.lower():
            return value
    return None
