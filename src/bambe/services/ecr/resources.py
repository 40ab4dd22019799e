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
    try:
        await aws.ecr.create_repository(
            repositoryName=name,
            imageScanningConfiguration=_scanning(wish.properties),
            **_mutability(wish.properties),
            **_encryption(wish.properties),
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
    await aws.ecr.put_image_tag_mutability(repositoryName=name, **_mutability(wish.properties))
    await aws.ecr.put_image_scanning_configuration(
        repositoryName=name, imageScanningConfiguration=_scanning(wish.properties)
    )
    await _retag(aws, made.attributes["Arn"], wish)
    await _set_policies(aws, name, wish.properties, old)
    return await _made(aws, name)


def _scanning(properties: Properties) -> dict[str, bool]:
    said = properties.get("ImageScanningConfiguration", {}).get("ScanOnPush", False)
    return {"scanOnPush": str(said).lower() == "true"}


def _mutability(properties: Properties) -> dict[str, Any]:
    said: dict[str, Any] = {"imageTagMutability": properties.get("ImageTagMutability", "MUTABLE")}
    filters = properties.get("ImageTagMutabilityExclusionFilters")
    if filters:
        said["imageTagMutabilityExclusionFilters"] = [
            {
                "filterType": one["ImageTagMutabilityExclusionFilterType"],
                "filter": one["ImageTagMutabilityExclusionFilterValue"],
            }
            for one in filters
        ]
    return said


def _encryption(properties: Properties) -> dict[str, Any]:
    said = properties.get("EncryptionConfiguration")
    if not said:
        return {}
    key = {"kmsKey": said["KmsKey"]} if said.get("KmsKey") else {}
    return {"encryptionConfiguration": {"encryptionType": said["EncryptionType"], **key}}


async def _retag(aws: Aws, arn: str, wish: Wish) -> None:
    """Give the repository the tags of the wish; the one of its creation stays."""
    own = {one["Key"]: one["Value"] for one in wish.properties.get("Tags", [])}
    wanted = {**wish.tags, **own}
    said = (await aws.ecr.list_tags_for_resource(resourceArn=arn))["tags"]
    had = {one["Key"]: one["Value"] for one in said if one["Key"] != TOKEN}
    gone = sorted(had.keys() - wanted.keys())
    if gone:
        await aws.ecr.untag_resource(resourceArn=arn, tagKeys=gone)
    if wanted.items() - had.items():
        await aws.ecr.tag_resource(resourceArn=arn, tags=to_list(wanted))


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
                "ImageTagMutabilityExclusionFilters",
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
