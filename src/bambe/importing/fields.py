"""Keys of a service that every source has, with bambe.yml's limits."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bambe.importing import words
from bambe.importing.account import Part
from bambe.importing.draft import Said

CODES = re.compile(r"\d{3}([-,]\d{3})*")
THEIR_INTERVAL = 30
"""Seconds between checks where none are said: ELB, Copilot and Compose agree."""
MOVE_TO_SECRETS = "name it in `secrets`, and keep its value in Parameter Store or Secrets Manager"


def put_size(said: Said, cpu: Part, memory: Part, units: float | None, mebibytes: float | None) -> None:
    """CPU units and MiB, rounded up to a size of Fargate."""
    if units is None and mebibytes is None:
        return
    made = words.fargate_size(units or 0, mebibytes or 0)
    said["cpu"], said["memory"] = made
    for part, given, written, unit in (
        (cpu, units, made[0], "CPU units"),
        (memory, mebibytes, made[1], "MiB"),
    ):
        if given is None:
            continue
        if given == written:
            part.take()
            continue
        how = "rounded up to a size of Fargate" if written > given else "the most that bambe.yml takes"
        part.change(f"{part.text or part.value} is {written} {unit}: {how}")


def put_tasks(said: Said, part: Part, count: int | None) -> None:
    """How many tasks, 100 at most."""
    if count is None or count < 0:
        part.leave("is no number of tasks", "write `tasks`")
        return
    said["tasks"] = min(count, 100)
    if count > 100:
        part.change(f"{count} tasks are 100: more bambe.yml does not take")
    else:
        part.take()


def put_port(said: Said, part: Part, default: int = 8080) -> None:
    """Where the container listens; a made-up port where nothing is said."""
    port = whole(part.text) if part else None
    if port is not None and 1 <= port <= 65535:
        part.take()
        said["port"] = port
        return
    if part:
        part.leave("is no port", "write `port`")
    said["port"] = default
    part.guess(f"no port is said: {default} is written", "correct `port` if its container listens on another")


def put_stop_timeout(said: Said, part: Part) -> None:
    """The time between SIGTERM and SIGKILL."""
    length = words.seconds(part.text) if part else None
    if not part:
        return
    if length is None:
        part.leave("is no duration", "write `stop_timeout`, such as 30s")
        return
    said["stop_timeout"] = words.duration(min(length, 120))
    _took(part, said["stop_timeout"], length, "at most 120s (Fargate's limit)")


def put_variable(said: Said, part: Part, name: str, value: str, hosts: Mapping[str, str]) -> None:
    """A plain variable; hosts in its value get the names they have under Bambe."""
    if not words.VARIABLE.fullmatch(name):
        part.leave(f"{name!r} is no name of a variable", "bambe.yml takes letters, digits and underscores")
        return
    if name in said.get("secrets", {}):
        part.leave(f"{name} is a secret too, which is what a task gets", "delete one of the two")
        return
    made = words.readdressed(value, hosts)
    said.setdefault("environment", {})[name] = made
    if made != value:
        part.change(f"{value!r} is {made!r}: the names of services under Bambe")
    part.take()
    if value and words.is_secretive(name):
        part.review(f"{name} looks like a secret, and bambe.yml is no place for one", MOVE_TO_SECRETS)


def put_secret(said: Said, part: Part, name: str, source: str) -> None:
    """A variable whose value is looked up when a task starts; `source` "" where bambe.yml cannot say it."""
    if not source or not words.VARIABLE.fullmatch(name):
        says = "is no secret that bambe.yml can name"
        part.leave(says, f"write `{name}: ssm:/name` or `secretsmanager:name[:key]` in `secrets`")
        return
    said.setdefault("secrets", {})[name] = source
    if said.get("environment", {}).pop(name, None) is not None:
        part.review(f"{name} was a plain variable too: the secret is what a task gets")
    part.take()


class HealthChecks:
    """The load balancer's check of one service, key by key."""

    def __init__(self, said: Said) -> None:
        self._said: Said = said.setdefault("health", {})
        self._seconds: dict[str, float] = {}

    def path(self, part: Part) -> None:
        if part:
            text = part.text
            self._said["path"] = text if text.startswith("/") else f"/{text}"
            _took(part, self._said["path"], text, "a path begins with /", same=text == self._said["path"])

    def codes(self, part: Part) -> None:
        if not part:
            return
        text = part.text
        fits = CODES.fullmatch(text) and all(200 <= int(one) <= 499 for one in re.findall(r"\d+", text))
        if fits:
            self._said["codes"] = part.take_text()
        else:
            part.leave("is no list of codes from 200 to 499", "write `health.codes`")

    def threshold(self, part: Part, key: str) -> None:
        """`key` is healthy or unhealthy."""
        number = whole(part.text) if part else None
        if number is None:
            part.leave("is no number")
            return
        self._said[key] = min(max(number, 2), 10)
        _took(part, self._said[key], number, "2 to 10 (the load balancer's limit)")

    def times(self, interval: Part, timeout: Part) -> None:
        """Both, since one limits the other."""
        every, wait = self._length(interval), self._length(timeout)
        if every is not None:
            said = int(min(max(round_up(every), 5), 300))
            self._said["interval"] = f"{said}s"
            _took(interval, f"{said}s", every, "5s to 5m (the load balancer's limit)")
        elif wait is not None and wait >= 10:
            self._said["interval"] = f"{THEIR_INTERVAL}s"
        if wait is None:
            if every is not None and every <= 4:
                self._said["timeout"] = "2s"
            return
        longest = int(str(self._said.get("interval", "10s"))[:-1]) - 1
        said = int(min(max(round_up(wait), 2), longest, 120))
        self._said["timeout"] = f"{said}s"
        _took(timeout, f"{said}s", wait, "2s to 120s and shorter than the interval")

    def _length(self, part: Part) -> float | None:
        length = words.seconds(part.text) if part else None
        if part and length is None:
            part.leave("is no duration")
        return length


def _took(part: Part, written: object, given: object, limit: str, same: bool | None = None) -> None:
    equal = same if same is not None else written == given
    if isinstance(written, str) and isinstance(given, float):
        equal = words.seconds(written) == given
    if equal:
        part.take()
    else:
        part.change(f"{part.text} is {written}: {limit}")


def whole(text: str) -> int | None:
    """A whole number, or None."""
    return int(text) if re.fullmatch(r"-?\d+", text.strip()) else None


def round_up(length: float) -> int:
    """Whole seconds."""
    return -int(-length // 1)


Table = Mapping[str, tuple[str, str]]


def leave_known(part: Part, table: Table) -> None:
    """Leave what `table` names, each entry of a list or mapping on its own where the key ends in `.*`."""
    for key, (says, advice) in table.items():
        names = key.split(".")
        if names[-1] != "*":
            part.at(*names).leave(says, advice)
            continue
        inner = part.at(*names[:-1])
        for each in [one for _, one in inner.items()] or inner.each():
            each.leave(says, advice)
