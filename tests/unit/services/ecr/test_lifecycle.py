"""Lifecycle policies: what they refuse, what they expire, and what a kept release keeps from expiring."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.engines.registry.port import Pushed
from bambe.kernel.errors import AwsError
from bambe.services.ecr.lifecycle import BadPolicy, expiries, read
from bambe.services.ecr.model import Image
from bambe.services.ecr.policy import EcrPolicy
from tests.support.house import ACCOUNT, REGION, House
from tests.unit.services.ecr.conftest import WHO

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def rule(priority: int = 1, **chosen: Any) -> dict[str, Any]:
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 2, **chosen}
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}


def policy_of(*rules: dict[str, Any]) -> str:
    return json.dumps({"rules": rules})


def image(number: int, *tags: str, days: int = 0) -> Image:
    at = NOW - timedelta(days=days, minutes=number)
    return Image(ACCOUNT, REGION, "shop", f"sha256:{number:064x}", "m", 1, "{}", at, list(tags))


def gone(text: str, *images: Image) -> list[int]:
    return sorted(int(one.image.digest[7:], 16) for one in expiries(read(text), images, NOW))


def test_the_oldest_beyond_the_number_expire() -> None:
    assert gone(policy_of(rule(countNumber=2)), image(1), image(2, "a"), image(3), image(4, "b")) == [3, 4]


def test_untagged_ones_expire_by_age() -> None:
    text = policy_of(
        rule(tagStatus="untagged", countType="sinceImagePushed", countUnit="days", countNumber=7)
    )
    assert gone(text, image(1, days=8), image(2, "a", days=8), image(3, days=6)) == [1]


def test_a_rule_keeps_its_images_from_those_after_it() -> None:
    text = policy_of(
        rule(1, tagStatus="tagged", tagPrefixList=["release"], countNumber=1), rule(2, countNumber=1)
    )
    images = [image(1, "dev"), image(2, "release-2"), image(3, "release-1"), image(4, "old")]
    assert gone(text, *images) == [3, 4], "release-2 is one of two images, but the first rule's to judge"


def test_patterns_are_all_to_be_met() -> None:
    text = policy_of(rule(tagStatus="tagged", tagPatternList=["*web*", "v*"], countNumber=1))
    images = [image(1, "v1", "myweb"), image(2, "v2", "web"), image(3, "v3"), image(4, "web")]
    assert gone(text, *images) == [2]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no", "not valid JSON"),
        ("[" * 20_000, "not valid JSON"),
        ("{}", "at least one rule"),
        (policy_of(rule(1), rule(1, tagStatus="untagged")), "of its own"),
        (policy_of(rule(1), rule(2, tagStatus="untagged")), "highest rulePriority"),
        (policy_of(rule(countNumber=0)), "'countNumber' is a whole number"),
        (policy_of(rule(tagStatus="tagged")), "tagPrefixList"),
        (policy_of(rule(countType="sinceImagePulled")), "'countType' is one of"),
        (policy_of(rule(countUnit="days")), "'countUnit'"),
        (policy_of(rule() | {"action": {"type": "transition"}}), "'expire'"),
    ],
)
def test_what_ecr_would_refuse_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadPolicy, match=why):
        read(text)


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_nothing_but_a_bad_policy_comes_of_what_is_none(said: Any) -> None:
    with pytest.raises(BadPolicy):
        read(json.dumps({"rules": [said]}))


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["", "a", "b"])), max_size=12), st.integers(1, 5)
)
def test_a_count_leaves_so_many_and_no_image_expires_twice(said: list[tuple[int, str]], number: int) -> None:
    images = [image(n, *([tag] if tag else []), days=days) for n, (days, tag) in enumerate(said)]
    rules = read(policy_of(rule(1, tagStatus="untagged", countNumber=number), rule(2, countNumber=number)))
    found = [one.image.digest for one in expiries(rules, images, NOW)]
    assert len(found) == len(set(found))
    assert sum(not one.tags for one in images if one.digest not in found) == min(
        number, sum(not one.tags for one in images)
    )


async def push(house: House, policy: EcrPolicy, tag: str, letter: str = "", manifest: str = "{}") -> str:
    digest = f"sha256:{(letter or tag) * 64}"[:71]
    await policy.pushing(WHO, Pushed("shop", tag, digest, "application/json", 1, manifest))
    await house.clock.advance(60)
    return digest


async def left(house: House) -> list[str]:
    images = (await house.aws.ecr.describe_images(repositoryName="shop"))["imageDetails"]
    return sorted(tag for one in images for tag in one.get("imageTags", ["untagged"]))


async def define(house: House, image: str) -> str:
    answer = await house.aws.ecs.register_task_definition(
        family="web", containerDefinitions=[{"name": "web", "image": image, "memory": 128}]
    )
    return str(answer["taskDefinition"]["taskDefinitionArn"])


async def test_images_expire_but_for_those_a_kept_release_needs(shop: House, policy: EcrPolicy) -> None:
    digests = {tag: await push(shop, policy, tag) for tag in "abcdef"}
    defined = await define(shop, "localhost:4566/shop:b")
    logs = shop.aws.logs
    await logs.create_log_group(logGroupName="/bambe/releases")
    await logs.create_log_stream(logGroupName="/bambe/releases", logStreamName="d-1")
    line = json.dumps({"revision": {"images": {"web": digests["c"]}}})
    await logs.put_log_events(
        logGroupName="/bambe/releases", logStreamName="d-1",
        logEvents=[{"timestamp": int(shop.clock.now().timestamp() * 1000), "message": line}],
    )  # fmt: skip
    await shop.aws.ecr.put_lifecycle_policy(repositoryName="shop", lifecyclePolicyText=policy_of(rule()))
    await shop.settle()
    assert await left(shop) == ["b", "c", "e", "f"]
    await shop.aws.ecs.deregister_task_definition(taskDefinition=defined)
    await shop.advance(3700, 600)
    assert await left(shop) == ["c", "e", "f"]


AWS_NAME = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop"


@pytest.mark.parametrize(
    "named",
    ["localhost:4566/shop:latest", "localhost:4566/shop", AWS_NAME, f"{AWS_NAME}:latest",
     f"localhost:4566/shop@sha256:{'a' * 64}", f"{AWS_NAME}@sha256:{'a' * 64}"],
)  # fmt: skip
async def test_an_image_is_kept_however_a_task_definition_names_it(
    shop: House, policy: EcrPolicy, named: str
) -> None:
    await push(shop, policy, "latest", "a")
    for tag in "bcd":
        await push(shop, policy, tag)
    await define(shop, named)
    await shop.aws.ecr.put_lifecycle_policy(repositoryName="shop", lifecyclePolicyText=policy_of(rule()))
    await shop.settle()
    assert await left(shop) == ["c", "d", "latest"]


async def test_a_repository_of_another_account_is_none_of_ours(shop: House, policy: EcrPolicy) -> None:
    for tag in "abc":
        await push(shop, policy, tag)
    await define(shop, f"111111111111.dkr.ecr.{REGION}.amazonaws.com/shop:a")
    await shop.aws.ecr.put_lifecycle_policy(repositoryName="shop", lifecyclePolicyText=policy_of(rule()))
    await shop.settle()
    assert await left(shop) == ["b", "c"]


async def test_the_images_of_an_index_go_after_it_and_not_before(shop: House, policy: EcrPolicy) -> None:
    children = [await push(shop, policy, "", letter) for letter in "ab"]
    index = json.dumps({"schemaVersion": 2, "manifests": [{"digest": one, "size": 1} for one in children]})
    await push(shop, policy, "many", "c", index)
    untagged = rule(tagStatus="untagged", countType="sinceImagePushed", countUnit="days", countNumber=1)
    await shop.aws.ecr.put_lifecycle_policy(repositoryName="shop", lifecyclePolicyText=policy_of(untagged))
    await shop.clock.advance(2 * 86_400)
    await shop.settle()
    assert await left(shop) == ["many", "untagged", "untagged"]
    await shop.aws.ecr.batch_delete_image(repositoryName="shop", imageIds=[{"imageTag": "many"}])
    await shop.advance(3700, 600)
    assert await left(shop) == []


async def test_an_image_that_an_index_names_cannot_be_deleted(shop: House, policy: EcrPolicy) -> None:
    child = await push(shop, policy, "", "a")
    text = json.dumps({"schemaVersion": 2, "manifests": [{"digest": child, "size": 1}]})
    index = await push(shop, policy, "many", "b", text)

    async def delete(*digests: str) -> Any:
        ids = [{"imageDigest": one} for one in digests]
        return await shop.aws.ecr.batch_delete_image(repositoryName="shop", imageIds=ids)

    (failure,) = (await delete(child))["failures"]
    assert failure == {
        "imageId": {"imageDigest": child},
        "failureCode": "ImageReferencedByManifestList",
        "failureReason": f"Requested image referenced by manifest list: [{index}]",
    }
    assert (await delete(index, child))["failures"] == []
    assert await left(shop) == []


async def test_a_policy_that_is_none_is_refused_and_changes_nothing(shop: House) -> None:
    text = json.dumps({"rules": [], "reason": "ECR takes no text of less than a hundred characters" * 2})
    with pytest.raises(AwsError) as caught:
        await shop.aws.ecr.put_lifecycle_policy(repositoryName="shop", lifecyclePolicyText=text)
    assert caught.value.wire_code() == "InvalidParameterException"
    assert "Lifecycle policy validation failure: the policy needs at least one rule" in caught.value.message
    with pytest.raises(AwsError, match="Lifecycle policy does not exist"):
        await shop.aws.ecr.get_lifecycle_policy(repositoryName="shop")
