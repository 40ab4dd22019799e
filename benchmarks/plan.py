"""How long `bambe plan` takes for 100 services in an account of AWS, for which Bambe's own API stands in.

python -m benchmarks.plan [--rounds 5]

The command is typed as a person does, so that its start counts; drift is looked for in a figure of its own.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.api.account import Project, project
from tests.api.conftest import Edge

from benchmarks.report import Result, Row, options, tell

TITLE = "Plan"
QUESTION = """\
How long does `bambe plan --on prod` take for 100 services (203 stacks), from Enter to the prompt: before
anything is there, when nothing changed, and when the environment of one service did? At most 2 s. And with
the look for drift, which is printed after the rest? AWS's side is Bambe's own API with fake engines, on the
same two cores."""

SERVICES, ROUNDS, LIMIT = 100, 5, 2.0
ON = ("plan", "--on", "prod")
OLD, NEW = "port: 8001", "port: 8001, environment: {CHANGED: yes}"


def text() -> str:
    """A bambe.yml of so many services, half of them with a route."""
    head = "project: shop\nsource: {repository: https://github.com/acme/shop}\n"
    head += "environments: {prod: {profile: prod}}\nservices:\n"
    return head + "".join(_service(number) for number in range(1, SERVICES + 1))


def _service(number: int) -> str:
    route = f'route: "/s{number}/*"' if number % 2 else "release: rolling"
    return f"  s{number}: {{path: web, port: {8000 + number}, {route}}}\n"


def _took(shop: Project, rounds: int, *words: str) -> float:
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        shop.bambe(*ON, *words, pause=0.05)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def measured(rounds: int = ROUNDS) -> Result:
    """Medians beside the limit."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "shop").mkdir()
        edge = Edge(root / "state")
        try:
            return _measured(project(edge, root / "shop", text()), rounds)
        finally:
            edge.stop()


def _measured(shop: Project, rounds: int) -> Result:
    found = {"nothing is there": _took(shop, rounds, "--no-drift")}
    shop.bambe("up", "--on", "prod", "--build-here", limit=1200)
    found["nothing changed"] = _took(shop, rounds, "--no-drift")
    shop.write(OLD, NEW)
    found["one service changed"] = _took(shop, rounds, "--no-drift")
    rows = [Row(what, took, "limit", LIMIT, "s", at_most=1) for what, took in found.items()]
    begun = time.perf_counter()
    shop.bambe(*ON, pause=0.05)
    with_drift = time.perf_counter() - begun
    rows.append(Row("one service changed, with drift", with_drift, "limit without", LIMIT, "s"))
    return Result(tuple(rows), f"Medians of {rounds}; the one with drift was measured once.")


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    return tell(measured(parser.parse_args().rounds))


if __name__ == "__main__":
    sys.exit(main())
