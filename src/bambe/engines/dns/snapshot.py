"""The file between the daemon and the name server: what to answer, and where to listen.

<state>/dns/
  sources/<source>.json   what each source last told us; they outlive the daemon
  snapshot.json           all of them added up: what the server reads
  dns.pid, dns.log        the server's process
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from bambe.engines.dns.port import Zones


class Snapshot(msgspec.Struct, frozen=True):
    """`version` names this content; the server answers it for TXT CH version.bambe."""

    address: str
    port: int
    version: str
    zones: Zones


def read(path: Path) -> Snapshot:
    """The snapshot in the file."""
    return msgspec.json.decode(path.read_bytes(), type=Snapshot)


def read_zones(path: Path) -> Zones:
    """What one source told us."""
    return msgspec.json.decode(path.read_bytes(), type=Zones)


def write(path: Path, content: Snapshot | Zones) -> None:
    """Rename into place, so that nobody ever reads half of it."""
    temporary = path.with_suffix(".new")
    temporary.write_bytes(msgspec.json.encode(content))
    temporary.replace(path)
