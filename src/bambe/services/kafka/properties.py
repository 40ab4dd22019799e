"""A configuration's server.properties: read, and checked; pure."""

from __future__ import annotations

import re

OURS = re.compile(
    r"^(listeners|advertised\.listeners|listener\..*|inter\.broker\..*|broker\.id.*|node\.id|process\.roles"
    r"|controller\..*|log\.dirs?|metadata\.log\.dir|zookeeper\..*|security\..*|ssl\..*|sasl\..*|authorizer\..*"
    r"|super\.users|broker\.rack|host\.name|port|advertised\.(host\.name|port)|principal\..*)$"
)
"""What MSK decides itself, and a configuration may not."""
NAME = re.compile(r"^[a-z][a-zA-Z0-9.]*$")


class BadProperties(ValueError):
    """They cannot be used; the message says which."""


def parse(text: str) -> dict[str, str]:
    """Name -> value; `BadProperties` for what is no property, or none that may be set."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith(("#", "!")):
            continue
        name, equals, value = line.partition("=")
        name = name.strip()
        if not equals or not NAME.match(name):
            raise BadProperties(f"{line!r} is no property: write name=value")
        if OURS.match(name):
            raise BadProperties(f"{name} cannot be set in a configuration")
        found[name] = value.strip()
    return found
