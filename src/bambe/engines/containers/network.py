"""The bridge network of one installation: a free /16 that no other network or route of the machine uses.

10.2xx.0.0/16
  10.2xx.0.1                the gateway: DNS and the API answer there
  10.2xx.0.2-127.255        tasks, given by Docker
  10.2xx.128.0-255.254      load balancers, given by the proxy's side
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from bambe.engines.containers.connection import Connection
from bambe.engines.containers.port import Network
from bambe.kernel.errors import Conflict, EngineError, Refused, Unavailable

CANDIDATES = tuple(IPv4Network((0x0A000000 | second << 16, 16)) for second in range(200, 250))
ROUTES = Path("/proc/net/route")


async def have_network(connection: Connection, instance: str, subnet: str | None) -> Network:
    """The installation's network, made when it is not there."""
    found = await find_network(connection, instance)
    if found is not None:
        return found
    refusal: EngineError | None = None
    for candidate in await _candidates(connection, subnet):
        try:
            with connection.said_plainly():
                await connection.docker.networks.create(_config(instance, candidate))
        except (Conflict, Refused, Unavailable) as error:
            found = await find_network(connection, instance)
            if found is not None:
                return found
            if "overlap" not in str(error).lower():
                raise
            refusal = error
            continue
        return _network(instance, candidate)
    raise refusal or Refused(
        "Every network from 10.200.0.0/16 to 10.249.0.0/16 is in use: remove one (`docker network ls`)."
    )


async def find_network(connection: Connection, instance: str) -> Network | None:
    """The installation's network, where it is."""
    for seen in await _list(connection, instance):
        if seen["Name"] == network_name(instance):
            return _network(instance, IPv4Network(seen["IPAM"]["Config"][0]["Subnet"]))
    return None


async def remove_network(connection: Connection, instance: str) -> None:
    """Remove it; gone already is done."""
    for seen in await _list(connection, instance):
        with connection.said_plainly():
            network = await connection.docker.networks.get(seen["Id"])
            await network.delete()


def free_subnets(used: Iterable[IPv4Network]) -> Iterator[IPv4Network]:
    """The candidates that overlap with none of `used`."""
    taken = tuple(used)
    return (c for c in CANDIDATES if not any(c.overlaps(other) for other in taken))


def network_name(instance: str) -> str:
    return f"bambe-{instance}"


def bridge_name(instance: str) -> str:
    """An interface name (15 characters at most) that is this installation's alone."""
    return f"bam-{hashlib.sha256(instance.encode()).hexdigest()[:8]}"


def parse_routes(table: str) -> list[IPv4Network]:
    """The destinations in /proc/net/route, without the default."""
    rows = (line.split() for line in table.splitlines()[1:])
    pairs = ((_address(row[1]), _address(row[7])) for row in rows if len(row) > 7)
    return [IPv4Network((address, mask.bit_count())) for address, mask in pairs if mask]


async def _candidates(connection: Connection, subnet: str | None) -> list[IPv4Network]:
    if subnet is not None:
        return [IPv4Network(subnet)]
    with connection.said_plainly():
        networks = await connection.docker.networks.list()
    return list(free_subnets([*_subnets(networks), *_routes()]))


def _routes() -> list[IPv4Network]:
    return parse_routes(ROUTES.read_text()) if ROUTES.exists() else []


async def _list(connection: Connection, instance: str) -> list[dict[str, Any]]:
    with connection.said_plainly():
        return await connection.docker.networks.list(filters={"label": f"bambe={instance}"})


def _subnets(networks: Iterable[dict[str, Any]]) -> Iterator[IPv4Network]:
    for network in networks:
        for config in (network.get("IPAM") or {}).get("Config") or ():
            if "." in config.get("Subnet", ""):
                yield IPv4Network(config["Subnet"], strict=False)


def _network(instance: str, subnet: IPv4Network) -> Network:
    return Network(network_name(instance), bridge_name(instance), str(subnet), str(subnet[1]))


def _config(instance: str, subnet: IPv4Network) -> dict[str, Any]:
    lower, _ = subnet.subnets(1)
    return {
        "Name": network_name(instance),
        "Driver": "bridge",
        "CheckDuplicate": True,
        "IPAM": {"Config": [{"Subnet": str(subnet), "IPRange": str(lower), "Gateway": str(subnet[1])}]},
        "Options": {"com.docker.network.bridge.name": bridge_name(instance)},
        "Labels": {"bambe": instance},
    }


def _address(little_endian: str) -> int:
    return int.from_bytes(bytes.fromhex(little_endian), "little")
