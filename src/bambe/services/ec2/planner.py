"""What becomes of a NAT gateway or a VPC endpoint at a moment; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bambe.kernel.moves import check_move
from bambe.services.ec2.model import MOVES, REMEMBERED, Endpoint, NatGateway, State


@dataclass(frozen=True, slots=True)
class Move:
    """Write down its new state."""

    row: NatGateway | Endpoint


@dataclass(frozen=True, slots=True)
class Free:
    """Give back the address it used."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Remove what is left of it."""


Action = Move | Free | Forget


def plan(row: NatGateway | Endpoint, now: datetime, *, has_gateway: bool) -> tuple[Action, ...]:
    """The next steps of one whose time has come: none before."""
    if row.due is None or row.due > now:
        return ()
    if isinstance(row, Endpoint):
        return (Forget(),) if row.state is State.DELETING else (_moved(row, State.AVAILABLE, None),)
    if row.state is State.DELETED:
        return (Forget(),)
    if row.state in (State.DELETING, State.FAILED):
        return (Free(), _moved(row, State.DELETED, now + REMEMBERED))
    if row.connectivity == "public" and not has_gateway:
        why = ("Gateway.NotAttached", f"Network {row.vpc} has no Internet gateway attached")
        failed = replace(row, failure=why, deleted=now)
        return (Free(), _moved(failed, State.FAILED, now + REMEMBERED))
    return (_moved(row, State.AVAILABLE, None),)


def _moved(row: NatGateway | Endpoint, to: State, due: datetime | None) -> Move:
    check_move(MOVES, row.state, to)
    return Move(replace(row, state=to, due=due))
