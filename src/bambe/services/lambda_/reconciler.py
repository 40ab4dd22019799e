"""Carries invocations out: a container for each, its answer read, its traces removed."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bambe.control import Key, Reconciler
from bambe.engines.containers.port import Containers, State, TaskSeen
from bambe.kernel.call import Aws, Site, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import AwsError, EngineError, NotThere, Refused
from bambe.services.lambda_ import launch, tables
from bambe.services.lambda_.model import Code, Function, Invocation, Result, Stage
from bambe.services.lambda_.planner import (
    Action,
    Finish,
    Forget,
    Remove,
    Retry,
    Seen,
    Start,
    look_again,
    plan,
)

PLACES = 10
"""Invocations that run at a time on one machine; others wait."""


class Invocations:
    """One invocation per key."""

    name = "lambda.invocation"

    def __init__(self, store: Store, clock: Clock, aws: Aws, site: Site, containers: Containers) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws
        self._site = site
        self._containers = containers

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return (key,) if table == tables.invocations.name else ()

    async def keys(self) -> Iterable[Key]:
        rows = await self._store.read(tables.invocations.list)
        return [tables.invocations.key_of(row) for row in rows]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        row = await self._store.read(lambda tx: tables.invocations.find(tx, *key))
        if row is None:
            return None
        seen = await self._observe(row)
        has_place = await self._store.read(_has_place)
        for action in plan(row, seen, self._clock.now(), has_place=has_place):
            await self._apply(row, action)
        fresh = await self._store.read(lambda tx: tables.invocations.find(tx, *key))
        return None if fresh is None else look_again(fresh, self._clock.now())

    async def _observe(self, row: Invocation) -> Seen:
        if row.stage is Stage.WAITING:
            return Seen()
        # In this order: one that answers and ends in between has answered.
        tasks = {task.id: task for task in await self._containers.list_tasks()}
        left = await asyncio.to_thread(launch.result, self._site, row)
        if left is not None and row.stage is Stage.RUNNING:
            return Seen(True, "", left)
        task = tasks.get(row.task)
        if task is None:
            return Seen(None, "", left)
        return Seen(_runs(task), _reason(task), left)

    async def _apply(self, row: Invocation, action: Action) -> None:
        match action:
            case Start():
                await self._start(row)
            case Finish(result=result):
                await self._finish(row, result)
            case Retry(wait=wait):
                await self._containers.remove_task(row.task)
                again = replace(row, stage=Stage.WAITING, attempt=row.attempt + 1, started=None)
                await self._put(replace(again, not_before=self._clock.after(wait), deadline=None))
            case Remove():
                await self._containers.remove_task(row.task)
                folder = launch.directory(self._site, row)
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            case Forget():
                await self._store.write(
                    lambda tx: tables.invocations.delete(tx, *tables.invocations.key_of(row))
                )

    async def _start(self, row: Invocation) -> None:
        function, zipped = await self._store.read(lambda tx: _function(tx, row))
        if function is None:
            await self._finish(row, Result(b'{"errorMessage": "the function was deleted"}', "Unhandled"))
            return
        now = self._clock.now()
        ends = now + timedelta(seconds=function.timeout)
        row = replace(row, stage=Stage.RUNNING, started=row.started or now, deadline=ends)
        await asyncio.to_thread(launch.prepare, self._site, function, row, zipped, ends.timestamp())
        if not await self._store.write(lambda tx: _take_place(tx, row)):
            return
        try:
            aws = self._aws.within(row.account, row.region)
            await launch.start(self._containers, aws, self._site, function, row)
        except (NotThere, Refused, AwsError) as error:
            await self._finish(row, _cannot(row, error))

    async def _finish(self, row: Invocation, result: Result) -> None:
        await self._put(replace(row, stage=Stage.DONE, result=result, ended=self._clock.now()))
        await self._containers.stop_task(row.task, 0)

    async def _put(self, row: Invocation) -> None:
        await self._store.write(lambda tx: tables.invocations.put(tx, row))


def _function(tx: Tx, row: Invocation) -> tuple[Function | None, Code | None]:
    function = tables.functions.find(tx, row.account, row.region, row.function)
    code = tables.codes.find(tx, function.code) if function and function.code else None
    return function, code


def _has_place(tx: Tx) -> bool:
    return len(tables.invocations.list(tx, stage=Stage.RUNNING)) < PLACES


def _take_place(tx: Tx, row: Invocation) -> bool:
    """Write that it runs, if there is a place for it."""
    if not _has_place(tx):
        return False
    tables.invocations.put(tx, row)
    return True


def _runs(task: TaskSeen) -> bool:
    """Whether the function's own container has not ended."""
    return any(one.name == "function" and one.state is not State.EXITED for one in task.containers)


def _reason(task: TaskSeen) -> str:
    codes = [one.exit_code for one in task.containers if one.name == "function"]
    killed = codes and codes[0] == 137
    return "signal: killed" if killed else f"exit status {codes[0]}" if codes else ""


def _cannot(row: Invocation, error: AwsError | EngineError) -> Result:
    said = getattr(error, "message", "") or str(error)
    text = f"The function cannot be started: {said}"
    return Result(json.dumps({"errorMessage": text}).encode(), "Unhandled", text.encode())


def reconcilers(
    store: Store, clock: Clock, aws: Aws, site: Site, containers: Containers
) -> Sequence[Reconciler]:
    """The loop of invocations."""
    return (Invocations(store, clock, aws, site, containers),)
