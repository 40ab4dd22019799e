"""ELB's conditions said in Envoy's words.

A rule's path becomes the route's own path match; every other condition becomes a matcher on a header or
pseudo-header. ELB's wildcards (`*` any characters, `?` one) become RE2 expressions, which Envoy matches
against the whole text
(docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Any

from bambe.engines.proxy.port import Condition
from bambe.kernel.errors import Refused

SOURCE_KEY = "bambe.source_ip"

Json = dict[str, Any]


def route_match(conditions: Iterable[Condition]) -> Json:
    """All `conditions` as one RouteMatch."""
    match: Json = {"prefix": "/"}
    headers: list[Json] = []
    states: list[Json] = []
    for condition in conditions:
        if condition.field == "path-pattern":
            if match != {"prefix": "/"}:
                raise Refused("a rule has one path-pattern condition at most")
            match = _path(condition.values)
        elif condition.field == "source-ip":
            states.append(_source(condition.values))
        else:
            headers.append(_header(condition))
    return match | ({"headers": headers} if headers else {}) | ({"filter_state": states} if states else {})


def glob(pattern: str, character: str = ".") -> str:
    """ELB's wildcards as RE2; `character` is the class of what a wildcard may stand for."""
    return "".join({"*": f"{character}*", "?": character}.get(one) or re.escape(one) for one in pattern)


def either(patterns: Iterable[str]) -> str:
    """An expression that matches what any of `patterns` does."""
    return "|".join(f"(?:{pattern})" for pattern in patterns)


def matches(name: str, expression: str) -> Json:
    """A matcher of a header's whole value."""
    return {"name": name, "string_match": {"safe_regex": {"regex": expression}}}


def _path(values: tuple[str, ...]) -> Json:
    if len(values) == 1:
        (value,) = values
        if not _has_wildcard(value):
            return {"path": value}
        if value.endswith("*") and not _has_wildcard(value[:-1]) and value != "*":
            return {"prefix": value[:-1]}
    return {"safe_regex": {"regex": either(glob(value) for value in values)}}


def _has_wildcard(value: str) -> bool:
    return "*" in value or "?" in value


def _header(condition: Condition) -> Json:
    values = condition.values
    match condition.field:
        case "host-header":
            # What clients send may carry the port; ELB compares the name alone, in any case.
            return matches(":authority", f"(?i)(?:{either(glob(v, '[^:]') for v in values)})(?::[0-9]+)?")
        case "http-header":
            return matches(condition.key.lower(), f"(?i){either(glob(v) for v in values)}")
        case "http-request-method":
            return matches(":method", either(re.escape(v) for v in values))
        case "query-string":
            return matches(":path", _query(condition.key, values))
    raise Refused(f"the proxy does not know conditions on {condition.field}")


def _query(key: str, values: tuple[str, ...]) -> str:
    """Any one `key=value` of the query; without a key, a value of any key."""
    name = glob(key, "[^&=]") if key else "[^&=]*"
    pair = f"{name}=(?:{either(glob(value, '[^&]') for value in values)})"
    return rf"(?i)[^?]*\?(?:.*&)?{pair}(?:&.*)?"


def _source(values: tuple[str, ...]) -> Json:
    """The connection's own address, which the listener keeps under `SOURCE_KEY`."""
    try:
        networks = [ipaddress.ip_network(value, strict=False) for value in values]
    except ValueError as error:
        raise Refused(f"source-ip: {error}") from error
    ranges = [{"address_prefix": str(n.network_address), "prefix_len": n.prefixlen} for n in networks]
    return {"key": SOURCE_KEY, "address_match": {"ranges": ranges}}
