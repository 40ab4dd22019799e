"""AWS::SSM::Parameter, made, made again, changed and removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Wish
from bambe.services.ssm.resources import RESOURCES
from tests.support.house import House


def wish(token: str = "t1", **properties: object) -> Wish:
    return Wish("shop", "id", "P", "shop-P-1", token, {"Type": "String", **properties}, {"stack": "shop"})


async def test_the_life_of_a_parameter_in_a_stack(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.start()
    (kind,) = RESOURCES
    assert kind.update is not None
    first = wish(Value="one", Tags={"team": "shop"}, Description="d")
    made = await kind.create(house.aws, first)
    assert made == await kind.create(house.aws, first)
    assert (made.physical_id, made.attributes) == ("shop-P-1", {"Type": "String", "Value": "one"})
    with pytest.raises(AwsError):
        await kind.create(house.aws, wish("t2", Value="x"))
    second = wish(Value="two")
    await kind.update(house.aws, second, made, first.properties)
    await kind.update(house.aws, second, made, second.properties)
    (row,) = (await house.aws.ssm.describe_parameters())["Parameters"]
    assert (row["Version"], row.get("Description")) == (2, None)
    tags = await house.aws.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="shop-P-1")
    assert {t["Key"] for t in tags["TagList"]} == {"bambe:creation", "stack"}
    for _ in range(2):
        await kind.delete(house.aws, made, second.properties)
    assert (await house.aws.ssm.describe_parameters())["Parameters"] == []
    await house.stop()
