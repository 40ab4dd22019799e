"""How repositories are read back, to see what has drifted."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties

WITHOUT = ("LifecyclePolicyNotFoundException", "RepositoryPolicyNotFoundException")


async def _repository(aws: Aws, made: Made, expected: Properties) -> Properties:
    name = made.physical_id
    found = (await aws.ecr.describe_repositories(repositoryNames=[name]))["repositories"][0]
    lifecycle = await _if_any(aws.ecr.get_lifecycle_policy(repositoryName=name))
    policy = await _if_any(aws.ecr.get_repository_policy(repositoryName=name))
    return {
        **found,
        "lifecyclePolicy": {"lifecyclePolicyText": lifecycle.get("lifecyclePolicyText", "")},
        "repositoryPolicyText": policy.get("policyText", ""),
    }


async def _if_any(request: Awaitable[Any]) -> dict[str, Any]:
    try:
        return dict(await request)
    except AwsError as error:
        if error.wire_code() not in WITHOUT:
            raise
        return {}


READS = {"AWS::ECR::Repository": _repository}
