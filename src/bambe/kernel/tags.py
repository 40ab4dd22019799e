"""Tags, which AWS spells differently from service to service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def to_dict(tags: Iterable[Mapping[str, Any]], key: str = "Key", value: str = "Value") -> dict[str, str]:
    """`[{Key, Value}]` as a dictionary; `key`/`value` name the members (ECS writes them lower-case).

    The values are text in every service's model; typed dictionaries of requests are no `Mapping[str, str]`.
    """
    return {tag[key]: tag.get(value, "") for tag in tags}


def to_list(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """A dictionary as `[{Key, Value}]`, in order of the keys."""
    return [{key: name, value: tags[name]} for name in sorted(tags)]
