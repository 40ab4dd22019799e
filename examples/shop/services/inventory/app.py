"""Knows how much of everything is left."""

from web import serve

VERSION = "1"


def inventory(path: str) -> dict[str, object]:
    item = path.removeprefix("/inventory").strip("/") or "everything"
    return {"item": item, "left": 100}


serve("inventory", VERSION, {"/inventory": inventory})
