"""Tells every customer, exactly once, that the order has come in."""

import os

from web import serve

VERSION = "1"


def tell(event: dict[str, str]) -> dict[str, str]:
    """The message to the customer; the shop has no customers yet, so it is only written down."""
    return {"order": event["order"], "taken_by": event["version"], "told_by": VERSION}


def main() -> None:
    if "KAFKA_BOOTSTRAP_SERVERS" not in os.environ:
        serve("notifier", VERSION, {"/told": lambda _: {"orders": 0, "once": [], "more": {}}})
        return
    from taking import Taker

    from events import View

    view = View("orders.told")
    taker = Taker("orders.created", "orders.told", "orders.dead", tell)

    def told(path: str) -> dict[str, object]:
        times = dict(view.times)
        once = [order for order, number in times.items() if number == 1]
        more = {order: number for order, number in times.items() if number > 1}
        return {"orders": len(times), "once": once, "more": more}

    serve("notifier", VERSION, {"/told": told}, finish=taker.stop)


main()
