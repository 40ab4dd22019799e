"""ECR's CloudFormation type: Repository."""

from __future__ import annotations

import json
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceType, Wish
from bambe.kernel.tags import to_list

TOKEN = "bambe:creation"


async def _create(aws: Aws, wish: Wish) -> Made:
    name = wish.properties.get("RepositoryName") or wish.name.lower()
    own = {one["Key"]: one["Value"] for one in wish.properties.get("Tags", [])}
    scanning = wish.properties.get("ImageScanningConfiguration", {}).get("ScanOnPush", False)
    try:
        await aws.ecr.create_repository(
            repositoryName=name,
            imageTagMutability=wish.properties.get("ImageTagMutability", "MUTABLE"),
            imageScanningConfiguration={"scanOnPush": str(scanning).lower() == "true"},
            tags=to_list({**wish.tags, **own, TOKEN: wish.token}),
        )
    except AwsError as error:
        if error.wire_code() != "RepositoryAlreadyExistsException" or not await _is_ours(aws, name, wish):
            raise
    await _set_policies(aws, name, wish.properties, {})
    return await _made(aws, name)


async def _is_ours(aws: Aws, name: str, wish: Wish) -> bool:
    arn = (await _made(aws, name)).attributes["Arn"]
    tags = (await aws.ecr.list_tags_for_resource(resourceArn=arn))["tags"]
    return {"Key": TOKEN, "Value": wish.token} in tags


async def _update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    name = made.physical_id
    await aws.ecr.put_image_tag_mutability(
        repositoryName=name, imageTagMutability=wish.properties.get("ImageTagMutability", "MUTABLE")
    )
    await _set_policies(aws, name, wish.properties, old)
    return await _made(aws, name)


async def _set_policies(aws: Aws, name: str, wanted: Properties, old: Properties) -> None:
    lifecycle = wanted.get("LifecyclePolicy", {}).get("LifecyclePolicyText")
    if lifecycle:
        await aws.ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=_text(lifecycle))
    elif old.get("LifecyclePolicy", {}).get("LifecyclePolicyText"):
        await aws.ecr.delete_lifecycle_policy(repositoryName=name)
    if wanted.get("RepositoryPolicyText"):
        text = _text(wanted["RepositoryPolicyText"])
        await aws.ecr.set_repository_policy(repositoryName=name, policyText=text)
    elif old.get("RepositoryPolicyText"):
        await aws.ecr.delete_repository_policy(repositoryName=name)


def _text(policy: Any) -> str:
    return policy if isinstance(policy, str) else json.dumps(policy)


async def _made(aws: Aws, name: str) -> Made:
    found = (await aws.ecr.describe_repositories(repositoryNames=[name]))["repositories"][0]
    return Made(name, {"Arn": found["repositoryArn"], "RepositoryUri": found["repositoryUri"]})


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    force = str(properties.get("EmptyOnDelete", False)).lower() == "true"
    try:
        await aws.ecr.delete_repository(repositoryName=made.physical_id, force=force)
    except AwsError as error:
        if error.wire_code() != "RepositoryNotFoundException":
            raise


RESOURCES = (
    ResourceType(
        name="AWS::ECR::Repository",
        properties=frozenset(
            {
                "EmptyOnDelete",
                "EncryptionConfiguration",
                "ImageScanningConfiguration",
                "ImageTagMutability",
                "LifecyclePolicy",
                "RepositoryName",
                "RepositoryPolicyText",
                "Tags",
            }
        ),
        replaces=frozenset({"EncryptionConfiguration", "RepositoryName"}),
        create=_create,
        update=_update,
        delete=_delete,
    ),
)
