"""One request as an operation sees it, and the AWS API as code inside the house calls it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from bambe.kernel.arn import Arn

if TYPE_CHECKING:
    from bambe.kernel.clock import Clock

Answer = dict[str, Any]
Result = TypeVar("Result")
MAX_DEPTH = 8


class Tx(Protocol):
    """An open transaction; only `store` and `tables.py` modules look inside."""

    def execute(self, sql: str, parameters: tuple[Any, ...] = ()) -> Any:
        """Run one statement."""
        ...

    def changed(self, table: str, key: tuple[Any, ...]) -> None:
        """Publish (table, key) on the change feed after commit."""
        ...


class Store(Protocol):
    """What we remember. A transaction is a plain function, so nothing can be awaited inside one."""

    async def write(self, fn: Callable[[Tx], Result]) -> Result:
        """Run `fn` in one write transaction: all of it or nothing, in order with all other writes."""
        ...

    async def read(self, fn: Callable[[Tx], Result]) -> Result:
        """Run `fn` on a read-only connection that sees the last commit."""
        ...

    async def scan(self, fn: Callable[[Tx], Result]) -> Result:
        """`read` for what takes long: everything else goes on meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking. Account and region are part of every key in the store."""

    account: str
    region: str
    principal: str
    access_key: str = ""

    def arn(self, service: str, resource: str) -> str:
        """The ARN of `resource` of `service` in the caller's account and region."""
        return str(Arn(service, self.region, self.account, resource))


@dataclass(frozen=True, slots=True)
class Site:
    """Where this installation stands.

    `endpoint` is the API's URL on this machine, `inner_endpoint` the same seen from containers;
    `registry` is the host:port that image names begin with; `state` the directory of all state.
    """

    endpoint: str
    inner_endpoint: str
    registry: str
    state: str
    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks, under which id, and what an operation may use to answer."""

    caller: Caller
    request_id: str
    store: Store
    clock: Clock
    aws: Aws
    site: Site

    @property
    def account(self) -> str:
        return self.caller.account

    @property
    def region(self) -> str:
        return self.caller.region

    def arn(self, service: str, resource: str) -> str:
        """The ARN of `resource` of `service` in the caller's account and region."""
        return self.caller.arn(service, resource)


Dispatch = Callable[[Caller, str, str, Mapping[str, Any], int], Awaitable[Answer]]
"""(caller, service, operation in snake case, parameters, depth) -> the operation's answer."""


def botocore_name(name: str) -> str:
    """A service's name in botocore, from that name as Python can spell it: `lambda_` is `lambda`."""
    return name.removesuffix("_").replace("_", "-")


class Aws:
    """The AWS API in process: `await aws.elbv2.modify_rule(RuleArn=..., Actions=[...])`.

    The same dispatcher serves HTTP requests: same validation, same errors (raised as `AwsError`;
    compare `wire_code()`, since services do not import each other's error classes).
    """

    __slots__ = ("_caller", "_depth", "_dispatch")

    def __init__(self, dispatch: Dispatch, caller: Caller, depth: int = 0) -> None:
        self._dispatch = dispatch
        self._caller = caller
        self._depth = depth

    def __getattr__(self, service: str) -> AwsService:
        if service.startswith("_"):
            raise AttributeError(service)
        return AwsService(self._dispatch, self._caller, self._depth, botocore_name(service))

    def within(self, account: str, region: str) -> Aws:
        """The same API in another account and region, for loops that serve them all."""
        return Aws(self._dispatch, replace(self._caller, account=account, region=region), self._depth)

    def deeper(self) -> Aws:
        """The API for calls made while serving a call; the dispatcher refuses past `MAX_DEPTH`."""
        return Aws(self._dispatch, self._caller, self._depth + 1)


class AwsService:
    """One service of the API in process; attributes are operations in botocore's snake case."""

    __slots__ = ("_caller", "_depth", "_dispatch", "_service")

    def __init__(self, dispatch: Dispatch, caller: Caller, depth: int, service: str) -> None:
        self._dispatch = dispatch
        self._caller = caller
        self._depth = depth
        self._service = service

    def __getattr__(self, operation: str) -> Callable[..., Awaitable[Answer]]:
        if operation.startswith("_"):
            raise AttributeError(operation)

        def call(**parameters: Any) -> Awaitable[Answer]:
            return self._dispatch(self._caller, self._service, operation, parameters, self._depth)

        return call
