"""What NoEcho parameters hide, wherever properties are shown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypeVar

from bambe.services.cloudformation.model import Version
from bambe.services.cloudformation.parameters import is_secret
from bambe.services.cloudformation.template import parse

HIDDEN = "****"
Data = TypeVar("Data")


def secrets(version: Version) -> list[str]:
    """Values of the NoEcho parameters of a template."""
    declared = parse(version.template).parameters
    return [value for name, value in version.values.items() if value and is_secret(declared.get(name, {}))]


def masked(text: str, secrets: Iterable[str]) -> str:
    """A JSON text, also one that has JSON texts in it, without secrets."""
    for secret in secrets:
        once = json.dumps(secret)[1:-1]
        text = text.replace(json.dumps(once)[1:-1], HIDDEN).replace(once, HIDDEN)
    return text


def without(found: Data, secrets: Iterable[str]) -> Data:
    """Data of JSON's kinds without secrets."""
    shown: Data = json.loads(masked(json.dumps(found), secrets))
    return shown
