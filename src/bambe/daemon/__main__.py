"""`python -m bambe.daemon`: one platform until SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import os
import signal
import sys
from pathlib import Path

from bambe.daemon.memory import keep_little
from bambe.daemon.options import Options, parse
from bambe.kernel.errors import BambeError


def main() -> None:
    """Run until SIGTERM or SIGINT; errors are one sentence and exit status 1 (options: 2)."""
    try:
        options = _with_default_state(parse(sys.argv[1:]))
    except BambeError as error:
        sys.exit(_say(error, 2))
    _log(options)
    keep_little()
    import uvloop

    try:
        uvloop.run(_remove(options) if options.remove else _run(options))
    except BambeError as error:
        sys.exit(_say(error, 1))
    except OSError as error:
        sys.exit(_say(BambeError(f"{error.strerror or error} ({options.host}:{options.port})"), 1))


async def _run(options: Options) -> None:
    from bambe.daemon.platform import Platform

    platform = Platform(options)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await platform.start()
    sys.stderr.write(f"bambe: {platform.site.endpoint} answers; state: {_kept(options)}\n")
    await stop.wait()
    await platform.stop()


async def _remove(options: Options) -> None:
    from bambe.daemon.platform import Platform

    await Platform(options).remove()


def _with_default_state(options: Options) -> Options:
    if options.state is not None or "--ephemeral" in sys.argv[1:]:
        return options
    from dataclasses import replace

    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    named = os.environ.get("BAMBE_STATE")
    return replace(options, state=Path(named).expanduser().resolve() if named else Path(home) / "bambe")


def _kept(options: Options) -> str:
    return "none, this is a test double" if options.state is None else str(options.state)


def _log(options: Options) -> None:
    handler: logging.Handler = logging.StreamHandler()
    if options.state is not None:
        options.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler = logging.handlers.RotatingFileHandler(
            options.state / "daemon.log", maxBytes=5_000_000, backupCount=2
        )
    level = os.environ.get("BAMBE_LOG", "INFO").upper()
    logging.basicConfig(
        level=level, handlers=[handler], format="%(asctime)s %(levelname).1s %(name)s %(message)s"
    )
    # Docker tries TLS on our plain port first; uvicorn warns of each try.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


def _say(error: BambeError, status: int) -> int:
    sys.stderr.write(f"bambe: {error}\n")
    return status


if __name__ == "__main__":
    main()
