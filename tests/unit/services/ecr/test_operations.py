"""Repositories, images and policies as callers see them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.support.house import ACCOUNT, House
from tests.unit.services.ecr.conftest import WHO


async def refused(code: str, call: Any) -> str:
    with pytest.raises(AwsError) as caught:
        await call
    assert caught.value.wire_code() == code
    return caught.value.message


async def test_a_repository_comes_and_goes(shop: House) -> None:
    ecr = shop.aws.ecr
    (row,) = (await ecr.describe_repositories())["repositories"]
    assert row["repositoryUri"] == "localhost:4566/shop"
    assert row["repositoryArn"] == f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/shop"
    assert (row["registryId"], row["imageTagMutability"]) == (ACCOUNT, "MUTABLE")
    said = await refused("RepositoryAlreadyExistsException", ecr.create_repository(repositoryName="shop"))
    assert said == f"The repository with name 'shop' already exists in the registry with id '{ACCOUNT}'"
    await ecr.delete_repository(repositoryName="shop")
    said = await refused("RepositoryNotFoundException", ecr.describe_repositories(repositoryNames=["shop"]))
    assert said == f"The repository with name 'shop' does not exist in the registry with id '{ACCOUNT}'"


async def test_repositories_are_the_accounts_and_regions_own(shop: House) -> None:
    for account, region in (("111111111111", "eu-central-1"), (ACCOUNT, "us-east-1")):
        other = shop.aws.within(account, region)
        assert (await other.ecr.describe_repositories())["repositories"] == []


async def test_repositories_in_pages(shop: House) -> None:
    for name in ("a1", "b1"):
        await shop.aws.ecr.create_repository(repositoryName=name)
    first = await shop.aws.ecr.describe_repositories(maxResults=2)
    rest = await shop.aws.ecr.describe_repositories(maxResults=2, nextToken=first["nextToken"])
    names = [row["repositoryName"] for row in [*first["repositories"], *rest["repositories"]]]
    assert names == ["a1", "b1", "shop"]
    assert "nextToken" not in rest


async def test_images_by_tag_and_digest(shop: House) -> None:
    digest = await shop.registry.push(WHO, "shop", "1")
    await shop.registry.push(WHO, "shop", "2")
    (detail,) = (await shop.aws.ecr.describe_images(repositoryName="shop"))["imageDetails"]
    assert (detail["imageDigest"], detail["imageTags"]) == (digest, ["1", "2"])
    assert detail["imageSizeInBytes"] > 0
    ids = (await shop.aws.ecr.list_images(repositoryName="shop"))["imageIds"]
    assert ids == [{"imageDigest": digest, "imageTag": tag} for tag in ("1", "2")]
    answer = await shop.aws.ecr.batch_get_image(
        repositoryName="shop", imageIds=[{"imageTag": "1"}, {"imageTag": "9"}]
    )
    (image,), (failure,) = answer["images"], answer["failures"]
    assert json.loads(image["imageManifest"])["schemaVersion"] == 2
    assert (failure["failureCode"], failure["failureReason"]) == (
        "ImageNotFound",
        "Requested image not found",
    )


async def test_untagged_images(shop: House) -> None:
    old = await shop.registry.push(WHO, "shop", "latest", "old")
    new = await shop.registry.push(WHO, "shop", "latest", "new")
    for status, digest in (("UNTAGGED", old), ("TAGGED", new)):
        found = await shop.aws.ecr.list_images(repositoryName="shop", filter={"tagStatus": status})
        assert [one["imageDigest"] for one in found["imageIds"]] == [digest]


async def test_an_image_that_is_not_there(shop: House) -> None:
    said = await refused(
        "ImageNotFoundException",
        shop.aws.ecr.describe_images(repositoryName="shop", imageIds=[{"imageTag": "9"}]),
    )
    assert said.endswith(
        f"does not exist within the repository with name 'shop' in the registry with id '{ACCOUNT}'"
    )


async def test_the_last_tag_takes_the_image_with_it(shop: House) -> None:
    await shop.registry.push(WHO, "shop", "1")
    await shop.registry.push(WHO, "shop", "2")
    for tag, left in (("1", 1), ("2", 0)):
        await shop.aws.ecr.batch_delete_image(repositoryName="shop", imageIds=[{"imageTag": tag}])
        assert len((await shop.aws.ecr.describe_images(repositoryName="shop"))["imageDetails"]) == left


async def test_a_repository_with_images_goes_by_force(shop: House) -> None:
    await shop.registry.push(WHO, "shop", "1")
    said = await refused("RepositoryNotEmptyException", shop.aws.ecr.delete_repository(repositoryName="shop"))
    assert said == (
        f"The repository with name 'shop' in registry with id '{ACCOUNT}' cannot be deleted"
        " because it still contains images"
    )
    await shop.aws.ecr.delete_repository(repositoryName="shop", force=True)


async def test_policies_are_kept(shop: House) -> None:
    ecr = shop.aws.ecr
    chosen = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9}
    text = json.dumps({"rules": [{"rulePriority": 1, "selection": chosen, "action": {"type": "expire"}}]})
    await refused("LifecyclePolicyNotFoundException", ecr.get_lifecycle_policy(repositoryName="shop"))
    await ecr.put_lifecycle_policy(repositoryName="shop", lifecyclePolicyText=text)
    assert (await ecr.get_lifecycle_policy(repositoryName="shop"))["lifecyclePolicyText"] == text
    await ecr.delete_lifecycle_policy(repositoryName="shop")
    await refused("LifecyclePolicyNotFoundException", ecr.delete_lifecycle_policy(repositoryName="shop"))
    await refused("RepositoryPolicyNotFoundException", ecr.get_repository_policy(repositoryName="shop"))
    text = json.dumps({"Statement": [{"Effect": "Allow"}]})
    await ecr.set_repository_policy(repositoryName="shop", policyText=text)
    assert (await ecr.delete_repository_policy(repositoryName="shop"))["policyText"] == text


async def test_tags_of_a_repository(shop: House) -> None:
    arn = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/shop"
    await shop.aws.ecr.tag_resource(
        resourceArn=arn, tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    )
    await shop.aws.ecr.untag_resource(resourceArn=arn, tagKeys=["a"])
    found = await shop.aws.ecr.list_tags_for_resource(resourceArn=arn)
    assert found["tags"] == [{"Key": "b", "Value": "2"}]
