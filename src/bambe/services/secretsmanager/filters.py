"""Which secrets ListSecrets and BatchGetSecretValue show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bambe.kernel.errors import NotImplementedByBambe
from bambe.services.secretsmanager.model import Secret

Filters = Iterable[Mapping[str, Any]]


def matches(row: Secret, filters: Filters) -> bool:
    """Whether every filter holds (Secrets Manager API, Filter)."""
    return all(_holds(row, one["Key"], one["Values"]) for one in filters)


def _holds(row: Secret, key: str, values: Iterable[str]) -> bool:
    """One value must match; one that begins with `!` must not."""
    wanted = [value for value in values if not value.startswith("!")]
    unwanted = [value[1:] for value in values if value.startswith("!")]
    hit = any(_match(row, key, value) for value in wanted) or not wanted
    return hit and not any(_match(row, key, value) for value in unwanted)


def _match(row: Secret, key: str, value: str) -> bool:
    if key == "name":
        return row.name.startswith(value)
    if key == "description":
        return any(word.startswith(value.lower()) for word in _starts(row.description))
    if key == "tag-key":
        return any(name.startswith(value) for name in row.tags)
    if key == "tag-value":
        return any(said.startswith(value) for said in row.tags.values())
    if key == "all":
        everything = " ".join([row.name, row.description, *row.tags, *row.tags.values()]).lower()
        return all(word in everything for word in value.lower().split())
    raise NotImplementedByBambe(f"Bambe does not filter secrets by {key}.")


def _starts(text: str) -> list[str]:
    """The text from each of its words on, so that a prefix of several words is found too."""
    words = text.lower().split()
    return [" ".join(words[place:]) for place in range(len(words))]
