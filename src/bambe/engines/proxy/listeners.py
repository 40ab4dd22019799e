"""A load balancer's listeners, one Envoy listener per address and port, and their certificates.

Routes come by RDS and certificates by SDS, so that neither a change of weight nor a renewed certificate
touches the listener, and no connection is drained for them.
"""

from __future__ import annotations

from pathlib import Path

from bambe.engines.proxy.clusters import config_source
from bambe.engines.proxy.conditions import SOURCE_KEY, Json
from bambe.engines.proxy.failures import FAILED
from bambe.engines.proxy.naming import balancer_key, certificate_key, listener_key
from bambe.engines.proxy.port import Certificate, Listener, LoadBalancer
from bambe.kernel.errors import Refused

LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
CONTEXT = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
FILTERS = "type.googleapis.com/envoy.extensions.filters"
MANAGER = f"{FILTERS}.network.http_connection_manager.v3.HttpConnectionManager"
STATE = f"{FILTERS}.network.set_filter_state.v3.Config"


def listeners(balancer: LoadBalancer, listener: Listener, root: Path) -> list[Json]:
    """One Envoy listener per address. `root` is the directory of the files they read and write."""
    if listener.protocol not in ("HTTP", "HTTPS"):
        raise Refused(f"load balancers listen by HTTP and HTTPS, not {listener.protocol}")
    chain: Json = {"filters": [_remember_source(), _manager(balancer, listener, root)]}
    if listener.protocol == "HTTPS":
        chain["transport_socket"] = _tls(listener, root / "secrets")
    return [_listener(balancer, listener, address, chain) for address in balancer.addresses]


def secret(certificate: Certificate) -> Json:
    """A certificate with its key."""
    return {
        "@type": SECRET,
        "name": certificate_key(certificate.id),
        "tls_certificate": {
            "certificate_chain": {"inline_string": certificate.chain},
            "private_key": {"inline_string": certificate.key},
        },
    }


def _listener(balancer: LoadBalancer, listener: Listener, address: str, chain: Json) -> Json:
    return {
        "@type": LISTENER,
        "name": f"{listener_key(balancer.id, listener.id)} {address}:{listener.port}",
        "address": {"socket_address": {"address": address, "port_value": listener.port}},
        # An address of the bridge may come later than we do, and go and come with the Docker daemon.
        "freebind": True,
        # With SO_REUSEPORT two installations could own one port and each get half of the connections.
        "enable_reuse_port": False,
        "filter_chains": [chain],
    }


def _remember_source() -> Json:
    """Keeps the connection's source address where `source-ip` conditions find it."""
    value = {
        "object_key": SOURCE_KEY,
        "factory_key": "envoy.network.ip",
        "format_string": {
            "text_format_source": {"inline_string": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"}
        },
    }
    config = {"@type": STATE, "on_new_connection": [value]}
    return {"name": "envoy.filters.network.set_filter_state", "typed_config": config}


def _manager(balancer: LoadBalancer, listener: Listener, root: Path) -> Json:
    key = listener_key(balancer.id, listener.id)
    idle = f"{balancer.idle_timeout:.3f}s"
    config = {
        "@type": MANAGER,
        "stat_prefix": balancer_key(balancer.id),
        "rds": {"route_config_name": key, "config_source": config_source(f"{root}/routes/{key}.json")},
        "http_filters": [_filter("stateful_session", "StatefulSession"), _router()],
        # x-forwarded-proto is ours, and so is x-forwarded-for: the routes append to it what ALB would
        # (Envoy itself says another address than the client's when that is a loopback one).
        "use_remote_address": True,
        "skip_xff_append": True,
        # No client is trusted to steer the proxy by x-envoy-* headers; this range has no hosts.
        "internal_address_config": {"cidr_ranges": [{"address_prefix": "255.255.255.255", "prefix_len": 32}]},
        "generate_request_id": False,
        "server_header_transformation": "PASS_THROUGH",
        "common_http_protocol_options": {"idle_timeout": idle},
        "stream_idle_timeout": idle,
        "http2_protocol_options": {"max_concurrent_streams": 128},
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "access_log": [_failed(root)],
        "local_reply_config": {"mappers": [_bad_gateway()]},
    }
    return {"name": "envoy.filters.network.http_connection_manager", "typed_config": config}


def _router() -> Json:
    return _filter("router", "Router", suppress_envoy_headers=True)


def _filter(name: str, kind: str, **config: bool) -> Json:
    typed = {"@type": f"{FILTERS}.http.{name}.v3.{kind}", **config}
    return {"name": f"envoy.filters.http.{name}", "typed_config": typed}


def _failed(root: Path) -> Json:
    """A line for every request that did not go as it should; what went well is only counted."""
    line = "%UPSTREAM_CLUSTER% %RESPONSE_FLAGS% %RESPONSE_CODE%\n"
    typed = {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
        "path": str(root / FAILED),
        "log_format": {"text_format_source": {"inline_string": line}},
    }
    return {
        "name": "envoy.access_loggers.file",
        "filter": {"response_flag_filter": {}},
        "typed_config": typed,
    }


def _bad_gateway() -> Json:
    """Where Envoy says 503 because a target could not be reached or hung up, ALB says 502."""
    flags = {"response_flag_filter": {"flags": ["UF", "UC", "UR", "UPE"]}}
    return {"filter": flags, "status_code": 502}


def _tls(listener: Listener, secrets: Path) -> Json:
    """The first certificate is the default; Envoy picks another when the client's SNI names one."""
    if not listener.certificates:
        raise Refused(f"the HTTPS listener on port {listener.port} has no certificate")
    keys = [certificate_key(certificate.id) for certificate in listener.certificates]
    context = {
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        "tls_certificate_sds_secret_configs": [
            {"name": key, "sds_config": config_source(f"{secrets}/{key}.json")} for key in dict.fromkeys(keys)
        ],
    }
    config = {"@type": CONTEXT, "common_tls_context": context}
    return {"name": "envoy.transport_sockets.tls", "typed_config": config}
