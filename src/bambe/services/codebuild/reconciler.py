"""Makes builds go on: out of the queue, into a container, along the script's reports, to the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bambe.control import Key, Reconciler
from bambe.engines.containers.port import Containers, State, TaskSeen
from bambe.engines.git.port import Git
from bambe.kernel.call import Aws, Site, Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.codebuild import launch, progress, tables
from bambe.services.codebuild.errors import PhaseFailed
from bambe.services.codebuild.model import Build, PhaseType, Status
from bambe.services.codebuild.planner import (
    GRACE,
    Action,
    Admit,
    Finish,
    Follow,
    Kill,
    Launch,
    Seen,
    Sweep,
    plan,
)
from bambe.services.codebuild.script import Report, read_exported, read_report
from bambe.services.codebuild.webhooks import Pushes

PLACES = 8
"""Builds that run at a time. One that waits in `aws ecs deploy` holds a place and needs nothing."""
SOON = timedelta(seconds=0.2)
LOOK = timedelta(seconds=2)


class Builds:
    """One build per key. The report is read at each look; the engine is asked when something happened."""

    name = "codebuild.build"

    def __init__(
        self, store: Store, clock: Clock, aws: Aws, site: Site, containers: Containers, git: Git
    ) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws
        self._site = site
        self._containers = containers
        self._git = git
        self._born = clock.now()
        self._alive_at: dict[str, datetime] = {}

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return (key,) if table == tables.builds.name else ()

    async def keys(self) -> Iterable[Key]:
        rows = await self._store.read(lambda tx: tables.builds.list(tx, cleaned=False))
        return [tables.builds.key_of(row) for row in rows]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        """A container that did something wakes its build."""
        async for task in self._containers.events():
            if not task.startswith("build-"):
                continue
            self._alive_at.pop(task, None)
            for row in await self._store.read(partial(tables.builds.list, uuid=task.removeprefix("build-"))):
                wake(tables.builds.key_of(row))

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        row = await self._store.read(lambda tx: tables.builds.find(tx, *key))
        if row is None or row.cleaned:
            return None
        for action in plan(row, await self._observe(row), self._clock.now()):
            if not await self._apply(row, action):
                break
        fresh = await self._store.read(lambda tx: tables.builds.find(tx, *key))
        return None if fresh is None else self._look_again(fresh)

    async def _observe(self, row: Build) -> Seen:
        if row.phase is PhaseType.QUEUED and not row.is_over:
            return Seen()
        report = await asyncio.to_thread(_report, launch.directory(self._site, row) / "run" / "phases.jsonl")
        task = await self._task(row, report)
        return Seen(
            running=None if task is None else _is_running(task),
            exit_reason="" if task is None else _reason(task),
            records=report.phases,
            verdict=report.status,
            ended_at_least_for=self._clock.now() - max(row.ended or self._born, self._born),
        )

    async def _task(self, row: Build, report: Report) -> TaskSeen | None:
        """The build's container; while all goes well the engine is asked every two seconds only."""
        known = self._alive_at.get(row.task)
        if known is not None and not row.is_over and self._clock.now() < known + LOOK:
            return _ALIVE
        if report.status is not None and not row.is_over:
            return _ALIVE
        tasks = await self._containers.list_tasks()
        found = next((task for task in tasks if task.id == row.task), None)
        if found is not None and _is_running(found):
            self._alive_at[row.task] = self._clock.now()
        else:
            self._alive_at.pop(row.task, None)
        return found

    async def _apply(self, row: Build, action: Action) -> bool:
        """Do it; False ends the pass, since the row has moved on."""
        match action:
            case Admit():
                if await self._admit(row):
                    await self._launch(row)
                return False
            case Launch():
                await self._launch(row)
                return False
            case Follow(records=records):
                await self._change(row, lambda fresh, now: progress.reported(fresh, records, now))
            case Kill():
                self._alive_at.pop(row.task, None)
                await self._containers.stop_task(row.task, 0)
            case Finish(status=status, why=why, code=code):
                await self._finish(row, status, code, why if code else "")
            case Sweep():
                await self._containers.remove_task(row.task)
                self._alive_at.pop(row.task, None)
                await asyncio.to_thread(launch.sweep, launch.directory(self._site, row))
                await self._change(row, lambda fresh, now: replace(fresh, cleaned=True))
        return True

    async def _admit(self, row: Build) -> bool:
        """Let every build of the queue out for which there is a place, oldest first; whether `row` is."""
        now = self._clock.now()

        def write(tx: Tx) -> bool:
            unfinished = sorted(tables.builds.list(tx, status=Status.IN_PROGRESS), key=_age)
            running = [build for build in unfinished if build.is_running]
            for build in unfinished:
                if build.is_running or build.stop_asked or not _has_place(tx, build, running):
                    continue
                running.append(progress.admitted(build, now))
                tables.builds.update(tx, running[-1])
            return any(build.id == row.id for build in running)

        return await self._store.write(write)

    async def _launch(self, row: Build) -> None:
        try:
            await self._prepare_and_start(row)
        except PhaseFailed as failure:
            phase = PhaseType(failure.phase)
            await self._change(row, lambda fresh, now: progress.enter(fresh, phase, now))
            await self._finish(row, Status.FAILED, failure.code, failure.message)

    async def _prepare_and_start(self, row: Build) -> None:
        aws = self._aws.within(row.account, row.region)
        credentials = await launch.session(aws, row)
        await self._change(row, lambda fresh, now: progress.enter(fresh, PhaseType.DOWNLOAD_SOURCE, now))
        commit = await launch.download(self._git, self._site, row)
        resolved = await self._change(row, lambda fresh, now: replace(fresh, resolved=commit))
        spec = await launch.read_buildspec(self._site, row)
        if resolved is not None and not resolved.stop_asked:
            await launch.start(self._containers, self._site, resolved, spec, credentials)
            self._alive_at[row.task] = self._clock.now()

    async def _finish(self, row: Build, status: Status, code: str, message: str) -> None:
        run = launch.directory(self._site, row) / "run" / "exported"
        exported = await asyncio.to_thread(_exported, run)

        def change(fresh: Build, now: datetime) -> Build:
            if fresh.is_over:
                return fresh
            return replace(progress.end(fresh, status, now, code, message), exported=exported)

        await self._change(row, change)

    async def _change(self, row: Build, change: Callable[[Build, datetime], Build]) -> Build | None:
        def write(tx: Tx) -> Build | None:
            fresh = tables.builds.find(tx, *tables.builds.key_of(row))
            if fresh is None:
                return None
            new = change(fresh, self._clock.now())
            tables.builds.update(tx, new)
            return new

        return await self._store.write(write)

    def _look_again(self, row: Build) -> datetime | None:
        if row.cleaned:
            return None
        soon = self._clock.now() + SOON
        return max(soon, max(row.ended or soon, self._born) + GRACE) if row.is_over else soon


