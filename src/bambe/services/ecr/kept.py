"""Images that must not expire: a release that is kept needs them. AWS has no such guard.

An image is needed while a task runs it, an ACTIVE task definition names it, or the ledger of a release
(in CloudWatch Logs) says that this release left it running, so that it can be brought back whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from bambe.kernel.call import Answer, Aws
from bambe.kernel.errors import AwsError
from bambe.services.ecr.model import Image

LEDGERS = "/bambe/releases"
SOME = 100

Page = Callable[..., Awaitable[Answer]]


async def not_kept(aws: Aws, uri: str, candidates: Sequence[Image]) -> list[Image]:
    """Those of `candidates`, images of the repository `uri`, that nothing needs."""
    named = await _named(aws)
    found = []
    for image in candidates:
        names = {image.digest, *(f"{own}:{tag}" for own in _spellings(uri, image) for tag in image.tags)}
        if "latest" in image.tags:
            names |= set(_spellings(uri, image))
        if names.isdisjoint(named) and not await _in_a_ledger(aws, image.digest):
            found.append(image)
    return found


def _spellings(uri: str, image: Image) -> tuple[str, str]:
    """A repository as this platform names it, and as AWS does."""
    return uri, f"{image.account}.dkr.ecr.{image.region}.amazonaws.com/{image.repository}"


async def _named(aws: Aws) -> set[str]:
    """References in ACTIVE task definitions, and digests that tasks run."""
    found: set[str] = set()
    async for arn in _all(aws.ecs.list_task_definitions, "taskDefinitionArns", status="ACTIVE"):
        answer = await aws.ecs.describe_task_definition(taskDefinition=arn)
        said = [one["image"] for one in answer["taskDefinition"]["containerDefinitions"]]
        found |= {*said, *(one.partition("@")[2] for one in said if "@" in one)}
    async for cluster in _all(aws.ecs.list_clusters, "clusterArns"):
        arns = [arn async for arn in _all(aws.ecs.list_tasks, "taskArns", cluster=cluster)]
        for start in range(0, len(arns), SOME):
            tasks = await aws.ecs.describe_tasks(cluster=cluster, tasks=arns[start : start + SOME])
            found |= {
                one["imageDigest"]
                for task in tasks["tasks"]
                for one in task["containers"]
                if one.get("imageDigest")
            }
    return found


async def _in_a_ledger(aws: Aws, digest: str) -> bool:
    token: dict[str, str] = {}
    while True:
        try:
            answer = await aws.logs.filter_log_events(
                logGroupName=LEDGERS, filterPattern=f'"{digest}"', limit=1, **token
            )
        except AwsError as error:
            if error.wire_code() != "ResourceNotFoundException":
                raise
            return False
        if answer["events"] or not answer.get("nextToken"):
            return bool(answer["events"])
        token = {"nextToken": answer["nextToken"]}


async def _all(page: Page, member: str, **request: str) -> AsyncIterator[str]:
    token: dict[str, str] = {}
    while True:
        answer = await page(**request, **token)
        for one in answer[member]:
            yield one
        if not answer.get("nextToken"):
            return
        token = {"nextToken": answer["nextToken"]}
