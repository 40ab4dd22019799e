"""From an image's tag to the one image all tasks of a revision run."""

from __future__ import annotations

import asyncio
import base64
import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

from bambe.engines.containers.port import Containers
from bambe.kernel.call import Aws, Site, Store, Tx
from bambe.kernel.errors import AwsError, NotThere, Refused, Unavailable
from bambe.services.ecs.model import Task, TaskDefinition
from bambe.services.ecs.tables import TASK_SETS

ECR = re.compile(r"(\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/(.+)")


class Images:
    """Resolves images once per task set (AWS: "container image resolution", version consistency)."""

    def __init__(self, store: Store, aws: Aws, site: Site, containers: Containers) -> None:
        self._store = store
        self._aws = aws
        self._site = site
        self._containers = containers
        self._locks: defaultdict[tuple[str, ...], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(
        self, task: Task, definition: TaskDefinition, containers: Collection[str]
    ) -> Mapping[str, str]:
        """What to run for each of `containers`, or for more; on this machine when it answers."""
        if not task.task_set:
            wanted = [c for c in definition.containers if c["name"] in containers]
            return {c["name"]: await self._exact(task, c["image"]) for c in wanted}
        key = (task.account, task.region, task.cluster, task.service, task.task_set)
        async with self._locks[key]:
            known = await self._store.read(lambda tx: TASK_SETS.find(tx, *key))
            if known is None or known.images:
                self._locks.pop(key, None)
                return known.images if known else await self._resolve(task, definition)
            images = await self._resolve(task, definition)

            def note(tx: Tx) -> None:
                task_set = TASK_SETS.find(tx, *key)
                if task_set is not None:
                    TASK_SETS.update(tx, replace(task_set, images=images))

            await self._store.write(note)
            return images

    async def pull(self, task: Task, image: str) -> str:
        """Have `image` on this machine; its digest."""
        username, password = "", ""
        image = self._here(task, image)
        if image.startswith(f"{self._site.registry}/"):
            username, password = await self._login(task)
        return await self._containers.pull(image, username, password)

    async def _resolve(self, task: Task, definition: TaskDefinition) -> dict[str, str]:
        return {c["name"]: await self._exact(task, c["image"]) for c in definition.containers}

    async def _exact(self, task: Task, image: str) -> str:
        image = self._here(task, image)
        if pushed := await self._pushed(task, image):
            await self.pull(task, pinned(image, pushed))
            return pinned(image, pushed)
        digest = await self.pull(task, image)
        exact = pinned(image, digest)
        try:
            await self.pull(task, exact)
        except (NotThere, Refused, Unavailable):
            # Built on this machine and never pushed: no registry gave it a digest, it has an id alone.
            return digest
        return exact

    async def _pushed(self, task: Task, image: str) -> str:
        """The digest that our own registry has for a tag, or "". A pull of the tag would ask the same, but by
        way of the Engine and back, and that is a fifth of all that a start costs beyond the Engine's part."""
        host, _, name = image.partition("/")
        repository, _, tag = name.partition(":")
        if host != self._site.registry or "@" in name:
            return ""
        aws = self._aws.within(task.account, task.region)
        try:
            answer = await aws.ecr.describe_images(
                repositoryName=repository, imageIds=[{"imageTag": tag or "latest"}]
            )
        except AwsError:
            return ""
        return str(answer["imageDetails"][0]["imageDigest"])

    def _here(self, task: Task, image: str) -> str:
        """An image of the account's own ECR, as AWS spells it, is one of this platform's registry."""
        match = ECR.fullmatch(image)
        return f"{self._site.registry}/{match[2]}" if match and match[1] == task.account else image

    async def _login(self, task: Task) -> tuple[str, str]:
        aws = self._aws.within(task.account, task.region)
        answer = await aws.ecr.get_authorization_token()
        token = answer["authorizationData"][0]["authorizationToken"]
        username, _, password = base64.b64decode(token).decode().partition(":")
        return username, password


def pinned(image: str, digest: str) -> str:
    """`image` by its digest instead of its tag."""
    if "@" in image or not digest:
        return image
    head, slash, name = image.rpartition("/")
    return f"{head}{slash}{name.split(':', 1)[0]}@{digest}"
