"""Addresses that load balancers own on the bridge, so that containers reach them.

Those in 127.0.0.0/8 need nothing on Linux. The others are added to the bridge as /32, written down before
they are added and taken away when no load balancer wants them. The Docker daemon may drop them when it
restarts; they come back at the next `have`.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import json
import socket
from collections.abc import Iterable
from pathlib import Path

from bambe.kernel.errors import Unavailable


class Addresses:
    """The addresses of `bridge` that are ours, remembered in `file`."""

    def __init__(self, bridge: str, file: Path) -> None:
        self._bridge = bridge
        self._file = file

    async def have(self, wanted: Iterable[str]) -> None:
        """Make ours exactly `wanted`."""
        if not self._bridge:
            return
        wish = {address for address in wanted if not ipaddress.ip_address(address).is_loopback}
        ours = self._remembered()
        if not wish <= ours:
            self._remember(ours | wish)
        for address in sorted(wish):
            if not _is_local(address):
                await self._ip("replace", address)
        for address in sorted(ours - wish):
            if _is_local(address):
                await self._ip("del", address)
        if ours - wish:
            self._remember(wish)

    def _remembered(self) -> set[str]:
        try:
            return set(json.loads(self._file.read_text()))
        except FileNotFoundError:
            return set()

    def _remember(self, addresses: set[str]) -> None:
        temporary = self._file.with_suffix(".new")
        temporary.write_text(json.dumps(sorted(addresses)))
        temporary.replace(self._file)

    async def _ip(self, verb: str, address: str) -> None:
        arguments = ("addr", verb, f"{address}/32", "dev", self._bridge)
        try:
            process = await asyncio.create_subprocess_exec(
                "ip", *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
            )
        except FileNotFoundError as error:
            raise Unavailable("the program `ip` (package iproute2) is missing") from error
        _, said = await process.communicate()
        if process.returncode and verb != "del":
            raise Unavailable(f"ip {' '.join(arguments)}: {said.decode().strip()}")


def _is_local(address: str) -> bool:
    """Whether an interface of this machine has it: only then can it be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return False
            raise
    return True
