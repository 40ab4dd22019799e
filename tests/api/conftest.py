"""The real endpoint on a free port, with fake engines behind it, and stock clients that sign for real."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from bambe.edge.app import App
from bambe.edge.credentials import KeyRing
from bambe.edge.dispatch import Dispatcher
from bambe.edge.server import Server
from bambe.edge.sessions import SessionsApp
from bambe.engines.registry.port import Pusher
from bambe.kernel.call import Caller
from bambe.kernel.clock import SystemClock
from bambe.services.ecr.policy import EcrPolicy
from bambe.services.ecs.session import PATH as SESSIONS
from bambe.services.ecs.sessions import Sessions
from bambe.wire import Models
from tests.support.house import ACCOUNT, REGION, House, real_models


@cache
def _session() -> boto3.session.Session:
    """The session of all clients: it keeps the service models it has read."""
    return boto3.session.Session()


After = Callable[[House, str, Any], Awaitable[None]]
"""What happens in the house after an operation, before its answer goes out: house, operation, answer."""


class Strict:
    """The house's dispatcher; an answer that AWS's model does not allow fails as a bug does."""

    def __init__(self, dispatcher: Dispatcher, models: Models, after: Callable[..., Any]) -> None:
        self._dispatcher = dispatcher
        self._models = models
        self._after = after
        self.require = dispatcher.require

    async def __call__(self, caller: Caller, service: str, operation: str, *rest: Any, **more: Any) -> Any:
        answer = await self._dispatcher(caller, service, operation, *rest, **more)
        made = self._models.operation(service, operation)
        problems: list[str] = []
        if made.described.output is not None:
            made.service.checks.check(made.described.output)(answer, None, problems)
        elif answer:
            problems = [f"AWS answers nothing, not {answer}"]
        unknown = [problem for problem in problems if not problem.startswith("Value ")]
        assert not unknown, f"{service}:{operation} answers what AWS does not: {unknown}"
        await self._after(operation, answer)
        return answer


class Edge:
    """A house behind a real endpoint, on a thread and event loop of its own.

    `edge.aws("ecs")` is a boto3 client; `edge.run(edge.house.settle())` runs a coroutine in the house.
    """

    def __init__(self, state: Path, any_credentials: bool = False, after: After | None = None) -> None:
        self.keyring = KeyRing(None, account=ACCOUNT, region=REGION, any_credentials=any_credentials)
        self.resets = 0
        self.ready = True
        self._state = state
        self._after = after
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.run(self._start())

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a stock client needs to find the endpoint."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **kept,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.keyring.key.access_key,
            "AWS_SECRET_ACCESS_KEY": self.keyring.key.secret_key,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_PAGER": "",
        }

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine on the house's loop and wait for it."""
        done: Future[Any] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return done.result(timeout=60)

    def aws(self, service: str, **changes: Any) -> Any:
        """A boto3 client that does not retry."""
        config = Config(
            retries={"max_attempts": 0}, inject_host_prefix=False, connect_timeout=5, read_timeout=30
        )
        options: dict[str, Any] = {
            "endpoint_url": self.endpoint,
            "region_name": REGION,
            "aws_access_key_id": self.keyring.key.access_key,
            "aws_secret_access_key": self.keyring.key.secret_key,
            "config": config,
        }
        return _session().client(service, **{**options, **changes})

    def cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The stock AWS CLI."""
        command = [str(Path(sys.executable).parent / "aws"), *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)

    async def _pushed(self, scope: Any, receive: Any, send: Any) -> None:
        """Somebody has pushed /pushed/<repository>:<tag>."""
        repository, _, tag = scope["path"].removeprefix("/pushed/").rpartition(":")
        await self.house.registry.push(Pusher(ACCOUNT, REGION), repository, tag)
        await echo(scope, receive, send)

    async def _happen(self, operation: str, answer: Any) -> None:
        if self._after is not None:
            await self._after(self.house, operation, answer)

    async def _reset(self) -> None:
        self.resets += 1

    async def _start(self) -> None:
        self.house = House(self._state)
        await self.house.start()
        self.house.registry.app(EcrPolicy(self.house.store, self.house.clock))
        models: Models = real_models()
        door = Sessions(self.house.store, self.house.clock, self.house.containers)
        self.sessions = SessionsApp(door, SystemClock())
        self.app = App(
            Strict(self.house.dispatcher, models, self._happen),
            models,
            self.keyring,
            SystemClock(),
            mounts={
                "/echo": echo,
                "/pushed": self._pushed,
                SESSIONS: self.sessions,
            },
            health=lambda: {"ready": self.ready},
            reset=self._reset,
        )
        self.server = Server()
        self.port = await self.server.bind("127.0.0.1", 0)
        await self.server.start(self.app)

    async def _stop(self) -> None:
        await self.server.stop()
        await self.house.stop()

    def stop(self) -> None:
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """A mounted application: answers with the path and the body it got."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode() + b" " + body})


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    """A house of its own behind an endpoint of its own."""
    made = Edge(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def aws(edge: Edge) -> Callable[..., Any]:
    """`aws("ecs")`: stock boto3 clients of that endpoint."""
    return edge.aws