class Judge:
    """One repository per key: a push that came in while nobody listened still builds."""

    name = "codebuild.pushes"

    def __init__(self, pushes: Pushes, git: Git) -> None:
        self._pushes = pushes
        self._git = git

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return ()

    async def keys(self) -> Iterable[Key]:
        return [(name,) for name in await self._git.repositories()]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        await self._pushes.pushed(key[0])
        return None


_ALIVE = TaskSeen("", {}, "", ())
"""A container that ran a moment ago, or whose script has told its end: the engine need not be asked."""


def _is_running(task: TaskSeen) -> bool:
    return task is _ALIVE or any(container.state is not State.EXITED for container in task.containers)


def _reason(task: TaskSeen) -> str:
    said = [
        container.reason or f"exit code {container.exit_code}"
        for container in task.containers
        if container.state is State.EXITED
    ]
    return "; ".join(said)


def _age(build: Build) -> tuple[datetime, int, str]:
    return (build.created, build.number, build.id)


def _has_place(tx: Tx, row: Build, running: Sequence[Build]) -> bool:
    if len(running) >= PLACES:
        return False
    project = tables.projects.find(tx, row.account, row.region, row.project)
    limit = project.settings.get("concurrentBuildLimit") if project else None
    same = [other for other in running if _project(other) == _project(row)]
    return limit is None or len(same) < limit


def _project(row: Build) -> tuple[str, str, str]:
    return (row.account, row.region, row.project)


def _report(path: object) -> Report:
    try:
        with open(str(path)) as file:
            return read_report(file.read())
    except FileNotFoundError:
        return Report()


def _exported(path: object) -> dict[str, str]:
    try:
        with open(str(path), "rb") as file:
            return read_exported(file.read())
    except FileNotFoundError:
        return {}


def reconcilers(
    store: Store, clock: Clock, aws: Aws, site: Site, containers: Containers, git: Git
) -> Sequence[Reconciler]:
    """What the daemon runs for CodeBuild."""
    return (
        Builds(store, clock, aws, site, containers, git),
        Judge(Pushes(store, clock, git, site), git),
    )
