"""How long `bambe plan` takes for 100 services in an account, for which a daemon of Bambe's stands in.

python -m benchmarks.plan [--rounds 5]

The command is typed as a person does, so that its start counts; drift is looked for in a figure of its own.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from bambe.cli.account import account
from bambe.cli.bringing_up import BringingUp
from bambe.cli.grounds import Say, There
from bambe.cli.repository import Repository
from bambe.cli.target import Target
from bambe.project import load
from benchmarks.report import CannotRun, Result, Row, options, tell
from benchmarks.servers import environment, free_port, started

TITLE = "Plan"
QUESTION = """\
How long does `bambe plan --on prod` take for 100 services (203 stacks), from Enter to the prompt: before
anything is there, when nothing changed, and when one service did? At most 2 s. And with the look for drift,
which is printed after the rest? In AWS's place a daemon of Bambe's answers, on the same two cores; the
services have no tasks."""

SERVICES, ROUNDS, LIMIT = 100, 5, 2.0
BAMBE = str(Path(sys.executable).parent / "bambe")
WAITING = 60.0


class WithoutImages(There):
    """An account whose images nobody builds: no task asks for them."""

    def check_commit(self) -> None:
        """Nothing is built."""

    def make_images(self, services: Sequence[str], commit: str, say: Say) -> None:
        """None."""


@dataclass(frozen=True)
class Installation:
    """The folder of a project, and the variables of who works with it."""

    root: Path
    variables: dict[str, str]

    def bambe(self, *words: str) -> None:
        done = subprocess.run(
            [BAMBE, *words], cwd=self.root, env=self.variables, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise CannotRun(f"`bambe {' '.join(words)}` fails: {done.stderr.strip()}")

    def took(self, rounds: int, *words: str) -> float:
        """Median seconds of a plan."""
        times = []
        for _ in range(rounds):
            begun = time.perf_counter()
            self.bambe("plan", "--on", "prod", *words)
            times.append(time.perf_counter() - begun)
        return statistics.median(times)

    def bring_up(self) -> None:
        """As `bambe up --on prod` does, but for the images."""
        os.environ.update(self.variables)
        project = load(self.root / "bambe.yml", "prod")
        place = account("prod", project.environments["prod"], project.region)
        target = Target(self.root, project, place)
        ground = WithoutImages(target, Repository(self.root))
        BringingUp(target, lambda line: None, ground).run(lambda title: nullcontext())


def text() -> str:
    """A bambe.yml of so many services, half of them with a route."""
    head = "project: shop\nsource: {repository: https://github.com/acme/shop}\n"
    head += "environments: {prod: {profile: prod}}\nservices:\n"
    return head + "".join(_service(number) for number in range(1, SERVICES + 1))


def _service(number: int) -> str:
    route = f'route: "/s{number}/*"' if number % 2 else "release: rolling"
    return f"  s{number}: {{path: web, port: {8000 + number}, tasks: 0, {route}}}\n"


@contextlib.contextmanager
def installed() -> Iterator[Installation]:
    """A daemon in AWS's place, and a project with one commit."""
    port = free_port()
    command = [sys.executable, "-m", "bambe.daemon", "--ephemeral", "--any-credentials", "--scale", "60"]
    with tempfile.TemporaryDirectory(prefix="bambe-bench-") as folder:
        root = Path(folder)
        (root / "web").mkdir()
        for name, said in {
            "web/Dockerfile": "FROM scratch\n",
            "web/buildspec.yml": "version: 0.2\n",
            "bambe.yml": text(),
            "config": f"[profile prod]\nregion = eu-central-1\nendpoint_url = http://127.0.0.1:{port}\n",
            "credentials": "[prod]\naws_access_key_id = test\naws_secret_access_key = test\n",
        }.items():
            (root / name).write_text(said)
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        for words in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "--message", "first"]):
            subprocess.run(["git", *words], cwd=root, check=True)
        variables = {
            **environment(),
            "AWS_CONFIG_FILE": str(root / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(root / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        with started([*command, "--port", str(port)], environment()):
            made = Installation(root, variables)
            _wait(made)
            yield made


def _wait(made: Installation) -> None:
    end = time.monotonic() + WAITING
    while True:
        try:
            made.bambe("env", "--on", "prod", "--json")
        except CannotRun:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
        else:
            return


def measured(rounds: int = ROUNDS) -> Result:
    """Medians beside the limit."""
    with installed() as made:
        found = {"nothing is there": made.took(rounds, "--no-drift")}
        made.bring_up()
        found["nothing changed"] = made.took(rounds, "--no-drift")
        file = made.root / "bambe.yml"
        file.write_text(file.read_text().replace("port: 8001,", "port: 8001, environment: {CHANGED: yes},"))
        found["one service changed"] = made.took(rounds, "--no-drift")
        with_drift = made.took(1)
    rows = [Row(what, took, "limit", LIMIT, "s", at_most=1) for what, took in found.items()]
    rows.append(Row("the last with drift", with_drift, "without", found["one service changed"], "s"))
    return Result(tuple(rows), f"Medians of {rounds}; the one with drift was measured once.")


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    return tell(measured(parser.parse_args().rounds))


if __name__ == "__main__":
    sys.exit(main())
