"""What Cloud Map refuses in services and instances, by the rules of its API reference."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from bambe.services.servicediscovery.errors import InvalidInput
from bambe.services.servicediscovery.model import Namespace, NamespaceType, Service

COMBINATIONS = ({"A"}, {"AAAA"}, {"A", "AAAA"}, {"SRV"}, {"CNAME"})
"""Sets of record types a service may have (API_DnsRecord)."""
MAX_CUSTOM, MAX_TOTAL = 30, 5000
"""Custom attributes of an instance, and characters of all of them (API_RegisterInstance)."""
ADDRESSES: dict[str, Callable[[str], object]] = {
    "AWS_INSTANCE_IPV4": ipaddress.IPv4Address,
    "AWS_INSTANCE_IPV6": ipaddress.IPv6Address,
}
NEEDED = {
    "A": "AWS_INSTANCE_IPV4",
    "AAAA": "AWS_INSTANCE_IPV6",
    "CNAME": "AWS_INSTANCE_CNAME",
    "SRV": "AWS_INSTANCE_PORT",
}
HEALTH = "AWS_INIT_HEALTH_STATUS"
LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")


def dns_name(name: str) -> None:
    """InvalidInput unless the name server can answer for `name` (RFC 1035, section 2.3.4)."""
    labels = name.removesuffix(".").split(".")
    if len(name) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise InvalidInput(
            f"'{name}' is no DNS name: at most 253 characters, between dots 1 to 63 letters, digits, - or _"
        )


def records(kind: NamespaceType, request: Mapping[str, Any]) -> dict[str, int]:
    """Record type -> TTL of a new service; {} for one that only the API finds."""
    config = request.get("DnsConfig")
    if kind == NamespaceType.HTTP or request.get("Type") == "HTTP":
        if config:
            raise InvalidInput("DnsConfig cannot be specified for a service that only the API discovers")
        return {}
    if not config:
        raise InvalidInput("DnsConfig is required for a service in a DNS namespace, unless its Type is HTTP")
    given = ttls(config["DnsRecords"])
    if set(given) not in COMBINATIONS:
        raise InvalidInput(
            f"The record types {', '.join(given)} cannot be combined: A, AAAA, A and AAAA, SRV, or CNAME"
        )
    if "CNAME" in given and config.get("RoutingPolicy") != "WEIGHTED":
        raise InvalidInput("The routing policy of a CNAME record must be WEIGHTED")
    return given


def ttls(given: list[Mapping[str, Any]]) -> dict[str, int]:
    """Record type -> TTL; InvalidInput for a type named twice."""
    kinds = [one["Type"] for one in given]
    if not kinds or len(set(kinds)) != len(kinds):
        raise InvalidInput("DnsRecords must have at least one record and each type at most once")
    return {one["Type"]: int(one["TTL"]) for one in given}


def health_check(request: Mapping[str, Any]) -> bool:
    """Whether a new service has a custom health check."""
    if request.get("HealthCheckConfig"):
        if request.get("HealthCheckCustomConfig"):
            raise InvalidInput("Specify either HealthCheckConfig or HealthCheckCustomConfig, not both")
        raise InvalidInput(
            "HealthCheckConfig (Route 53) is not supported by Bambe: use HealthCheckCustomConfig"
        )
    return "HealthCheckCustomConfig" in request


def instance(namespace: Namespace, service: Service, name: str, given: Mapping[str, str]) -> None:
    """InvalidInput unless `name` can be an instance of the service with these attributes."""
    attributes(service, given)
    if "SRV" in service.records:
        dns_name(f"{name}.{service.name}.{namespace.name}")


def attributes(service: Service, given: Mapping[str, str]) -> None:
    """InvalidInput for attributes an instance cannot have, or that its service's records lack."""
    for key in ("AWS_ALIAS_DNS_NAME", "AWS_EC2_INSTANCE_ID"):
        if key in given:
            raise InvalidInput(f"The attribute {key} is not supported by Bambe: use AWS_INSTANCE_IPV4")
    custom = [key for key in given if not key.startswith("AWS_")]
    if len(custom) > MAX_CUSTOM:
        raise InvalidInput(f"An instance can have at most {MAX_CUSTOM} custom attributes")
    if sum(len(key) + len(value) for key, value in given.items()) > MAX_TOTAL:
        raise InvalidInput(f"The attributes of an instance can have at most {MAX_TOTAL} characters in all")
    for kind in service.records:
        if NEEDED[kind] not in given:
            raise InvalidInput(f"The attribute {NEEDED[kind]} is required for {kind} records")
    if "SRV" in service.records and not given.keys() & ADDRESSES.keys():
        raise InvalidInput("AWS_INSTANCE_IPV4 or AWS_INSTANCE_IPV6 is required for SRV records")
    _check_values(service, given)


def _check_values(service: Service, given: Mapping[str, str]) -> None:
    for key, read in ADDRESSES.items():
        if key in given:
            try:
                read(given[key])
            except ValueError:
                raise InvalidInput(f"The value of {key} is not an address: {given[key]}") from None
    if "AWS_INSTANCE_CNAME" in given:
        dns_name(given["AWS_INSTANCE_CNAME"])
    port = given.get("AWS_INSTANCE_PORT", "1")
    if not (port.isascii() and port.isdigit() and 0 < int(port) <= 65535):
        raise InvalidInput(f"The value of AWS_INSTANCE_PORT is not a port: {port}")
    if HEALTH in given:
        if not service.custom_health:
            raise InvalidInput(f"{HEALTH} can be specified only for services with a custom health check")
        if given[HEALTH] not in ("HEALTHY", "UNHEALTHY"):
            raise InvalidInput(f"{HEALTH} must be HEALTHY or UNHEALTHY, not {given[HEALTH]}")
