"""Parameters: put, got, listed, labelled, removed, and never readable in the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.kernel.errors import AwsError
from bambe.services.ssm.lookup import under
from tests.support.house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    await made.start()
    yield made
    await made.stop()


async def refused(call: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        await call
    return caught.value.wire_code(), caught.value.message


async def put(house: House, name: str, value: str = "v", **more: Any) -> Any:
    return await house.aws.ssm.put_parameter(Name=name, Value=value, **{"Type": "String", **more})


async def value_of(house: House, name: str) -> str:
    answer = await house.aws.ssm.get_parameter(Name=name, WithDecryption=True)
    return str(answer["Parameter"]["Value"])


async def test_a_parameter_is_what_was_put(house: House) -> None:
    assert await put(house, "/shop/url", "http://x") == {"Version": 1, "Tier": "Standard"}
    got = (await house.aws.ssm.get_parameter(Name="/shop/url"))["Parameter"]
    assert (got["Value"], got["Type"], got["Version"]) == ("http://x", "String", 1)
    assert got["ARN"] == "arn:aws:ssm:eu-central-1:000000000000:parameter/shop/url"
    assert await value_of(house, got["ARN"]) == "http://x"


async def test_a_secure_string_is_ciphertext_until_asked_for(house: House) -> None:
    await put(house, "/shop/password", "hunter2", Type="SecureString")
    hidden = (await house.aws.ssm.get_parameter(Name="/shop/password"))["Parameter"]["Value"]
    assert "hunter2" not in hidden
    assert await value_of(house, "/shop/password") == "hunter2"
    (described,) = (await house.aws.ssm.describe_parameters())["Parameters"]
    assert described["KeyId"] == "alias/aws/ssm"
    assert "Value" not in described


async def test_no_value_can_be_read_in_the_store(house: House) -> None:
    for kind in ("String", "StringList", "SecureString"):
        await put(house, f"/{kind}", "hunter2", Type=kind)
    bodies = await house.store.read(
        lambda tx: tx.execute("SELECT CAST(body AS TEXT) FROM ssm_parameter_versions").fetchall()
    )
    assert len(bodies) == 3
    assert "hunter2" not in str(bodies)


async def test_overwriting_makes_a_version_and_keeps_the_old_ones(house: House) -> None:
    await put(house, "/a", "one", Description="first", AllowedPattern="[a-z]+")
    assert (await refused(put(house, "/a", "two")))[0] == "ParameterAlreadyExists"
    answer = await house.aws.ssm.put_parameter(Name="/a", Value="two", Overwrite=True)
    assert answer["Version"] == 2
    assert [await value_of(house, name) for name in ("/a", "/a:1", "/a:2")] == ["two", "one", "two"]
    history = (await house.aws.ssm.get_parameter_history(Name="/a"))["Parameters"]
    assert [(h["Version"], h["Value"], h["Description"]) for h in history] == [
        (1, "one", "first"),
        (2, "two", "first"),
    ]
    code, message = await refused(house.aws.ssm.get_parameter(Name="/a:3"))
    assert code == "ParameterVersionNotFound"
    assert "could not find version 3 of /a" in message


async def test_only_a_hundred_versions_are_kept_and_labels_hold_them(house: House) -> None:
    await put(house, "/a")
    for _ in range(100):
        await put(house, "/a", Overwrite=True)
    pages, token = [], None
    while True:
        more = {"NextToken": token} if token else {}
        answer = await house.aws.ssm.get_parameter_history(Name="/a", **more)
        pages += [h["Version"] for h in answer["Parameters"]]
        token = answer.get("NextToken")
        if token is None:
            break
    assert pages == list(range(2, 102))
    await house.aws.ssm.label_parameter_version(Name="/a", ParameterVersion=2, Labels=["keep"])
    assert (await refused(put(house, "/a", Overwrite=True)))[0] == "ParameterMaxVersionLimitExceeded"


async def test_a_label_moves_from_version_to_version(house: House) -> None:
    await put(house, "/a", "one")
    await put(house, "/a", "two", Overwrite=True)
    label = house.aws.ssm.label_parameter_version
    answer = await label(Name="/a", ParameterVersion=1, Labels=["prod", "1bad", "aws-x"])
    assert answer == {"InvalidLabels": ["1bad", "aws-x"], "ParameterVersion": 1}
    assert await value_of(house, "/a:prod") == "one"
    await label(Name="/a", Labels=["prod"])
    assert await value_of(house, "/a:prod") == "two"
    got = (await house.aws.ssm.get_parameter(Name="/a:prod"))["Parameter"]
    assert got["Selector"] == ":prod"
    answer = await house.aws.ssm.unlabel_parameter_version(
        Name="/a", ParameterVersion=2, Labels=["prod", "x"]
    )
    assert answer == {"RemovedLabels": ["prod"], "InvalidLabels": ["x"]}
    assert (await refused(house.aws.ssm.get_parameter(Name="/a:prod")))[0] == "ParameterVersionNotFound"


async def test_a_path_shows_what_lies_below_it(house: House) -> None:
    for name in ("/shop/db/user", "/shop/db/deep/er", "/shop/dbx", "plain"):
        await put(house, name)

    async def below(path: str, **more: Any) -> list[str]:
        answer = await house.aws.ssm.get_parameters_by_path(Path=path, **more)
        return [one["Name"] for one in answer["Parameters"]]

    assert await below("/shop/db") == ["/shop/db/user"]
    assert await below("/shop/db/", Recursive=True) == ["/shop/db/deep/er", "/shop/db/user"]
    assert await below("/") == ["plain"]
    assert len(await below("/", Recursive=True)) == 4
    assert await below("/shop", Recursive=True, MaxResults=1) == ["/shop/db/deep/er"]
    assert (await refused(below("shop")))[0] == "ValidationException"


async def test_many_are_got_at_once_and_the_missing_are_named(house: House) -> None:
    await put(house, "/a", "1")
    await put(house, "/b", "2")
    answer = await house.aws.ssm.get_parameters(Names=["/b", "/a:1", "/c"])
    assert [p["Value"] for p in answer["Parameters"]] == ["2", "1"]
    assert answer["InvalidParameters"] == ["/c"]
    assert (await refused(house.aws.ssm.get_parameters(Names=["/a", "/a:1"])))[0] == "ValidationException"


async def test_filters_narrow_the_description(house: House) -> None:
    await put(house, "/a/one", Tags=[{"Key": "team", "Value": "shop"}])
    await put(house, "/a/two", Type="SecureString")
    await put(house, "/b", "x" * 5000, Tier="Intelligent-Tiering")

    async def found(key: str, *values: str, **more: Any) -> list[str]:
        wanted = {"Key": key, **({"Values": list(values)} if values else {}), **more}
        answer = await house.aws.ssm.describe_parameters(ParameterFilters=[wanted])
        return [one["Name"] for one in answer["Parameters"]]

    assert await found("Name", "/a", Option="BeginsWith") == ["/a/one", "/a/two"]
    assert await found("Name", "w", Option="Contains") == ["/a/two"]
    assert await found("Type", "SecureString") == ["/a/two"]
    assert await found("Path", "/", Option="Recursive") == ["/a/one", "/a/two", "/b"]
    assert await found("Path", "/a") == ["/a/one", "/a/two"]
    assert await found("Tier", "Advanced") == ["/b"]
    assert await found("tag:team") == ["/a/one"]
    assert (await refused(found("Label", "x")))[0] == "InvalidFilterKey"
    assert (await refused(found("Type", "String", Option="Contains")))[0] == "InvalidFilterOption"


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [
        ("a/b", {}, "ValidationException"),
        ("/a//b", {}, "ValidationException"),
        ("/a b", {}, "ValidationException"),
        ("awsx", {}, "ValidationException"),
        ("/aws/x", {}, "AccessDeniedException"),
        ("/x" * 16, {}, "HierarchyLevelLimitExceededException"),
        ("/a", {"Value": ""}, "ValidationException"),
        ("/a", {"Value": "x" * 4097}, "ValidationException"),
        ("/a", {"Value": "x" * 8193, "Tier": "Advanced"}, "ValidationException"),
        ("/a", {"KeyId": "alias/x"}, "ValidationException"),
        ("/a", {"Value": "secret", "AllowedPattern": "[0-9]+"}, "ParameterPatternMismatchException"),
        ("/a", {"AllowedPattern": "["}, "InvalidAllowedPatternException"),
        ("/a", {"Type": None}, "ValidationException"),
        ("/a", {"DataType": "aws:ec2:image"}, "NotImplemented"),
        ("/a", {"Policies": '[{"Type":"Expiration"}]'}, "NotImplemented"),
        ("/a", {"Overwrite": True, "Tags": [{"Key": "a", "Value": "b"}]}, "ValidationException"),
        ("/a", {"Tags": [{"Key": str(n), "Value": ""} for n in range(51)]}, "TooManyTagsError"),
    ],
)
async def test_what_cannot_be_put_is_refused_without_its_value(
    house: House, name: str, more: dict[str, Any], code: str
) -> None:
    wanted = {"Name": name, "Value": "secret", "Type": "String", **more}
    got, message = await refused(
        house.aws.ssm.put_parameter(**{k: v for k, v in wanted.items() if v is not None})
    )
    assert got == code
    assert "secret" not in message
    assert (await house.aws.ssm.describe_parameters())["Parameters"] == []


async def test_a_parameter_keeps_its_type_and_never_steps_down(house: House) -> None:
    await put(house, "/a", "x" * 5000, Tier="Advanced")
    assert (await refused(put(house, "/a", Overwrite=True, Type="SecureString")))[0] == (
        "HierarchyTypeMismatchException"
    )
    assert "can't downgrade" in (await refused(put(house, "/a", Overwrite=True, Tier="Standard")))[1]
    assert (await put(house, "/a", Overwrite=True))["Tier"] == "Advanced"


async def test_what_is_deleted_is_gone_with_its_history(house: House) -> None:
    for name in ("/a", "/b", "/c"):
        await put(house, name)
    await house.aws.ssm.delete_parameter(Name="/a")
    assert await refused(house.aws.ssm.get_parameter(Name="/a")) == ("ParameterNotFound", "")
    assert (await refused(house.aws.ssm.delete_parameter(Name="/a")))[0] == "ParameterNotFound"
    answer = await house.aws.ssm.delete_parameters(Names=["/b", "/a", "/c"])
    assert answer == {"DeletedParameters": ["/b", "/c"], "InvalidParameters": ["/a"]}
    assert (await put(house, "/a"))["Version"] == 1


async def test_tags_come_and_go(house: House) -> None:
    await put(house, "/a", Tags=[{"Key": "team", "Value": "shop"}])
    what = {"ResourceType": "Parameter", "ResourceId": "/a"}
    await house.aws.ssm.add_tags_to_resource(**what, Tags=[{"Key": "stage", "Value": "prod"}])
    await house.aws.ssm.remove_tags_from_resource(**what, TagKeys=["team"])
    assert (await house.aws.ssm.list_tags_for_resource(**what))["TagList"] == [
        {"Key": "stage", "Value": "prod"}
    ]
    code, _ = await refused(
        house.aws.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/nowhere")
    )
    assert code == "InvalidResourceId"


async def test_accounts_and_regions_are_apart(house: House) -> None:
    await put(house, "/a")
    other = house.aws.within("000000000000", "eu-west-1")
    assert (await refused(other.ssm.get_parameter(Name="/a")))[0] == "ParameterNotFound"


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), st.integers(0, 4))
def test_every_name_lies_below_each_of_its_parents(parts: list[str], depth: int) -> None:
    name, path = "/" + "/".join(parts), "".join(f"/{part}" for part in parts[:depth])
    assert under(name, path, True) is (depth < len(parts))
    assert under(name, path, False) is (depth == len(parts) - 1)
