"""A target group as an Envoy cluster, and its targets as a load assignment.

How health follows ELB, and where it is quicker. A target that passes stays checked at the group's own
interval. One that does not pass (new, starting, or failing) is checked every tenth of a second, so a task is
in service moments after it answers, and the `healthy` count costs its number of tenths of a second
instead of intervals. A first check that passes is enough, as at ELB.

When no target passes, all of them get traffic (ELB fails open); `PANIC` says so: Envoy rounds the
threshold to a whole per cent, 0 would switch failing open off, 1 means "no target in a hundred".
"""

from __future__ import annotations

from bambe.engines.proxy.conditions import Json
from bambe.engines.proxy.naming import empty_key, group_key
from bambe.engines.proxy.port import Check, Target, TargetGroup
from bambe.kernel.errors import Refused

CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
ASSIGNMENT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
OPTIONS = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
RAW = "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"

QUICK = 0.05
PANIC = 1
# A target that closes an idle connection just as a request leaves on it loses that request, and one
# that is not safe may not be sent again. So the proxy lets go first: shorter than the shortest
# keep-alive among common servers (gunicorn 2 s; node, uvicorn and Apache 5 s).
UPSTREAM_IDLE = "1s"
CONNECT_TIMEOUT = "1s"
LIMIT = 1_000_000

ALGORITHMS: dict[str, Json] = {
    "round_robin": {"lb_policy": "ROUND_ROBIN"},
    "least_outstanding_requests": {"lb_policy": "LEAST_REQUEST"},
    "weighted_random": {"lb_policy": "RANDOM"},
}


def cluster(group: TargetGroup, endpoints: str) -> Json:
    """The group itself; `endpoints` is the path of the file with its targets."""
    if group.algorithm not in ALGORITHMS:
        raise Refused(f"the proxy does not know the algorithm {group.algorithm}")
    made: Json = _base(group_key(group.id)) | {
        "type": "EDS",
        "eds_cluster_config": {"eds_config": config_source(endpoints)},
        "ignore_health_on_host_removal": True,
        "common_lb_config": {
            "healthy_panic_threshold": {"value": PANIC},
            "ignore_new_hosts_until_first_hc": True,
            # Else a change of health waits up to a second, in which a draining target gets requests.
            "update_merge_window": "0s",
        },
    }
    made |= ALGORITHMS[group.algorithm] | _slow_start(group) | _transport(group)
    return made | ({"health_checks": [_check(group.check)]} if group.check else {})


def empty_cluster(group: TargetGroup) -> Json:
    """Where the share of a group without targets goes: 503, and counted as that group's."""
    name = empty_key(group.id)
    nowhere = {"cluster_name": name, "endpoints": []}
    return _base(name) | {"type": "STATIC", "load_assignment": nowhere}


def assignment(group: TargetGroup) -> Json:
    """The group's targets."""
    targets = {(target.address, target.port): target for target in group.targets}.values()
    endpoints = [{"lb_endpoints": [_endpoint(target, group.check) for target in targets]}]
    return {
        "@type": ASSIGNMENT,
        "cluster_name": group_key(group.id),
        "endpoints": endpoints if targets else [],
    }


def config_source(path: str) -> Json:
    """A file Envoy watches for renames."""
    return {"path_config_source": {"path": path}, "resource_api_version": "V3"}


def _base(name: str) -> Json:
    limits = {
        key: LIMIT for key in ("max_connections", "max_pending_requests", "max_requests", "max_retries")
    }
    options = {
        "@type": OPTIONS,
        "common_http_protocol_options": {"idle_timeout": UPSTREAM_IDLE},
        "explicit_http_config": {"http_protocol_options": {}},
    }
    return {
        "@type": CLUSTER,
        "name": name,
        "connect_timeout": CONNECT_TIMEOUT,
        "circuit_breakers": {"thresholds": [limits]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options
        },
    }


def _slow_start(group: TargetGroup) -> Json:
    if not group.slow_start or group.algorithm != "round_robin":
        return {}
    return {"round_robin_lb_config": {"slow_start_config": {"slow_start_window": f"{group.slow_start}s"}}}


def _transport(group: TargetGroup) -> Json:
    """Plain or TLS for requests, and for health checks, which may differ. ELB verifies no target either."""
    sockets = {"tls": _socket("tls", TLS), "plain": _socket("raw_buffer", RAW)}
    own = "tls" if group.protocol == "HTTPS" else "plain"
    checks = _secure(group.check) if group.check else own
    made: Json = {"transport_socket": sockets[own]} if own == "tls" else {}
    if checks == own:
        return made
    other = {"name": "checks", "match": {"checks": True}, "transport_socket": sockets[checks]}
    made["transport_socket_matches"] = [other]
    return made


def _socket(name: str, kind: str) -> Json:
    return {"name": f"envoy.transport_sockets.{name}", "typed_config": {"@type": kind}}


def _secure(check: Check) -> str:
    return "tls" if check.protocol == "HTTPS" else "plain"


def _check(check: Check) -> Json:
    quick = f"{min(check.interval, QUICK):.3f}s"
    steady = f"{check.interval:.3f}s"
    return {
        "timeout": f"{check.timeout:.3f}s",
        "interval": steady,
        "no_traffic_interval": quick,
        "no_traffic_healthy_interval": steady,
        "unhealthy_interval": quick,
        "unhealthy_threshold": check.unhealthy,
        "healthy_threshold": check.healthy,
        "reuse_connection": False,
        "transport_socket_match_criteria": {"checks": True},
        **_question(check),
    }


def _question(check: Check) -> Json:
    if check.protocol == "TCP":
        return {"tcp_health_check": {}}
    if check.protocol not in ("HTTP", "HTTPS"):
        raise Refused(f"the proxy does not check health by {check.protocol}")
    agent = {"key": "user-agent", "value": "ELB-HealthChecker/2.0"}
    return {
        "http_health_check": {
            "path": check.path,
            "expected_statuses": [{"start": low, "end": high + 1} for low, high in check.codes],
            # Without this one wrong answer would be enough, whatever the threshold says.
            "retriable_statuses": [{"start": 100, "end": 600}],
            "request_headers_to_add": [{"header": agent, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
        }
    }


def _endpoint(target: Target, check: Check | None) -> Json:
    address = {"socket_address": {"address": target.address, "port_value": target.port}}
    endpoint: Json = {"address": address}
    if check:
        port = check.port or target.port
        endpoint["health_check_config"] = {"hostname": f"{target.address}:{port}", "port_value": check.port}
    made: Json = {"endpoint": endpoint}
    return made | ({"health_status": "DRAINING"} if target.draining else {})
