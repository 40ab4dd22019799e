"""Tasks on the Docker Engine of this machine.

One container owns its namespace and address on the bridge; the containers of a larger task share the
namespace of a holder. Names are made of the instance, the task's id and the container's name, so
that the Engine itself refuses a second one: that is what makes `start_task` safe to repeat. What
exists is read from labels, never remembered.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bambe.engines.containers.config import (
    CONTAINER,
    TASK,
    container_name,
    holder_config,
    holder_name,
    member_config,
    single_config,
)
from bambe.engines.containers.connection import Connection, label_filter
from bambe.engines.containers.holder import HOLDER_IMAGE, holder_image
from bambe.engines.containers.loglines import LogReader, read_from
from bambe.engines.containers.network import have_network, network_name, remove_network
from bambe.engines.containers.port import LogLine, Network, State, TaskSeen, TaskSpec, Usage
from bambe.engines.containers.pulling import may_have_moved, registry_of
from bambe.engines.containers.seen import (
    NEVER_STARTED,
    Details,
    digest_in,
    parse_details,
    seen_tasks,
    state_of,
    stop_order,
)
from bambe.engines.containers.terminal import DockerTerminal, hang_up_others, open_terminal
from bambe.engines.containers.usage import parse_usage
from bambe.kernel.errors import Conflict, EngineError, NotThere, Refused, Unavailable

EVENTS = ["create", "start", "die", "destroy", "rename", "health_status"]


class DockerContainers:
    """`Containers` over the Engine API; `instance` names and labels all it makes.

    `subnet` fixes the network (a free one is found otherwise), `socket` the Engine's address
    (DOCKER_HOST or /var/run/docker.sock otherwise).
    """

    def __init__(self, instance: str, *, subnet: str | None = None, socket: str | None = None) -> None:
        self._instance = instance
        self._subnet = subnet
        self._connection = Connection(socket)
        self._network: Network | None = None
        self._terminals: set[str] = set()
        self._details: dict[tuple[str, str], Details] = {}

    async def start(self) -> Network:
        self._network = await have_network(self._connection, self._instance, self._subnet)
        self._subnet = self._network.subnet
        return self._network

    async def stop(self) -> None:
        await self._connection.close()

    async def pull(self, image: str, username: str = "", password: str = "") -> str:
        if not may_have_moved(image):
            with contextlib.suppress(NotThere):
                return await self._digest(image)
        credentials = {"username": username, "password": password} if username else None
        if credentials and not registry_of(image):
            credentials = None
        try:
            with self._connection.said_plainly():
                await self._connection.docker.images.pull(image, auth=credentials)
        except EngineError as error:
            raise type(error)(f"{image} cannot be pulled: {error}") from error
        return await self._digest(image)

    async def start_task(self, spec: TaskSpec, only: Collection[str] | None = None) -> None:
        if not spec.containers:
            raise Refused(f"Task {spec.id} has no containers.")
        try:
            await self._start_task(spec, only, self._network or await self.start())
        except NotThere as error:
            if network_name(self._instance) not in str(error):
                raise
            # Someone pruned the network while no task was on it.
            await self._start_task(spec, only, await self.start())

    async def restart(self, task_id: str, container: str) -> None:
        name = container_name(self._instance, task_id, container)
        with self._connection.said_plainly():
            found = await self._connection.docker.containers.get(name)
            await found.start()
        # What was true of its last life is not of this one.
        for state in ("running", "exited"):
            self._details.pop((found.id, state), None)

    async def stop_task(self, task_id: str, timeout: int | None = None) -> None:
        members = await self._listed(task_id)
        for wave in stop_order([one for one in members if CONTAINER in one["Labels"]]):
            await _all(self._stop(one, timeout) for one in wave)
        await _all(self._kill(one["Id"]) for one in members if CONTAINER not in one["Labels"])

    async def remove_task(self, task_id: str) -> None:
        await _all(self._remove(one["Id"]) for one in await self._listed(task_id))

    async def list_tasks(self) -> list[TaskSeen]:
        listed = sorted(await self._listed(), key=lambda one: one["Created"])
        members = [one for one in listed if CONTAINER in one["Labels"]]
        found = await asyncio.gather(*(self._detail(one) for one in members))
        details = {one["Id"]: more for one, more in zip(members, found, strict=True) if more is not None}
        self._forget({one["Id"] for one in listed})
        return seen_tasks(listed, details)

    async def usage(self) -> dict[str, Usage]:
        found: dict[str, Usage] = {}
        # One after the other: nobody waits for this, and the engine has other things to do.
        for one in await self._listed():
            if CONTAINER in one["Labels"] and one["State"] == "running":
                with contextlib.suppress(NotThere, Conflict):
                    used = await self._used(one["Id"])
                    id = one["Labels"][TASK]
                    found[id] = found[id] + used if id in found else used
        return found

    async def _used(self, container_id: str) -> Usage:
        with self._connection.said_plainly():
            stats = await self._connection.docker._query_json(
                f"containers/{container_id}/stats", params={"stream": "0", "one-shot": "1"}
            )
        return parse_usage(stats)

    async def events(self) -> AsyncIterator[str]:
        labels = label_filter(f"bambe={self._instance}", type=["container"], event=EVENTS)
        with self._connection.said_plainly():
            async with self._connection.stream("events", {"filters": labels}) as body:
                async for line in _lines(body):
                    event = json.loads(line)
                    attributes = event["Actor"]["Attributes"]
                    if event["Action"] == "die":
                        await self._settled(event["Actor"]["ID"])
                    if TASK in attributes:
                        yield attributes[TASK]
        raise Unavailable("The Docker Engine ended its stream of events.")

    async def logs(
        self, task_id: str, container: str, since: datetime | None = None
    ) -> AsyncIterator[LogLine]:
        name = container_name(self._instance, task_id, container)
        silent = 0
        # A stream can end early: Engine 20.10 loses the rest when files rotate quickly. So it is over
        # when a new one, from where the last ended, brings nothing and the container has ended.
        while True:
            before = since
            async for line in self._follow(name, since):
                since = line.at
                yield line
            silent = silent + 1 if since == before else 0
            if silent and not await self._is_running(name):
                return
            if silent > 1:
                raise Unavailable(f"The Docker Engine ended the log of {name} while it runs.")

    async def execute(self, task_id: str, container: str, command: Sequence[str]) -> DockerTerminal:
        name = container_name(self._instance, task_id, container)
        opened = await open_terminal(self._connection, name, command)
        self._terminals.add(opened.id)
        return opened

    async def hang_up(self) -> None:
        running = [one["Id"] for one in await self._listed() if one["State"] == "running"]
        await _all(hang_up_others(self._connection, one, self._terminals) for one in running)

    async def remove_everything(self) -> None:
        await _all(self._remove(one["Id"]) for one in await self._listed())
        await remove_network(self._connection, self._instance)
        self._network = None

    async def _start_task(self, spec: TaskSpec, only: Collection[str] | None, network: Network) -> None:
        wanted = [c for c in spec.containers if only is None or c.name in only]
        if len(spec.containers) == 1 and not spec.containers[0].restarts:
            for container in wanted:
                name = container_name(self._instance, spec.id, container.name)
                await self._run(name, single_config(self._instance, spec, network))
            return
        holder = await self._hold(spec, network)
        configs = {
            container_name(self._instance, spec.id, c.name): member_config(self._instance, spec, c, holder)
            for c in wanted
        }
        await _all(self._run(name, config) for name, config in configs.items())

    async def _hold(self, spec: TaskSpec, network: Network) -> str:
        name, config = holder_name(self._instance, spec.id), holder_config(self._instance, spec, network)
        try:
            await self._run(name, config)
        except NotThere as error:
            if HOLDER_IMAGE not in str(error):
                raise
            await self._load_holder()
            await self._run(name, config)
        return name

    async def _load_holder(self) -> None:
        with self._connection.said_plainly():
            version = await self._connection.docker.version()
            await self._connection.docker.images.import_image(holder_image(version["Arch"]))

    async def _run(self, name: str, config: Mapping[str, Any]) -> None:
        """Create and start, from wherever an attempt before this one got to."""
        containers = self._connection.docker.containers
        try:
            with self._connection.said_plainly():
                container = await containers.create(dict(config), name=name)
        except Conflict as conflict:
            try:
                with self._connection.said_plainly():
                    container = await containers.get(name)
            except NotThere:
                # It is being made, or removed, at this moment.
                raise conflict from None
            if container._container["State"]["Status"] != "created":
                return
        with self._connection.said_plainly():
            await container.start()

    async def _stop(self, listed: Mapping[str, Any], timeout: int | None) -> None:
        name = listed["Names"][0].lstrip("/")
        if state_of(name, listed["State"]) is State.EXITED:
            return
        container = self._connection.docker.containers.container(listed["Id"])
        with contextlib.suppress(NotThere), self._connection.said_plainly():
            if listed["State"] == "created":
                await container.rename(name + NEVER_STARTED)
            else:
                await container.stop(t=timeout)

    async def _settled(self, container_id: str) -> None:
        """Return when the Engine's listing shows what "die" said, which it says up to 0.2 s early: an
        inspection waits for the container's lock, and that is held until the listing agrees."""
        with contextlib.suppress(NotThere), self._connection.said_plainly():
            await self._connection.docker.containers.container(container_id).show()

    async def _kill(self, container_id: str) -> None:
        # Conflict: it does not run.
        with contextlib.suppress(NotThere, Conflict), self._connection.said_plainly():
            await self._connection.docker.containers.container(container_id).kill()

    async def _remove(self, container_id: str) -> None:
        # Conflict: it is being removed already.
        with contextlib.suppress(NotThere, Conflict), self._connection.said_plainly():
            await self._connection.docker.containers.container(container_id).delete(force=True, v=True)

    async def _listed(self, task_id: str | None = None) -> list[dict[str, Any]]:
        labels = [f"bambe={self._instance}", TASK if task_id is None else f"{TASK}={task_id}"]
        with self._connection.said_plainly():
            found = await self._connection.docker.containers.list(all=True, filters=label_filter(*labels))
        return [one._container for one in found]

    async def _detail(self, listed: Mapping[str, Any]) -> Details | None:
        key = (listed["Id"], listed["State"])
        if key in self._details:
            return self._details[key]
        try:
            with self._connection.said_plainly():
                inspected = await self._connection.docker.containers.container(listed["Id"]).show()
            digest = await self._image_digest(inspected)
        except NotThere:
            return None
        details = parse_details(inspected, digest)
        if listed["State"] == inspected["State"]["Status"] != "created":
            self._details[key] = details
        return details

    async def _image_digest(self, inspected: Mapping[str, Any]) -> str:
        try:
            return await self._digest(inspected["Image"], inspected["Config"]["Image"])
        except NotThere:
            return str(inspected["Image"])

    async def _digest(self, image: str, reference: str | None = None) -> str:
        with self._connection.said_plainly():
            inspected = await self._connection.docker.images.inspect(image)
        return digest_in(inspected, reference or image)

    def _forget(self, there: set[str]) -> None:
        self._details = {key: value for key, value in self._details.items() if key[0] in there}

    async def _follow(self, name: str, since: datetime | None) -> AsyncIterator[LogLine]:
        reader = LogReader(since)
        wanted = {"follow": True, "stdout": True, "stderr": True, "timestamps": True}
        with self._connection.said_plainly():
            path, params = f"containers/{name}/logs", {**wanted, "since": read_from(since)}
            async with self._connection.stream(path, params) as body:
                async for data in body.iter_any():
                    for line in reader.feed(data):
                        yield line
        for line in reader.rest():
            yield line

    async def _is_running(self, name: str) -> bool:
        try:
            with self._connection.said_plainly():
                inspected = await self._connection.docker.containers.container(name).show()
        except NotThere:
            return False
        return bool(inspected["State"]["Running"])


async def _all(steps: Iterable[Awaitable[None]]) -> None:
    """Take all steps side by side to their end, then raise the first error."""
    for result in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def _lines(body: Any) -> AsyncIterator[bytes]:
    """aiohttp's readline refuses long lines; labels can make an event long."""
    rest = b""
    async for data in body.iter_any():
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line.strip():
                yield line
