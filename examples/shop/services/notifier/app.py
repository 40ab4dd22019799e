"""Watches the orders and writes down what it would tell the customers."""

import os
import threading
import time

from web import ask, serve

VERSION = "1"
ORDERS = os.environ.get("ORDERS_URL", "http://orders.shop.local:8080")
seen = 0


def watch() -> None:
    global seen
    while True:
        time.sleep(2)
        try:
            answer = ask(f"{ORDERS}/orders")
        except OSError as error:
            print(f"orders does not answer: {error}", flush=True)
            continue
        seen += 1
        print(
            f"order {answer['body']['order']} of version {answer['version']}: told the customer", flush=True
        )


threading.Thread(target=watch, daemon=True).start()
serve("notifier", VERSION, {"/": lambda _: {"seen": seen}})
