"""What a daemon is told at its start, and what it refuses."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from bambe.kernel.errors import BambeError

INNER_NAME = "bambe.internal"
"""The platform's name inside tasks and builds."""
LOOPBACK = ("127.", "localhost", "::1")


class BadOptions(BambeError):
    """The options do not go together; the message says which."""


@dataclass(frozen=True, slots=True)
class Options:
    """One daemon. `state` None is an ephemeral one, which keeps nothing after it stops."""

    state: Path | None
    host: str = "127.0.0.1"
    port: int = 4566
    region: str = "eu-central-1"
    account: str = "000000000000"
    scale: float = 1.0
    any_credentials: bool = False
    engines: bool = True
    remove: bool = False

    @property
    def ephemeral(self) -> bool:
        return self.state is None


def parse(arguments: list[str]) -> Options:
    """Options from the command line; `BadOptions` for a combination that makes no sense."""
    parser = argparse.ArgumentParser(prog="bambe daemon", description="The platform behind AWS's own APIs.")
    parser.add_argument("--state", type=Path, help="where everything is kept (default: $BAMBE_STATE)")
    parser.add_argument("--ephemeral", action="store_true", help="a test double: keep nothing after the stop")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=4566, help="the port to listen on (4566; 0: any)")
    parser.add_argument("--region", default="eu-central-1", help="the region of calls that name none")
    parser.add_argument("--account-id", help="the account's id, 12 digits (only with --ephemeral)")
    parser.add_argument(
        "--any-credentials",
        action="store_true",
        help="accept any signature (only with --ephemeral, on loopback)",
    )
    parser.add_argument(
        "--no-engines", action="store_true", help="answer API calls only (only with --ephemeral)"
    )
    parser.add_argument(
        "--scale", type=float, default=1.0, help="a rehearsal: waits pass this many times faster (1)"
    )
    parser.add_argument(
        "--remove", action="store_true", help="remove all that a stopped daemon left, and end"
    )
    said = parser.parse_args(arguments)
    _check(said)
    return Options(
        state=None if said.ephemeral else said.state,
        host=said.host,
        port=said.port,
        region=said.region,
        account=said.account_id or "000000000000",
        scale=said.scale,
        any_credentials=said.any_credentials,
        engines=not said.no_engines,
        remove=said.remove,
    )


def _check(said: argparse.Namespace) -> None:
    for name in ("account_id", "any_credentials", "no_engines"):
        if getattr(said, name) and not said.ephemeral:
            option = name.replace("_", "-")
            raise BadOptions(f"--{option} is for test doubles: add --ephemeral, or leave it out.")
    if said.ephemeral and said.state:
        raise BadOptions("--ephemeral keeps nothing, so --state makes no sense with it: leave one out.")
    if said.any_credentials and not said.host.startswith(LOOPBACK):
        raise BadOptions(f"--any-credentials would let anybody in through {said.host}: listen on 127.0.0.1.")
    if said.account_id and not (len(said.account_id) == 12 and said.account_id.isdigit()):
        raise BadOptions(f"--account-id takes 12 digits, not {said.account_id!r}.")
    if said.scale <= 0:
        raise BadOptions("--scale takes a number above 0.")
