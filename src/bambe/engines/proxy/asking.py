"""Requests of our own, sent as any client would send them."""

from __future__ import annotations

from collections.abc import Iterable

import aiohttp

from bambe.engines.proxy.port import Listener, LoadBalancer
from bambe.kernel.errors import NotThere

PATIENCE = aiohttp.ClientTimeout(total=5)


async def ask(balancers: Iterable[LoadBalancer], listener: str, path: str) -> int:
    """The status of `GET path` through the listener with this id; 0 without a whole answer. NotThere."""
    balancer, found = _find(balancers, listener)
    scheme = "https" if found.protocol == "HTTPS" else "http"
    url = f"{scheme}://{balancer.addresses[0]}:{found.port}{path}"
    # The certificate is of an authority that this machine made for itself.
    connector = aiohttp.TCPConnector(ssl=False, force_close=True)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=PATIENCE) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            await answer.read()
            return answer.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        return 0


def _find(balancers: Iterable[LoadBalancer], listener: str) -> tuple[LoadBalancer, Listener]:
    for balancer in balancers:
        for found in balancer.listeners:
            if found.id == listener and balancer.addresses:
                return balancer, found
    raise NotThere(f"the proxy has no listener {listener}")
