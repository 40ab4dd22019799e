"""Takes orders for what the inventory still has, and tells everybody who wants to know."""

import os
import secrets

from web import ask, serve

VERSION = "1"
INVENTORY = os.environ.get("INVENTORY_URL", "http://inventory.shop.local:8080")
orders: dict[str, int] = {}
"""What is left of the stock after each order that this task took."""
publisher = None
if "KAFKA_BOOTSTRAP_SERVERS" in os.environ:
    from events import Publisher

    publisher = Publisher()


def order(path: str) -> dict[str, object]:
    stock = ask(f"{INVENTORY}/inventory/book")
    number = secrets.token_hex(8)
    orders[number] = stock["body"]["left"]
    if publisher is not None:
        publisher.publish("orders.created", number, {"order": number, "version": VERSION})
    return {"order": number, "stock": stock["body"]["left"]}


serve("orders", VERSION, {"/orders": order})
