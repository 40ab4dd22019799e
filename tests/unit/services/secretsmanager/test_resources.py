"""AWS::SecretsManager::Secret, made, made again, changed and removed."""

from __future__ import annotations

import json

import pytest

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import ResourceFailed, Wish
from bambe.services.secretsmanager.resources import RESOURCES
from tests.support.house import House

RECIPE = {
    "SecretStringTemplate": '{"user": "shop"}',
    "GenerateStringKey": "password",
    "PasswordLength": "20",
    "ExcludePunctuation": "true",
}
(KIND,) = RESOURCES


def wish(token: str = "t1", **properties: object) -> Wish:
    return Wish("shop", "id", "S", "shop-S-1", token, properties, {"stack": "shop"})


async def value(house: House) -> str:
    return str((await house.aws.secretsmanager.get_secret_value(SecretId="shop-S-1"))["SecretString"])


async def test_a_generated_secret_stays_until_its_recipe_changes(house: House) -> None:
    assert KIND.update is not None
    first = wish(GenerateSecretString=RECIPE, Description="d")
    made = await KIND.create(house.aws, first)
    before = await value(house)
    assert made == await KIND.create(house.aws, first)
    assert await value(house) == before
    assert json.loads(before)["user"] == "shop"
    assert len(json.loads(before)["password"]) == 20
    assert json.loads(before)["password"].isalnum()
    assert made.attributes == {"Id": made.physical_id}
    second = wish(GenerateSecretString=RECIPE, Tags=[{"Key": "team", "Value": "shop"}])
    await KIND.update(house.aws, second, made, first.properties)
    assert await value(house) == before
    shown = await house.aws.secretsmanager.describe_secret(SecretId=made.physical_id)
    assert ({t["Key"] for t in shown["Tags"]}, "Description" in shown) == (
        {"bambe:creation", "stack", "team"},
        False,
    )
    third = wish(SecretString="plain")
    await KIND.update(house.aws, third, made, second.properties)
    assert await value(house) == "plain"
    for _ in range(2):
        await KIND.delete(house.aws, made, third.properties)
    assert await KIND.create(house.aws, first) != made


async def test_another_ones_secret_is_not_taken(house: House) -> None:
    await house.aws.secretsmanager.create_secret(Name="shop-S-1")
    with pytest.raises(AwsError, match="already exists"):
        await KIND.create(house.aws, wish())


@pytest.mark.parametrize(
    "properties",
    [
        {"SecretString": "a", "GenerateSecretString": {}},
        {"GenerateSecretString": {"SecretStringTemplate": "[]", "GenerateStringKey": "a"}},
        {"GenerateSecretString": {"SecretStringTemplate": "{}"}},
    ],
)
async def test_what_makes_no_sense_fails(house: House, properties: dict[str, object]) -> None:
    with pytest.raises(ResourceFailed):
        await KIND.create(house.aws, wish(**properties))
