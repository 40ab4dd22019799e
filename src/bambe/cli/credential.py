"""git's credential helper: answers with the platform's access key."""

from __future__ import annotations

import sys
from pathlib import Path

from bambe.cli.place import Local


def main() -> None:
    """`python -m bambe.cli.credential STATE get`: username and password for git."""
    if sys.argv[-1] != "get":
        return
    key, secret = Local(Path(sys.argv[1])).keys()
    print(f"username={key}\npassword={secret}")


if __name__ == "__main__":
    main()
