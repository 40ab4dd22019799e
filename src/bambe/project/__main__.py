"""`python -m bambe.project <name> < bambe.yml`: what is wrong with it, as a sentence; nothing for nothing.

A process of its own for those who ask seldom: the model of a project costs the process that reads one 12 MB.
"""

from __future__ import annotations

import sys

from bambe.project import BadProject, parse


def main() -> None:
    """Status 0 also for a mistake; text that is no UTF-8 is one."""
    try:
        parse(sys.stdin.buffer.read().decode(errors="replace"), sys.argv[1])
    except BadProject as error:
        sys.stdout.buffer.write(str(error).encode())


if __name__ == "__main__":
    main()
