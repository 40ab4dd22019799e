"""Short names Envoy's statistics and our files can carry, made from ids that may be ARNs."""

from __future__ import annotations

import hashlib

EMPTY = "empty-"


def group_key(group: str) -> str:
    """The cluster, and the file of endpoints, of a target group."""
    return f"tg-{_digest(group)}"


def empty_key(group: str) -> str:
    """The cluster without targets that stands for a group while it has none."""
    return EMPTY + group_key(group)


def balancer_key(balancer: str) -> str:
    """The statistics prefix of a load balancer."""
    return f"lb-{_digest(balancer)}"


def listener_key(balancer: str, listener: str) -> str:
    """The route configuration of a listener."""
    return f"ls-{_digest(balancer + ' ' + listener)}"


def certificate_key(certificate: str) -> str:
    """The secret of a certificate."""
    return f"crt-{_digest(certificate)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
