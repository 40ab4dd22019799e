"""What NoEcho parameters hide, wherever properties are shown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeVar

from bambe.services.cloudformation.model import Version
from bambe.services.cloudformation.parameters import is_secret
from bambe.services.cloudformation.template import parse

HIDDEN = "****"
VALUES = frozenset(
    {"BeforeContext", "AfterContext", "BeforeValue", "AfterValue", "ExpectedValue", "ActualValue"}
)
"""Members of changes and differences that show what properties are; the others name things."""

Data = TypeVar("Data")


def secrets(version: Version) -> list[str]:
    """Values of the NoEcho parameters of a template."""
    declared = parse(version.template).parameters
    return [value for name, value in version.values.items() if value and is_secret(declared.get(name, {}))]


def masked(text: str, secrets: Iterable[str]) -> str:
    """A text without secrets. Of a JSON text, also one that has JSON texts in it, only values change."""
    longest_first = sorted(set(secrets), key=lambda one: (-len(one), one))
    return _masked(text, longest_first) if longest_first else text


def without(found: Data, secrets: Iterable[str]) -> Data:
    """Changes or differences whose values (`VALUES`) are without secrets."""
    hidden = list(secrets)

    def walk(data: Any, shows: bool) -> Any:
        if isinstance(data, dict):
            return {key: walk(inner, shows or key in VALUES) for key, inner in data.items()}
        if isinstance(data, list):
            return [walk(inner, shows) for inner in data]
        return masked(data, hidden) if shows and isinstance(data, str) else data

    shown: Data = walk(found, False)
    return shown


def _masked(text: str, secrets: list[str]) -> str:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if isinstance(data, dict | list):
        shown = _walked(data, secrets)
        return text if shown == data else json.dumps(shown)
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def _walked(data: Any, secrets: list[str]) -> Any:
    if isinstance(data, dict):
        return {key: _walked(inner, secrets) for key, inner in data.items()}
    if isinstance(data, list):
        return [_walked(inner, secrets) for inner in data]
    if isinstance(data, str):
        return _masked(data, secrets)
    return HIDDEN if json.dumps(data) in secrets else data
