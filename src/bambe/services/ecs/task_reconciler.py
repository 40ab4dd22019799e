"""Makes each task what its row says, and its row what the containers say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bambe.control import Key
from bambe.engines.containers.port import Containers, TaskSpec
from bambe.kernel.call import Aws, Site, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import BambeError, Conflict, NotThere, Refused, Unavailable
from bambe.kernel.moves import check_move
from bambe.services.ecs import registration, task_planner
from bambe.services.ecs.chores import Chores
from bambe.services.ecs.diary import draining, registered, told_once, withdrawn
from bambe.services.ecs.images import Images
from bambe.services.ecs.model import TASK_MOVES, Desired, StopCode, Task, TaskDefinition, TaskStatus
from bambe.services.ecs.names import family_and_revision
from bambe.services.ecs.secret_values import NoSecret, secret_values
from bambe.services.ecs.sightings import Sightings
from bambe.services.ecs.spec import KIND, sight, spec
from bambe.services.ecs.tables import DEFINITIONS, TASKS
from bambe.services.ecs.task_actions import (
    Action,
    Announce,
    Conceal,
    Condemn,
    Forget,
    Halt,
    Launch,
    Note,
    Register,
    Remove,
    Restart,
    Withdraw,
)

LAUNCH, HALT = "launch", "halt"
PATIENCE = timedelta(minutes=2)
"""How long a registry that does not answer is asked for a task's images before the task is given up."""


