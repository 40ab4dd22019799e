"""Words of other tools in those of bambe.yml: names, sizes, durations, secrets, variables."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping

from bambe.kernel.ids import digest_id
from bambe.project.model import FARGATE

LONGEST = 20
UNITS = {"ms": 0.001, "us": 0.000001, "s": 1, "m": 60, "h": 3600, "d": 86400}
DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|us|s|m|h|d))+")
BYTES = {"": 1, "b": 1, "k": 2**10, "kb": 2**10, "m": 2**20, "mb": 2**20, "g": 2**30, "gb": 2**30}
PARAMETER = re.compile(r"[a-zA-Z0-9_.\-/]+")
SECRET = re.compile(r"[a-zA-Z0-9/_+=.@!\-]+")
SECRETIVE = re.compile(
    r"PASSW|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|PASSPHRASE", re.IGNORECASE
)
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def legal_name(name: str, taken: Collection[str] = ()) -> str:
    """`name`, or what comes nearest of the names that bambe.yml allows, and that are free."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not plain or not plain[0].isalpha():
        plain = f"s-{plain}".strip("-")
    if len(plain) < 2:
        plain = f"{plain}-service"
    if len(plain) <= LONGEST and plain not in taken:
        return plain
    for attempt in range(len(taken) + 1):
        ending = digest_id(f"{name}{attempt or ''}", length=4)
        made = f"{plain[: LONGEST - 5].rstrip('-')}-{ending}"
        if made not in taken:
            return made
    raise ValueError(f"no name is free for {name}")


def fargate_size(cpu: float, memory: float) -> tuple[int, int]:
    """The smallest size of Fargate with that many CPU units and MiB; the largest where none has."""
    sizes = [(units, one) for units, mebibytes in FARGATE.items() for one in mebibytes]
    fits = [size for size in sizes if size[0] >= cpu and size[1] >= memory]
    return min(fits) if fits else sizes[-1]


def seconds(text: str) -> float | None:
    """A duration as Go and Compose write it, such as 1m30s; None for anything else."""
    if re.fullmatch(r"\d+", text):
        return float(text)
    if not DURATION.fullmatch(text):
        return None
    return sum(
        float(amount) * UNITS[unit] for amount, unit in re.findall(r"(\d+(?:\.\d+)?)(ms|us|s|m|h|d)", text)
    )


def duration(length: float) -> str:
    """Seconds as bambe.yml writes them; parts of one are rounded up."""
    whole = math.ceil(length)
    for unit in ("h", "m"):
        if whole and whole % UNITS[unit] == 0:
            return f"{whole // int(UNITS[unit])}{unit}"
    return f"{whole}s"


def mebibytes(text: str) -> float | None:
    """A size as Compose writes it, such as 512M or 1.5gb, in MiB."""
    hit = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?b?)", text.strip().lower())
    return float(hit[1]) * BYTES[hit[2]] / 2**20 if hit else None


def parameter(name: str) -> str:
    """A parameter of Parameter Store, as bambe.yml names it; "" for what is no name of one."""
    return f"ssm:{name}" if PARAMETER.fullmatch(name) else ""


def secret(name: str) -> str:
    """`name`, `name:key` or `name:key::` of Secrets Manager as bambe.yml names it; "" where it cannot."""
    name, _, rest = name.partition(":")
    key, _, version = rest.partition(":")
    if not SECRET.fullmatch(name) or version.strip(":"):
        return ""
    return f"secretsmanager:{name}" + (f":{key}" if key else "")


def without_ending(name: str) -> str:
    """A secret's name without the six characters that end it in an ARN."""
    return re.sub(r"-[A-Za-z0-9]{6}$", "", name)


def from_arn(arn: str) -> str:
    """What `valueFrom` of a task definition names, as bambe.yml names it; "" where it cannot."""
    parts = arn.split(":", 6)
    if len(parts) < 6 or parts[0] != "arn":
        return parameter(arn)
    if parts[2] == "ssm":
        named = parts[5].removeprefix("parameter")
        return parameter(named) if named.count("/") > 1 else parameter(named.lstrip("/"))
    if parts[2] == "secretsmanager" and len(parts) > 6:
        name, _, rest = parts[6].partition(":")
        return secret(f"{without_ending(name)}:{rest}" if rest else without_ending(name))
    return ""


def variables_of(text: str) -> dict[str, tuple[int, str]]:
    """The variables of an env file: name -> its line, its value."""
    found: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        said = line.strip().removeprefix("export ").strip()
        if not said or said.startswith("#") or "=" not in said:
            continue
        name, _, value = said.partition("=")
        found[name.strip()] = (number, _unquoted(value.strip()))
    return found


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return re.sub(r"\s+#.*$", "", value)


def is_secretive(name: str) -> bool:
    """Whether a variable of that name holds what nobody should read."""
    return bool(SECRETIVE.search(name))


def readdressed(value: str, hosts: Mapping[str, str]) -> str:
    """`value` with the hosts in it replaced, where they stand as a URL's host, alone, or before a port."""
    for old, new in hosts.items():
        name = re.escape(old)
        value = re.sub(rf"(?<=//){name}(?=[:/?#]|$)", new, value)
        value = re.sub(rf"(?<=@){name}(?=[:/?#]|$)", new, value)
        value = re.sub(rf"(?<![^,]){name}(?=:\d+(?:[,/]|$))", new, value)
        value = new if value == old else value
    return value


def as_route(path: str) -> str:
    """A path prefix as a route: `api` and `/api` are `/api*`; `/` is `default`."""
    if path.strip("/") in ("", "*"):
        return "default"
    rooted = "/" + path.lstrip("/")
    return rooted if "*" in rooted or "?" in rooted else f"{rooted.rstrip('/')}*"
