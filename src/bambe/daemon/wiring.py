"""Handing factories the parts they name as parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bambe.kernel.errors import BambeError

Made = TypeVar("Made")


class MissingPart(BambeError):
    """A factory asks for a part that the daemon does not have."""


def provide(factory: Callable[..., Made], parts: Mapping[str, Any]) -> Made:
    """Call `factory` with those of `parts` that its parameters name."""
    wanted = inspect.signature(factory).parameters
    missing = [name for name, p in wanted.items() if name not in parts and p.default is p.empty]
    if missing:
        raise MissingPart(f"{factory.__module__}.{factory.__qualname__} asks for {', '.join(missing)}")
    return factory(**{name: parts[name] for name in wanted if name in parts})