class TaskReconciler:
    """One key per task: (account, region, cluster, service, id)."""

    name = "ecs.task"

    def __init__(self, store: Store, clock: Clock, aws: Aws, containers: Containers, site: Site) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws
        self._containers = containers
        self._images = Images(store, aws, site, containers)
        self._sightings = Sightings(containers)
        self._endpoint = site.inner_endpoint
        self.chores = Chores()
        self._addresses: dict[str, Key] = {}

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        if table == TASKS.name:
            return [key]
        if table == registration.TARGETS_TABLE:
            return [self._addresses[key[3]]] if key[3] in self._addresses else []
        return []

    async def keys(self) -> Iterable[Key]:
        """Every task; containers of tasks that no row knows are removed on the way."""
        seen = await self._sightings.look()
        rows = await self._store.read(TASKS.list)
        known = {row.id for row in rows}
        for task_id, task in seen.items():
            # Rows are written before containers start, so one without a row is left from another life.
            if task.labels.get("bambe.kind") == KIND and task_id not in known:
                await self._containers.remove_task(task_id)
        return [TASKS.key_of(row) for row in rows]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        self.chores.wake = wake
        async for task_id in self._containers.events():
            for row in await self._store.read(_named(task_id)):
                wake(TASKS.key_of(row))

    async def reconcile(self, key: Key) -> datetime | None:
        task = await self._store.read(lambda tx: TASKS.find(tx, *key))
        self._remember(key, task)
        if task is None:
            await self.chores.cancel(key)
            return None
        if task.desired == Desired.STOPPED and self.chores.running(key) == LAUNCH:
            await self.chores.cancel(key)
        if not self.chores.finish(key):
            return None
        for action in await self._plan(task):
            await self._apply(task, action)
        after = await self._store.read(lambda tx: TASKS.find(tx, *key))
        return task_planner.look_again(after, self._clock.now()) if after else None

    def _remember(self, key: Key, task: Task | None) -> None:
        """Have the address of every task with targets at hand: the health of a target wakes its task."""
        if task is not None and task.targets and task.address and task.status != TaskStatus.STOPPED:
            self._addresses[task.address] = key
        else:
            for address in [one for one, other in self._addresses.items() if other == key]:
                del self._addresses[address]

    async def failed(self, key: Key, error: Exception) -> None:
        task = await self._store.read(lambda tx: TASKS.find(tx, *key))
        if task is not None and task.service and isinstance(error, BambeError):
            now = self._clock.now()
            await self._store.write(lambda tx: told_once(tx, task, f"(task {task.id}) {error}", now))

    async def _plan(self, task: Task) -> tuple[Action, ...]:
        if task.is_removed:
            return task_planner.plan(task, None, {}, self._clock.now())
        seen = sight(task, (await self._sightings.look()).get(task.id))
        targets = {}
        if task.is_registered and task.status != TaskStatus.STOPPED:
            targets = await registration.look(self._api(task), task)
        return task_planner.plan(task, seen, targets, self._clock.now())

    async def _apply(self, task: Task, action: Action) -> None:
        match action:
            case Launch():
                await self._begin_launch(task, action.containers)
            case Restart():
                await self._restart(task, action.containers)
            case Register():
                await registration.register(self._api(task), task, action.targets)
                await self._note(task, {"is_registered": True}, lambda tx, now: registered(tx, task, now))
            case Announce():
                await registration.announce(self._api(task), task)
                await self._note(task, {"is_announced": True})
            case Conceal():
                await registration.conceal(self._api(task), task)
                await self._note(task, {"is_announced": False})
            case Withdraw():
                await self._withdraw(task)
            case Halt():
                await self.chores.begin(TASKS.key_of(task), HALT, self._containers.stop_task(task.id))
            case Remove():
                await self._containers.remove_task(task.id)
                await self._note(task, {"is_removed": True})
            case Forget():
                await self._store.write(lambda tx: TASKS.delete(tx, *TASKS.key_of(task)))
            case Condemn():
                await self._condemn(task, action.code, action.why)
            case Note():
                await self._note(task, action.changes)

    def _api(self, task: Task) -> Aws:
        return self._aws.within(task.account, task.region)

    async def _begin_launch(self, task: Task, containers: tuple[str, ...]) -> None:
        changes: dict[str, Any] = {"status": TaskStatus.PENDING}
        if task.pull_started_at is None:
            changes["pull_started_at"] = self._clock.now()
        await self._note(task, changes)
        await self.chores.begin(TASKS.key_of(task), LAUNCH, self._launch(task, containers))

    async def _launch(self, task: Task, containers: tuple[str, ...]) -> None:
        definition = await self._store.read(lambda tx: _definition(tx, task))
        problem = unfit(definition)
        if problem:
            await self._condemn(task, StopCode.FAILED_TO_START, problem)
            return
        # Before its first container starts, all that any of them needs must be there (as on Fargate).
        first = task.pull_stopped_at is None
        wanted = [c for c in definition.containers if first or c["name"] in containers]
        try:
            secrets = await secret_values(self._aws, task, wanted)
            images = await self._images.of(task, definition, [c["name"] for c in wanted])
        except NoSecret as error:
            await self._condemn(task, StopCode.FAILED_TO_START, str(error))
            return
        except (NotThere, Refused) as error:
            await self._condemn(task, StopCode.FAILED_TO_START, f"CannotPullContainerError: {error}")
            return
        except Unavailable as error:
            if not self._is_late(task):
                raise
            await self._condemn(task, StopCode.FAILED_TO_START, f"CannotPullContainerError: {error}")
            return
        if first:
            await self._note(task, {"pull_stopped_at": self._clock.now()})
        try:
            wanted_task = spec(task, definition, images, secrets, self._endpoint)
            await self._start(task, wanted_task, containers)
        except (NotThere, Refused, Conflict) as error:
            await self._condemn(task, StopCode.FAILED_TO_START, f"CannotStartContainerError: {error}")

    async def _restart(self, task: Task, containers: Iterable[str]) -> None:
        try:
            for container in containers:
                await self._containers.restart(task.id, container)
        except (NotThere, Refused, Conflict) as error:
            await self._condemn(task, StopCode.ESSENTIAL_EXITED, f"CannotStartContainerError: {error}")

    async def _pull_again(self, task: Task, images: Iterable[str]) -> None:
        for image in images:
            try:
                await self._images.pull(task, image)
            except Unavailable as error:
                raise (Refused(str(error)) if self._is_late(task) else error) from error

    def _is_late(self, task: Task) -> bool:
        began = task.pull_started_at
        return began is not None and self._clock.now() >= began + PATIENCE

    async def _start(self, task: Task, wanted: TaskSpec, containers: tuple[str, ...]) -> None:
        try:
            await self._containers.start_task(wanted, containers)
        except NotThere:
            # The image was resolved for an earlier task and has been cleaned away since.
            await self._pull_again(task, {c.image for c in wanted.containers if c.name in containers})
            await self._containers.start_task(wanted, containers)

    async def _withdraw(self, task: Task) -> None:
        aws = self._api(task)
        changes: dict[str, Any] = {"is_withdrawn": True, "is_announced": False, "is_ready": False}
        if task.registries:
            lifetime = await registration.name_lifetime(aws, task)
            await registration.conceal(aws, task)
            if task.is_announced:
                changes["quiet_at"] = self._clock.now() + lifetime
        if task.targets:
            await self._note(task, {}, lambda tx, now: draining(tx, task, now))
            await registration.deregister(aws, task)
        await self._note(task, changes, lambda tx, now: withdrawn(tx, task, now))

    async def _condemn(self, task: Task, code: StopCode, why: str) -> None:
        now = self._clock.now()

        def condemn(tx: Tx) -> None:
            row = TASKS.find(tx, *TASKS.key_of(task))
            if row is not None and row.desired == Desired.RUNNING:
                changed = replace(
                    row, desired=Desired.STOPPED, stop_code=code, stopped_reason=why, stopping_at=now
                )
                TASKS.update(tx, replace(changed, is_ready=False, version=row.version + 1))

        await self._store.write(condemn)

    async def _note(
        self, task: Task, changes: Any, tell: Callable[[Tx, datetime], None] | None = None
    ) -> None:
        now = self._clock.now()

        def note(tx: Tx) -> None:
            row = TASKS.find(tx, *TASKS.key_of(task))
            if row is None:
                return
            wanted = dict(changes)
            if "status" in wanted and check_move(TASK_MOVES, row.status, wanted["status"]):
                wanted["version"] = row.version + 1
            TASKS.update(tx, replace(row, **wanted))
            if tell is not None:
                tell(tx, now)

        await self._store.write(note)


def _named(task_id: str) -> Callable[[Tx], list[Task]]:
    return lambda tx: TASKS.list(tx, id=task_id)


def _definition(tx: Tx, task: Task) -> TaskDefinition:
    family, revision = family_and_revision(task.task_definition)
    return DEFINITIONS.get(tx, task.account, task.region, family, revision)


def unfit(definition: TaskDefinition) -> str:
    """Why tasks of this definition cannot start here; "" when they can."""
    for container in definition.containers:
        for member in ("environmentFiles", "repositoryCredentials"):
            if container.get(member):
                return (
                    f"ResourceInitializationError: container {container['name']} uses {member},"
                    " which Bambe does not provide yet"
                )
    return ""
