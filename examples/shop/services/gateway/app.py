"""The shop's front door: shows what is in stock and places an order."""

import os

from web import ask, serve

VERSION = "1"
ORDERS = os.environ.get("ORDERS_URL", "http://orders.shop.local:8080")


def home(path: str) -> dict[str, object]:
    return {"order": ask(f"{ORDERS}/orders")}


serve("gateway", VERSION, {"/": home})
