"""The courier by HTTP: names are looked up first, and only addresses that are ours are connected to."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bambe.engines.courier.port import Parcel
from bambe.kernel.errors import Refused, Unavailable

PATIENCE = aiohttp.ClientTimeout(total=15)
"""As SNS has with an endpoint (Amazon SNS message delivery retries)."""


class HttpCourier:
    """A connection of its own for each parcel; redirects are not followed."""

    async def deliver(self, parcel: Parcel, subnet: str) -> int:
        host = urlsplit(parcel.url).hostname or ""
        addresses = await _addresses(host)
        if not addresses or not all(_is_ours(one, subnet) for one in addresses):
            raise Refused(f"{host} is neither on this machine nor on Bambe's network")
        connector = aiohttp.TCPConnector(ssl=False, force_close=True, resolver=_Pinned(addresses))
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=PATIENCE) as session,
                session.post(
                    parcel.url, data=parcel.body, headers=dict(parcel.headers), allow_redirects=False
                ) as answer,
            ):
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{host}: {error or type(error).__name__}") from error


class _Pinned(AbstractResolver):
    """Answers the addresses that were checked, whatever the name stands for by now."""

    def __init__(self, addresses: list[str]) -> None:
        self._addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        return


async def _addresses(host: str) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"{host} has no address: {error}") from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def _is_ours(address: str, subnet: str) -> bool:
    found = ip_address(address)
    return found.is_loopback or (bool(subnet) and found in ip_network(subnet))
