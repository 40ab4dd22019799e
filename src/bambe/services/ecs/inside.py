"""What a task may ask from within: its metadata, and the credentials of its role.

GET http://169.254.170.2
    /v4/TASK-N                  ECS_CONTAINER_METADATA_URI_V4: its container number N
    /v4/TASK-N/task             the whole task; /taskWithTags with its tags
    /v2/credentials/TASK-SECRET AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: its role's, renewed in time

Only the task itself is answered: it is known by its address.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Network
from typing import Any

from bambe.kernel.call import Aws, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import AwsError
from bambe.services.ecs.metadata import container_metadata, task_metadata
from bambe.services.ecs.model import Task, TaskDefinition
from bambe.services.ecs.names import family_and_revision
from bambe.services.ecs.tables import DEFINITIONS, TASKS

ADDRESS = "169.254.170.2"
"""AWS's, which its SDKs know by heart (botocore: ContainerMetadataFetcher)."""
VERSIONS = ("v3", "v4")
RENEWED = timedelta(minutes=30)
"""So long before their end credentials are given anew; clients ask 15 minutes before it."""

Said = tuple[int, Any]
"""An HTTP status, and what to spell as JSON."""


def variables(task: Task, definition: TaskDefinition, number: int, endpoint: str) -> dict[str, str]:
    """By these a container finds its metadata and credentials, and with a role the API itself."""
    if not task.secret:
        # Begun by a Bambe that had no such endpoint.
        return {}
    found = {
        "ECS_CONTAINER_METADATA_URI": f"http://{ADDRESS}/v3/{task.id}-{number}",
        "ECS_CONTAINER_METADATA_URI_V4": f"http://{ADDRESS}/v4/{task.id}-{number}",
    }
    if role(task, definition):
        found["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = f"/v2/credentials/{task.id}-{task.secret}"
        # They are credentials of this installation: they hold nowhere else.
        found["AWS_ENDPOINT_URL"] = endpoint
    return found


def role(task: Task, definition: TaskDefinition) -> str:
    """The ARN of the task's role; "" without one."""
    return str(task.overrides.get("taskRoleArn") or definition.body.get("taskRoleArn") or "")


class Inside:
    """Answers tasks."""

    def __init__(self, store: Store, clock: Clock, aws: Aws, subnet: str) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws
        self._subnet = IPv4Network(subnet)
        self._given: dict[str, Mapping[str, Any]] = {}

    async def answer(self, path: str, asker: str) -> Said:
        """The answer to a GET of `path` by the task at the address `asker`."""
        version, _, rest = path.strip("/").partition("/")
        if version in VERSIONS:
            return await self._metadata(rest, asker)
        if version == "v2" and rest.startswith("credentials"):
            return await self._credentials(rest.partition("/")[2], asker)
        return 404, f"Bambe has nothing for tasks at {path}."

    async def _metadata(self, rest: str, asker: str) -> Said:
        name, _, what = rest.partition("/")
        task_id, _, number = name.partition("-")
        found = await self._store.read(lambda tx: _find(tx, task_id, asker))
        if found is None or not number.isdigit() or int(number) >= len(found[0].containers):
            return 404, f"V4 metadata handler: unable to get container metadata for {name}"
        task, definition = found
        if not what:
            return 200, container_metadata(task, definition, int(number), self._subnet)
        if what in ("task", "taskWithTags"):
            return 200, task_metadata(task, definition, self._subnet, with_tags=what != "task")
        return 501, f"Bambe does not have {what} in its task metadata."

    async def _credentials(self, said: str, asker: str) -> Said:
        task_id, _, secret = said.partition("-")
        if not said:
            return _refused("NoIdInRequest", "No Credential ID in the request")
        found = await self._store.read(lambda tx: _find(tx, task_id, asker))
        if found is None or not _is_same(found[0].secret, secret) or not role(*found):
            return _refused("InvalidIdInRequest", "Credentials not found")
        task, definition = found
        try:
            return 200, await self._of(task, role(task, definition))
        except AwsError:
            return _refused(
                "CredentialsUninitialized",
                f"ECS was unable to assume the role '{role(task, definition)}' that was provided for this"
                " task. Please verify that the role being passed has the proper trust relationship and"
                " permissions and that your IAM user has permissions to pass this role.",
            )

    async def _of(self, task: Task, arn: str) -> Mapping[str, Any]:
        now = self._clock.now()
        given = self._given.get(task.id)
        if given is None or given["Expiration"] <= now + RENEWED:
            self._given = {k: one for k, one in self._given.items() if one["Expiration"] > now}
            aws = self._aws.within(task.account, task.region)
            answer = await aws.sts.assume_role(RoleArn=arn, RoleSessionName=task.id)
            session = answer["Credentials"]
            given = self._given[task.id] = {
                "RoleArn": arn,
                "AccessKeyId": session["AccessKeyId"],
                "SecretAccessKey": session["SecretAccessKey"],
                "Token": session["SessionToken"],
                "Expiration": session["Expiration"],
            }
        return given


def _find(tx: Tx, task_id: str, asker: str) -> tuple[Task, TaskDefinition] | None:
    """The task of this id, if it is the one that asks; its address is noted a moment after its start."""
    task = next(iter(TASKS.list(tx, id=task_id)), None)
    if task is None or task.is_over or task.address not in ("", asker):
        return None
    family, revision = family_and_revision(task.task_definition)
    return task, DEFINITIONS.get(tx, task.account, task.region, family, revision)


def _is_same(known: str, said: str) -> bool:
    return bool(known) and hmac.compare_digest(known.encode(), said.encode())


def _refused(code: str, message: str) -> Said:
    return 400, {"code": code, "message": f"CredentialsV2Request: {message}", "HTTPErrorCode": 400}
