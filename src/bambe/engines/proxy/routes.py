"""A listener's rules as an Envoy route configuration."""

from __future__ import annotations

from collections.abc import Mapping

from bambe.engines.proxy.conditions import Json, matches, route_match
from bambe.engines.proxy.naming import EMPTY, empty_key, group_key, listener_key
from bambe.engines.proxy.port import (
    FixedResponse,
    Forward,
    Listener,
    LoadBalancer,
    Redirect,
    Rule,
    TargetGroup,
)
from bambe.engines.proxy.redirects import redirect
from bambe.kernel.errors import Refused

TYPE = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
STATEFUL = "type.googleapis.com/envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute"
COOKIE = "type.googleapis.com/envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState"
PREVIOUS = "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"

# Not sent yet, so safe to send elsewhere: no connection, a stream the target refused, a reset before
# the first byte of the request left. Never on a response.
NEVER_SENT = "connect-failure,refused-stream,reset-before-request"
# A target that dies with a safe request in its hands: asking another one is harmless (RFC 9110, 9.2.2).
SAFE_METHODS = "GET|HEAD|OPTIONS"
GROUP_COOKIE = "AWSALBTG"


def route_configuration(
    balancer: LoadBalancer, listener: Listener, groups: Mapping[str, TargetGroup]
) -> Json:
    """The rules in order; the first that matches acts."""
    routes = [route for rule in listener.rules for route in _routes(rule, groups)]
    return {
        "@type": TYPE,
        "name": listener_key(balancer.id, listener.id),
        "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}],
        "request_headers_to_remove": ["x-envoy-external-address"],
        "request_headers_to_add": [
            _header("x-forwarded-port", "%DOWNSTREAM_LOCAL_PORT%", "OVERWRITE_IF_EXISTS_OR_ADD"),
            _header(
                "x-forwarded-for",
                "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
                "APPEND_IF_EXISTS_OR_ADD",
            ),
        ],
    }


def _header(key: str, value: str, action: str) -> Json:
    return {"header": {"key": key, "value": value}, "append_action": action}


def _routes(rule: Rule, groups: Mapping[str, TargetGroup]) -> list[Json]:
    match = route_match(rule.conditions)
    action = rule.action
    if isinstance(action, Redirect):
        return [{"match": match, "redirect": redirect(action)}]
    if isinstance(action, FixedResponse):
        return [_fixed(match, action.status, action.body, action.content_type)]
    if not sum(action.weights.values()):
        return [_fixed(match, 503, "", "text/plain")]
    return _forward(match, action, groups)


def _fixed(match: Json, status: int, body: str, content_type: str) -> Json:
    answer: Json = {"status": status} | ({"body": {"inline_string": body}} if body else {})
    headers = [_header("content-type", content_type, "OVERWRITE_IF_EXISTS_OR_ADD")] if body else []
    return {"match": match, "direct_response": answer, "response_headers_to_add": headers}


def _forward(match: Json, action: Forward, groups: Mapping[str, TargetGroup]) -> list[Json]:
    shares = [_share(id, weight, groups) for id, weight in sorted(action.weights.items()) if weight]
    if not action.stickiness:
        return _route(match, shares)
    able = [share for share in shares if not _is_empty(share)]
    nowhere = [share for share in shares if _is_empty(share)]
    pinned = [route for share in able for route in _route(_with(match, _has_cookie(share)), [share])]
    return pinned + _route(match, nowhere + [_set_cookie(share, action.stickiness) for share in able])


def _route(match: Json, shares: list[Json]) -> list[Json]:
    """Twice the same: for safe methods it may also send again what a dying target dropped."""
    common: Json = {"weighted_clusters": {"clusters": shares}, "timeout": "0s"}
    safe = _with(match, matches(":method", SAFE_METHODS))
    return [
        {"match": safe, "route": common | {"retry_policy": _retry(f"{NEVER_SENT},reset")}},
        {"match": match, "route": common | {"retry_policy": _retry(NEVER_SENT)}},
    ]


def _with(match: Json, header: Json) -> Json:
    return match | {"headers": [*match.get("headers", []), header]}


def _share(id: str, weight: int, groups: Mapping[str, TargetGroup]) -> Json:
    """One group's share; a group with nowhere to send to answers its share with 503, as ALB does."""
    if id not in groups:
        raise Refused(f"a rule forwards to {id}, which is no target group")
    group = groups[id]
    if all(target.draining for target in group.targets):
        return {"name": empty_key(id), "weight": weight}
    share: Json = {"name": group_key(id), "weight": weight}
    return share | {"typed_per_filter_config": _sticky(group)} if group.stickiness else share


def _is_empty(share: Json) -> bool:
    return str(share["name"]).startswith(EMPTY)


def _has_cookie(share: Json) -> Json:
    return matches("cookie", f"(?:.*; *)?{GROUP_COOKIE}={share['name']}(?:;.*)?")


def _set_cookie(share: Json, seconds: int) -> Json:
    """ALB's group stickiness. A group whose weight becomes 0 loses its sessions, unlike at ALB."""
    cookie = f"{GROUP_COOKIE}={share['name']}; Max-Age={seconds}; Path=/"
    return share | {"response_headers_to_add": [_header("set-cookie", cookie, "APPEND_IF_EXISTS_OR_ADD")]}


def _sticky(group: TargetGroup) -> Json:
    cookie = {"name": "AWSALB", "path": "/", "ttl": f"{group.stickiness}s"}
    state = {
        "name": "envoy.http.stateful_session.cookie",
        "typed_config": {"@type": COOKIE, "cookie": cookie},
    }
    return {
        "envoy.filters.http.stateful_session": {
            "@type": STATEFUL,
            "stateful_session": {"session_state": state},
        }
    }


def _retry(retry_on: str) -> Json:
    return {
        "retry_on": retry_on,
        "num_retries": 2,
        "retry_host_predicate": [
            {"name": "envoy.retry_host_predicates.previous_hosts", "typed_config": {"@type": PREVIOUS}}
        ],
        "host_selection_retry_max_attempts": 5,
        "retry_back_off": {"base_interval": "0.010s", "max_interval": "0.100s"},
    }
