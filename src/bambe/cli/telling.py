"""What `bambe up` has told tasks, taken back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bambe.synth.events import AUTHORITY, SERVERS, parameter
from bambe.synth.names import Names


def forget_brokers(ssm: Any, stacks: Iterable[str]) -> None:
    """Delete what `bambe up` told tasks of the clusters of these stacks; a person's own parameters stay."""
    for stack in stacks:
        names = Names(stack.removesuffix("-events"))
        if stack == names.events_stack:
            ssm.delete_parameters(Names=[parameter(names, what) for what in (*SERVERS.values(), AUTHORITY)])
