"""Repositories from templates: scanning, fixed tags, encryption, lifecycle; changed in place."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Wish
from bambe.services.ecr.model import Repository
from bambe.services.ecr.resources import RESOURCES
from tests.support.house import House

(KIND,) = RESOURCES


def wish(**properties: Any) -> Wish:
    return Wish("s", "arn", "R", "s-R-1", "token", properties, {"team": "a"})


async def shown(house: House) -> dict[str, Any]:
    (one,) = (await house.aws.ecr.describe_repositories(repositoryNames=["web"]))["repositories"]
    return dict(one)


async def test_a_repository_with_everything(house: House) -> None:
    key = "arn:aws:kms:eu-central-1:000000000000:key/1"
    first = {
        "RepositoryName": "web",
        "ImageScanningConfiguration": {"ScanOnPush": "true"},
        "ImageTagMutability": "IMMUTABLE",
        "EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": key},
        "Tags": [{"Key": "stage", "Value": "a"}],
    }
    made = await KIND.create(house.aws, wish(**first))
    told = await shown(house)
    assert told["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": key}
    assert told["imageScanningConfiguration"] == {"scanOnPush": True}
    assert KIND.update is not None
    excluded = {
        "ImageTagMutabilityExclusionFilterType": "WILDCARD",
        "ImageTagMutabilityExclusionFilterValue": "dev-*",
    }
    second = {
        **first,
        "ImageScanningConfiguration": {"ScanOnPush": False},
        "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "ImageTagMutabilityExclusionFilters": [excluded],
        "Tags": [],
    }
    await KIND.update(house.aws, wish(**second), made, first)
    told = await shown(house)
    assert told["imageScanningConfiguration"] == {"scanOnPush": False}
    assert told["imageTagMutabilityExclusionFilters"] == [{"filterType": "WILDCARD", "filter": "dev-*"}]
    tags = (await house.aws.ecr.list_tags_for_resource(resourceArn=told["repositoryArn"]))["tags"]
    assert {one["Key"] for one in tags} == {"team", "bambe:creation"}


async def test_exclusions_go_with_their_kind_of_mutability_only(house: House) -> None:
    for request in (
        {"imageTagMutability": "MUTABLE_WITH_EXCLUSION"},
        {"imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "v*"}]},
    ):
        with pytest.raises(AwsError) as caught:
            await house.aws.ecr.create_repository(repositoryName="web", **request)
        assert caught.value.wire_code() == "InvalidParameterException"


@pytest.mark.parametrize(
    ("mutability", "fixed"),
    [
        ("MUTABLE", set()),
        ("IMMUTABLE", {"v1", "dev"}),
        ("IMMUTABLE_WITH_EXCLUSION", {"v1"}),
        ("MUTABLE_WITH_EXCLUSION", {"dev"}),
    ],
)
def test_which_tags_are_fixed(house: House, mutability: str, fixed: set[str]) -> None:
    exclusions = ["d*"] if mutability.endswith("EXCLUSION") else []
    row = Repository("1", "r", "web", house.clock.now(), mutability=mutability, exclusions=exclusions)
    assert {tag for tag in ("v1", "dev") if row.is_fixed(tag)} == fixed
