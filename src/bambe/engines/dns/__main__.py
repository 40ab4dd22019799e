"""`python -m bambe.engines.dns <snapshot.json>`: the name server's process."""

from __future__ import annotations

import sys
from pathlib import Path

import uvloop

from bambe.engines.dns.server import Server


def main() -> None:
    """Serve the snapshot named on the command line."""
    uvloop.run(Server(Path(sys.argv[1])).run())


if __name__ == "__main__":
    main()
