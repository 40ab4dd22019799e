"""The shop's front door: places an order, and says which customers were told of theirs."""

import os

from web import ask, serve

VERSION = "1"
ORDERS = os.environ.get("ORDERS_URL", "http://orders.shop.local:8080")
NOTIFIER = os.environ.get("NOTIFIER_URL", "http://notifier.shop.local:8080")


def home(path: str) -> dict[str, object]:
    return {"order": ask(f"{ORDERS}/orders")}


def told(path: str) -> dict[str, object]:
    """Which customers the notifier has told."""
    answer: dict[str, object] = ask(f"{NOTIFIER}/told")["body"]
    return answer


serve("gateway", VERSION, {"/": home, "/told": told})
