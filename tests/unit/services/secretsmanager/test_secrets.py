"""Secrets: made, found by every name they have, changed, deleted and restored."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.kernel.clock import ManualClock
from bambe.services.secretsmanager.model import CURRENT, PREVIOUS, Version, staged
from tests.support.house import House
from tests.unit.services.secretsmanager.conftest import refused

TOKEN = "t" * 32


async def create(house: House, name: str = "shop/db", value: str = "one", **more: Any) -> Any:
    return await house.aws.secretsmanager.create_secret(Name=name, SecretString=value, **more)


async def value_of(house: House, secret: str = "shop/db", **more: Any) -> Any:
    return (await house.aws.secretsmanager.get_secret_value(SecretId=secret, **more))["SecretString"]


async def put(house: House, value: str, **more: Any) -> str:
    answer = await house.aws.secretsmanager.put_secret_value(SecretId="shop/db", SecretString=value, **more)
    return str(answer["VersionId"])


async def stages(house: House) -> dict[str, list[str]]:
    return dict((await house.aws.secretsmanager.describe_secret(SecretId="shop/db"))["VersionIdsToStages"])


async def test_a_secret_is_found_by_every_name_it_has(house: House) -> None:
    arn = (await create(house))["ARN"]
    assert re.fullmatch(
        r"arn:aws:secretsmanager:eu-central-1:000000000000:secret:shop/db-[A-Za-z0-9]{6}", arn
    )
    for name in ("shop/db", arn, arn[:-7]):
        assert await value_of(house, name) == "one"
    for name in ("shop", arn[:-1] + "!", arn[:-3], arn.replace("eu-central-1", "eu-west-1")):
        assert (await refused(value_of(house, name)))[0] == "ResourceNotFoundException"


async def test_no_value_can_be_read_in_the_store(house: House) -> None:
    await create(house, value="hunter2")
    await house.aws.secretsmanager.create_secret(Name="b", SecretBinary=b"hunter2")
    bodies = await house.store.read(
        lambda tx: tx.execute("SELECT CAST(body AS TEXT) FROM secretsmanager_versions").fetchall()
    )
    assert len(bodies) == 2
    assert "hunter2" not in str(bodies)
    got = await house.aws.secretsmanager.get_secret_value(SecretId="b")
    assert (got["SecretBinary"], "SecretString" in got) == (b"hunter2", False)


async def test_the_current_value_becomes_the_previous_one(house: House) -> None:
    first = (await create(house))["VersionId"]
    second = await put(house, "two")
    assert await stages(house) == {first: [PREVIOUS], second: [CURRENT]}
    assert await value_of(house) == "two"
    assert await value_of(house, VersionStage=PREVIOUS) == "one"
    assert await value_of(house, VersionId=first) == "one"
    third = await put(house, "three")
    assert await stages(house) == {second: [PREVIOUS], third: [CURRENT]}
    listed = house.aws.secretsmanager.list_secret_version_ids
    assert len((await listed(SecretId="shop/db"))["Versions"]) == 2
    assert len((await listed(SecretId="shop/db", IncludeDeprecated=True))["Versions"]) == 3
    code, message = await refused(value_of(house, VersionId=first, VersionStage=CURRENT))
    assert (code, "not associated" in message) == ("InvalidRequestException", True)


async def test_the_same_request_again_makes_no_second_version(house: House) -> None:
    first = await create(house, ClientRequestToken=TOKEN)
    assert await create(house, ClientRequestToken=TOKEN) == first
    assert await put(house, "one", ClientRequestToken=TOKEN) == TOKEN
    code, message = await refused(put(house, "hunter2", ClientRequestToken=TOKEN))
    assert (code, "hunter2" in message) == ("ResourceExistsException", False)
    code, message = await refused(create(house))
    assert (code, message) == (
        "ResourceExistsException",
        "The operation failed because the secret shop/db already exists.",
    )


async def test_a_secret_may_be_made_before_its_value(house: House) -> None:
    answer = await house.aws.secretsmanager.create_secret(Name="shop/db", Description="d")
    assert "VersionId" not in answer
    code, message = await refused(value_of(house))
    assert (code, message) == (
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    )
    await put(house, "one", VersionStages=["MINE"])
    assert await value_of(house) == await value_of(house, VersionStage="MINE") == "one"


async def test_an_update_changes_what_it_says(house: House) -> None:
    await create(house, Description="old")
    update = house.aws.secretsmanager.update_secret
    assert "VersionId" not in await update(SecretId="shop/db", Description="new")
    assert (await update(SecretId="shop/db", SecretString="two"))["VersionId"]
    shown = await house.aws.secretsmanager.describe_secret(SecretId="shop/db")
    assert (shown["Description"], await value_of(house)) == ("new", "two")


async def test_stages_are_moved_by_hand(house: House) -> None:
    first = (await create(house))["VersionId"]
    second = await put(house, "two")
    move = house.aws.secretsmanager.update_secret_version_stage
    one = {"SecretId": "shop/db", "VersionStage": CURRENT}
    code, message = await refused(move(**one, MoveToVersionId=first))
    assert (code, f"attached to version {second}" in message) == ("InvalidParameterException", True)
    assert (await refused(move(**one, RemoveFromVersionId=second)))[0] == "InvalidParameterException"
    await move(**one, MoveToVersionId=first, RemoveFromVersionId=second)
    assert await stages(house) == {first: [CURRENT], second: [PREVIOUS]}
    mine = {"SecretId": "shop/db", "VersionStage": "MINE"}
    await move(**mine, MoveToVersionId=first)
    assert (await refused(move(**mine, RemoveFromVersionId=second)))[0] == "InvalidParameterException"
    await move(**mine, RemoveFromVersionId=first)
    assert await stages(house) == {first: [CURRENT], second: [PREVIOUS]}


async def test_a_deleted_secret_waits_and_can_be_restored(house: House) -> None:
    await create(house)
    answer = await house.aws.secretsmanager.delete_secret(SecretId="shop/db", RecoveryWindowInDays=7)
    assert answer["DeletionDate"] == house.clock.now() + timedelta(days=7)
    code, message = await refused(value_of(house))
    assert (code, "marked for deletion" in message) == ("InvalidRequestException", True)
    assert "already scheduled for deletion" in (await refused(create(house)))[1]
    assert (await house.aws.secretsmanager.list_secrets())["SecretList"] == []
    (row,) = (await house.aws.secretsmanager.list_secrets(IncludePlannedDeletion=True))["SecretList"]
    assert row["DeletedDate"] == answer["DeletionDate"]
    await house.aws.secretsmanager.restore_secret(SecretId="shop/db")
    await house.advance(8 * 86400, step=86400)
    assert await value_of(house) == "one"


async def test_after_its_window_a_deleted_secret_is_gone(house: House) -> None:
    arn = (await create(house))["ARN"]
    await house.aws.secretsmanager.delete_secret(SecretId="shop/db", RecoveryWindowInDays=7)
    await house.advance(7 * 86400 - 1, step=86400)
    await house.aws.secretsmanager.describe_secret(SecretId="shop/db")
    await house.advance(2)
    assert (await refused(house.aws.secretsmanager.restore_secret(SecretId="shop/db")))[0] == (
        "ResourceNotFoundException"
    )
    assert (await create(house))["ARN"] != arn


async def test_a_rehearsal_shortens_the_window(house: House) -> None:
    await create(house)
    clock: ManualClock = house.clock
    clock._scale = 86400.0
    await house.aws.secretsmanager.delete_secret(SecretId="shop/db")
    await house.advance(31)
    assert (await refused(house.aws.secretsmanager.describe_secret(SecretId="shop/db")))[0] == (
        "ResourceNotFoundException"
    )


async def test_force_deletes_at_once_and_again(house: House) -> None:
    await create(house)
    for _ in range(2):
        await house.aws.secretsmanager.delete_secret(SecretId="shop/db", ForceDeleteWithoutRecovery=True)
    assert (await refused(value_of(house)))[0] == "ResourceNotFoundException"
    assert (await create(house, value="two"))["VersionId"]


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("create_secret", {"Name": "a b"}, "ValidationException"),
        (
            "create_secret",
            {"Name": "a", "SecretString": "x", "SecretBinary": b"x"},
            "InvalidParameterException",
        ),
        ("create_secret", {"Name": "a", "AddReplicaRegions": [{"Region": "eu-west-1"}]}, "NotImplemented"),
        ("put_secret_value", {"SecretId": "shop/db"}, "InvalidRequestException"),
        ("put_secret_value", {"SecretId": "nowhere", "SecretString": "x"}, "ResourceNotFoundException"),
        ("delete_secret", {"SecretId": "shop/db", "RecoveryWindowInDays": 6}, "InvalidParameterException"),
        (
            "delete_secret",
            {"SecretId": "shop/db", "RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": True},
            "InvalidParameterException",
        ),
        ("list_secrets", {"NextToken": "x"}, "InvalidNextTokenException"),
        ("batch_get_secret_value", {}, "InvalidParameterException"),
    ],
)
async def test_what_is_refused(house: House, operation: str, request_: dict[str, Any], code: str) -> None:
    await create(house)
    assert (await refused(getattr(house.aws.secretsmanager, operation)(**request_)))[0] == code


async def test_secrets_are_listed_by_filter_and_order(house: House) -> None:
    await create(house, "shop/a", Description="The database", Tags=[{"Key": "team", "Value": "shop"}])
    await house.clock.advance(1)
    await create(house, "shop/b")
    await house.clock.advance(1)
    await create(house, "other")

    async def names(**more: Any) -> list[str]:
        return [one["Name"] for one in (await house.aws.secretsmanager.list_secrets(**more))["SecretList"]]

    async def having(key: str, *values: str) -> list[str]:
        return await names(Filters=[{"Key": key, "Values": list(values)}], SortOrder="asc")

    assert await names() == ["other", "shop/b", "shop/a"]
    assert await names(SortBy="name", SortOrder="asc") == ["other", "shop/a", "shop/b"]
    assert await having("name", "shop/") == ["shop/a", "shop/b"]
    assert await having("name", "!shop/") == ["other"]
    assert await having("description", "data") == await having("tag-key", "te") == ["shop/a"]
    assert await having("all", "SHOP") == ["shop/a", "shop/b"]
    assert (await refused(having("primary-region", "x")))[0] == "NotImplemented"
    batch = await house.aws.secretsmanager.batch_get_secret_value(SecretIdList=["shop/a", "nowhere"])
    assert [one["Name"] for one in batch["SecretValues"]] == ["shop/a"]
    assert batch["Errors"][0]["ErrorCode"] == "ResourceNotFoundException"


async def test_old_deprecated_versions_make_room(house: House) -> None:
    await create(house)
    for number in range(120):
        await house.clock.advance(1)
        await put(house, str(number))
    listed = await house.aws.secretsmanager.list_secret_version_ids(
        SecretId="shop/db", IncludeDeprecated=True
    )
    assert len(listed["Versions"]) == 100
    assert (await value_of(house), await value_of(house, VersionStage=PREVIOUS)) == ("119", "118")


async def test_tags_come_and_go(house: House) -> None:
    await create(house, Tags=[{"Key": "a", "Value": "1"}])
    await house.aws.secretsmanager.tag_resource(SecretId="shop/db", Tags=[{"Key": "b", "Value": "2"}])
    await house.aws.secretsmanager.untag_resource(SecretId="shop/db", TagKeys=["a"])
    shown = await house.aws.secretsmanager.describe_secret(SecretId="shop/db")
    assert shown["Tags"] == [{"Key": "b", "Value": "2"}]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([CURRENT, "A", "B"])), max_size=12))
def test_a_stage_is_on_one_version_at_most(moves: list[tuple[int, str]]) -> None:
    at = ManualClock().now()
    rows = [Version(account="a", region="r", name="n", id=str(n), sealed="", created_at=at) for n in range(4)]
    for target, stage in moves:
        before = next((row.id for row in rows if CURRENT in row.stages), "")
        rows = staged(rows, str(target), [stage])
        held = [each for row in rows for each in row.stages]
        assert len(held) == len(set(held))
        assert stage in rows[target].stages
        if stage == CURRENT and before not in ("", str(target)):
            assert PREVIOUS in rows[int(before)].stages
