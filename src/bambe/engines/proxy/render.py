"""The whole truth as Envoy's documents; pure.

bootstrap.json          read once, at start
endpoints/<group>.json  EDS: the targets of a group
secrets/<cert>.json     SDS: a certificate and its key
clusters.json           CDS: the groups
routes/<listener>.json  RDS: the rules and weights of a listener
listeners.json          LDS: who listens where
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from bambe.engines.proxy.clusters import assignment, cluster, config_source, empty_cluster
from bambe.engines.proxy.conditions import Json
from bambe.engines.proxy.listeners import listeners, secret
from bambe.engines.proxy.naming import certificate_key, group_key, listener_key
from bambe.engines.proxy.port import World
from bambe.engines.proxy.routes import route_configuration

CLUSTERS = "clusters.json"
LISTENERS = "listeners.json"

Documents = Mapping[str, list[Json]]
"""Path below the state directory -> resources."""


def render(world: World, root: Path) -> Documents:
    """Everything Envoy reads while it runs, for files below `root`."""
    groups = {group.id: group for group in world.target_groups}
    documents: dict[str, list[Json]] = {CLUSTERS: [], LISTENERS: []}
    for group in groups.values():
        path = f"endpoints/{group_key(group.id)}.json"
        documents[path] = [assignment(group)]
        documents[CLUSTERS] += [cluster(group, str(root / path)), empty_cluster(group)]
    for balancer in world.load_balancers:
        for listener in balancer.listeners:
            for certificate in listener.certificates:
                documents[f"secrets/{certificate_key(certificate.id)}.json"] = [secret(certificate)]
            routes = route_configuration(balancer, listener, groups)
            documents[f"routes/{listener_key(balancer.id, listener.id)}.json"] = [routes]
            documents[LISTENERS].extend(listeners(balancer, listener, root))
    return documents


def text(resources: list[Json]) -> tuple[str, str]:
    """(version, file): a document as Envoy reads it; the version is the content's digest."""
    body = json.dumps(resources, sort_keys=True)
    version = hashlib.sha256(body.encode()).hexdigest()[:16]
    return version, f'{{"version_info": "{version}", "resources": {body}}}'


def bootstrap(root: Path, admin: str) -> Json:
    """How Envoy begins: where its files are, where it answers us, and what it counts."""
    counted = [
        r"cluster\.(empty-)?tg-[0-9a-f]+\.upstream_rq_([1-5]xx|retry|time)",
        r"http\.lb-[0-9a-f]+\.downstream_rq_[1-5]xx",
        r"cluster_manager\.warming_clusters",
        r".*\.version_text",
        r".*\.update_rejected",
    ]
    return {
        "node": {"id": "bambe", "cluster": "bambe"},
        "admin": {"address": {"pipe": {"path": admin, "mode": 0o600}}},
        "dynamic_resources": {
            "cds_config": config_source(str(root / CLUSTERS)),
            "lds_config": config_source(str(root / LISTENERS)),
        },
        "stats_flush_interval": "0.5s",
        "stats_config": {
            "stats_matcher": {
                "inclusion_list": {"patterns": [{"safe_regex": {"regex": one}} for one in counted]}
            }
        },
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.resource_monitors."
                        "downstream_connections.v3.DownstreamConnectionsConfig",
                        "max_active_downstream_connections": 100_000,
                    },
                }
            ]
        },
    }
