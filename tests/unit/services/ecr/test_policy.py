"""What ECR answers the registry, and what becomes of deleted images there."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from bambe.engines.registry.port import Pushed, Pusher
from bambe.kernel.errors import NotThere, Refused
from bambe.services.ecr.policy import EcrPolicy
from tests.fakes.registry import MEDIA_TYPE
from tests.support.house import House
from tests.unit.services.ecr.conftest import WHO


async def password(house: House) -> str:
    (data,) = (await house.aws.ecr.get_authorization_token())["authorizationData"]
    assert data["proxyEndpoint"] == "http://localhost:4566"
    return base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:")


async def test_a_token_is_good_for_twelve_hours(house: House, policy: EcrPolicy) -> None:
    token = await password(house)
    assert await policy.authorize("AWS", token) == WHO
    assert await policy.authorize("ada", token) is None
    assert await policy.authorize("AWS", "wrong") is None
    await house.clock.advance(12 * 3600 - 1)
    assert await policy.authorize("AWS", token) == WHO
    await house.clock.advance(1)
    assert await policy.authorize("AWS", token) is None


async def test_a_token_is_bound_to_account_and_region(house: House, policy: EcrPolicy) -> None:
    other = house.aws.within("111111111111", "us-east-1")
    (data,) = (await other.ecr.get_authorization_token())["authorizationData"]
    token = base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:")
    assert await policy.authorize("AWS", token) == Pusher("111111111111", "us-east-1")


async def test_only_created_repositories_exist(shop: House, policy: EcrPolicy) -> None:
    assert await policy.has_repository(WHO, "shop")
    assert not await policy.has_repository(WHO, "other")
    assert not await policy.has_repository(Pusher(WHO.account, "us-east-1"), "shop")


async def test_immutable_tags_stay_where_they_are(shop: House) -> None:
    await shop.aws.ecr.put_image_tag_mutability(repositoryName="shop", imageTagMutability="IMMUTABLE")
    await shop.registry.push(WHO, "shop", "1", "first")
    await shop.registry.push(WHO, "shop", "1", "first")
    with pytest.raises(Refused, match="The image tag '1' already exists in the 'shop' repository and cannot"):
        await shop.registry.push(WHO, "shop", "1", "second")
    await shop.registry.push(WHO, "shop", "2", "second")


async def test_a_push_that_would_be_refused_is_known_before(shop: House, policy: EcrPolicy) -> None:
    await shop.aws.ecr.put_image_tag_mutability(repositoryName="shop", imageTagMutability="IMMUTABLE")
    first = Pushed("shop", "1", "sha256:" + "1" * 64, MEDIA_TYPE, 1, "{}")
    second = replace(first, digest="sha256:" + "2" * 64)
    assert await policy.refusal(WHO, first) == ""
    assert await policy.pushing(WHO, first) == ""
    assert await policy.refusal(WHO, first) == ""
    assert await policy.refusal(WHO, replace(second, tag="")) == ""
    assert await policy.refusal(WHO, second) == await policy.pushing(WHO, second) != ""
    assert "does not exist" in await policy.refusal(WHO, replace(first, repository="other"))


async def test_deleted_images_leave_the_registry(shop: House) -> None:
    digest = await shop.registry.push(WHO, "shop", "1")
    kept = await shop.registry.push(WHO, "shop", "2", "other")
    await shop.aws.ecr.batch_delete_image(repositoryName="shop", imageIds=[{"imageDigest": digest}])
    await shop.settle()
    with pytest.raises(NotThere):
        await shop.registry.manifest(WHO, "shop", "1")
    await shop.registry.manifest(WHO, "shop", kept)


async def test_a_deleted_tag_leaves_the_registry(shop: House) -> None:
    digest = await shop.registry.push(WHO, "shop", "1")
    await shop.registry.push(WHO, "shop", "2")
    await shop.aws.ecr.batch_delete_image(repositoryName="shop", imageIds=[{"imageTag": "1"}])
    await shop.settle()
    with pytest.raises(NotThere):
        await shop.registry.manifest(WHO, "shop", "1")
    for reference in ("2", digest):
        await shop.registry.manifest(WHO, "shop", reference)


async def test_what_is_pushed_again_stays(shop: House) -> None:
    digest = await shop.registry.push(WHO, "shop", "1")
    await shop.aws.ecr.batch_delete_image(repositoryName="shop", imageIds=[{"imageDigest": digest}])
    await shop.registry.push(WHO, "shop", "1")
    await shop.settle()
    await shop.registry.manifest(WHO, "shop", "1")


async def test_a_deleted_repository_leaves_the_registry(shop: House) -> None:
    await shop.registry.push(WHO, "shop", "1")
    await shop.aws.ecr.delete_repository(repositoryName="shop", force=True)
    await shop.settle()
    with pytest.raises(NotThere):
        await shop.registry.manifest(WHO, "shop", "1")


async def test_a_repository_created_anew_is_empty(shop: House) -> None:
    await shop.registry.push(WHO, "shop", "1")
    await shop.aws.ecr.delete_repository(repositoryName="shop", force=True)
    await shop.aws.ecr.create_repository(repositoryName="shop")
    await shop.settle()
    with pytest.raises(NotThere):
        await shop.registry.manifest(WHO, "shop", "1")
