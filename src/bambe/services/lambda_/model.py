"""Functions, their code and their invocations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

LATEST = "$LATEST"
RUNTIMES = tuple(f"python3.{minor}" for minor in range(8, 15))


class PackageType(StrEnum):
    """Where a function's code comes from."""

    ZIP = "Zip"
    IMAGE = "Image"


@dataclass(frozen=True, slots=True)
class Function:
    """A function. `timeout` in seconds, `memory` in MiB; `code` is the SHA-256 of its zip, in hex."""

    account: str
    region: str
    name: str
    package: PackageType
    role: str
    modified: datetime
    revision: str
    runtime: str = ""
    handler: str = ""
    image: str = ""
    command: tuple[str, ...] = ()
    entry_point: tuple[str, ...] = ()
    working_directory: str = ""
    code: str = ""
    code_size: int = 0
    description: str = ""
    timeout: int = 3
    memory: int = 128
    environment: dict[str, str] = field(default_factory=dict)
    architecture: str = "x86_64"
    tags: dict[str, str] = field(default_factory=dict)
    policy: dict[str, dict[str, object]] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"

    @property
    def log_group(self) -> str:
        return f"/aws/lambda/{self.name}"


@dataclass(frozen=True, slots=True)
class Code:
    """A zip, kept once however many functions have it."""

    digest: str
    content: bytes


class Stage(StrEnum):
    """Where an invocation is."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class Result:
    """What a function answered. `error`: "" or AWS's FunctionError; `log`: the last 4 KB it printed."""

    payload: bytes = b"null"
    error: str = ""
    log: bytes = b""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of a function; `id` is its request id. Those that nobody waits for are tried three times."""

    account: str
    region: str
    function: str
    id: str
    payload: bytes
    waited_for: bool
    created: datetime
    stage: Stage = Stage.WAITING
    attempt: int = 1
    not_before: datetime | None = None
    started: datetime | None = None
    deadline: datetime | None = None
    result: Result | None = None
    ended: datetime | None = None

    @property
    def task(self) -> str:
        """The id of its container task; each attempt has its own."""
        return f"lambda-{self.id}-{self.attempt}"
