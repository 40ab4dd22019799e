"""The address at which tasks ask about themselves, on the bridge of one installation.

Every installation has the same one on its own bridge, as every container instance has at AWS; it goes
with the bridge. The Docker daemon may drop it when it restarts.
"""

from __future__ import annotations

import asyncio

from bambe.kernel.errors import Unavailable

LINK_LOCAL = "169.254.170.2"


async def have_link_local(bridge: str) -> None:
    """Have `LINK_LOCAL` on the interface `bridge`; Unavailable."""
    arguments = ("addr", "replace", f"{LINK_LOCAL}/32", "dev", bridge, "scope", "link")
    try:
        process = await asyncio.create_subprocess_exec(
            "ip", *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
    except FileNotFoundError as error:
        raise Unavailable("the program `ip` (package iproute2) is missing") from error
    _, said = await process.communicate()
    if process.returncode:
        raise Unavailable(f"ip {' '.join(arguments)}: {said.decode().strip()}")
