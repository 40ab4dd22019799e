"""The shop in a repository of its own, and the commits the story makes in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import bambe
from bambe.cli.trouble import Trouble

IDENTITY = {
    "GIT_AUTHOR_NAME": "A Developer",
    "GIT_AUTHOR_EMAIL": "developer@shop.example",
    "GIT_COMMITTER_NAME": "A Developer",
    "GIT_COMMITTER_EMAIL": "developer@shop.example",
}

EVENTS = re.compile(r"^events:.*?^(?=services:)|^    (produces|consumes):.*?\n", re.MULTILINE | re.DOTALL)
"""What the shop's bambe.yml says of them."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A work tree of the shop."""

    root: Path

    @classmethod
    def create(cls, root: Path, events: bool = True) -> Shop:
        """Copy examples/shop to `root`, with its Kafka cluster or without, and commit it."""
        source = Path(bambe.__file__).parents[2] / "examples" / "shop"
        if not source.is_dir():
            raise Trouble("examples/shop is not here: run the demo from a clone of the repository.")
        shutil.copytree(source, root, ignore=shutil.ignore_patterns("__pycache__"))
        shop = cls(root)
        if not events:
            file = root / "bambe.yml"
            file.write_text(EVENTS.sub("", file.read_text()))
        shop.git("init", "--quiet", "--initial-branch", "main")
        shop.commit("The shop")
        return shop

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace `old` by `new` in a file."""
        file = self.root / path
        text = file.read_text()
        if old not in text:
            raise Trouble(f"{path} does not contain {old!r}: the demo cannot change it.")
        file.write_text(text.replace(old, new))

    def commit(self, message: str) -> str:
        """Commit everything; the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def release_orders(self, version: str) -> str:
        """A good change of `orders`."""
        self.edit("services/orders/app.py", 'VERSION = "1"', f'VERSION = "{version}"')
        return self.commit(f"orders: version {version}")

    def release_notifier(self, version: str) -> str:
        """A good change of `notifier`, which is updated in place."""
        self.edit("services/notifier/app.py", 'VERSION = "1"', f'VERSION = "{version}"')
        return self.commit(f"notifier: version {version}")

    def break_orders(self, version: str, was: str) -> str:
        """A change of `orders` that answers 500 to every second request, and passes its health check."""
        self.edit("services/orders/app.py", f'VERSION = "{was}"', f'VERSION = "{version}"')
        self.edit(
            "services/orders/app.py",
            "    number = secrets.token_hex(8)\n",
            "    number = secrets.token_hex(8)\n"
            "    if int(number, 16) % 2 == 0:\n"
            '        raise RuntimeError("a fault that no health check sees")\n',
        )
        return self.commit(f"orders: version {version}, with a fault")

    def git(self, *arguments: str) -> str:
        """Run git in the work tree."""
        environment = {**os.environ, **IDENTITY}
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()
