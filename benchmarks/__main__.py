"""Every benchmark, or those named, one after another, into docs/benchmarks.md.

python -m benchmarks [NAME ...]

Ends with status 1 where a limit is exceeded or something could not be measured.
"""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
import time
import traceback
from typing import cast

from benchmarks.report import Benchmark, CannotRun, options, write

NAMES = (
    "startup",
    "plan",
    "api",
    "weight_change",
    "commit_to_canary",
    "first_green",
    "releases",
    "kills",
    "containers",
    "events",
    "dns",
)


def main() -> int:
    for sign in (signal.SIGINT, signal.SIGTERM):  # what was brought up is taken down first
        signal.signal(sign, signal.default_int_handler)
    parser = options(__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    names = parser.parse_args().names or NAMES
    unknown = set(names) - set(NAMES)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}: there are {', '.join(NAMES)}")
    return 0 if all([_run(name) for name in names]) else 1


def _run(name: str) -> bool:
    """Measure `name` and write its section; whether every limit held."""
    benchmark = cast(Benchmark, importlib.import_module(f"benchmarks.{name}"))
    print(f"\n{benchmark.TITLE}\n", flush=True)
    began = time.monotonic()
    try:
        result = benchmark.measured()
    except CannotRun as reason:
        body, held = f"Not measured: {reason}.", False
    except (OSError, AssertionError, RuntimeError, subprocess.SubprocessError) as error:
        traceback.print_exc()
        body, held = f"Not measured: it ended with {type(error).__name__}.", False
    else:
        body, held = result.text(), result.is_held
    write(name, benchmark, body, NAMES)
    print(f"{body}\n\n({time.monotonic() - began:.0f} s)", flush=True)
    return held


if __name__ == "__main__":
    sys.exit(main())
