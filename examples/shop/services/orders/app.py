"""Takes orders for what the inventory still has."""

import itertools
import os

from web import ask, serve

VERSION = "1"
INVENTORY = os.environ.get("INVENTORY_URL", "http://inventory.shop.local:8080")
numbers = itertools.count(1)


def order(path: str) -> dict[str, object]:
    number = next(numbers)
    stock = ask(f"{INVENTORY}/inventory/book")
    return {"order": number, "stock": stock["body"]["left"]}


serve("orders", VERSION, {"/orders": order})
