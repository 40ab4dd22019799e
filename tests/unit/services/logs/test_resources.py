"""Log groups from templates: their key and retention change in place."""

from __future__ import annotations

from typing import Any

from bambe.kernel.resources import Wish
from bambe.services.logs.resources import RESOURCES
from tests.support.house import House

(KIND,) = RESOURCES
KEY = "arn:aws:kms:eu-central-1:000000000000:key/1"


def wish(**properties: Any) -> Wish:
    return Wish("s", "arn", "L", "s-L-1", "token", properties, {})


async def test_a_groups_key_is_recorded_and_changes_in_place(house: House) -> None:
    async def told() -> Any:
        return (await house.aws.logs.describe_log_groups())["logGroups"][0]

    first = {"LogGroupName": "/shop", "KmsKeyId": KEY, "RetentionInDays": 30}
    made = await KIND.create(house.aws, wish(**first))
    assert ((await told())["kmsKeyId"], (await told())["retentionInDays"]) == (KEY, 30)
    assert KIND.update is not None
    assert "KmsKeyId" not in KIND.replaces
    await KIND.update(house.aws, wish(LogGroupName="/shop"), made, first)
    assert "kmsKeyId" not in await told()
    await KIND.update(house.aws, wish(**first), made, {"LogGroupName": "/shop"})
    assert (await told())["kmsKeyId"] == KEY
    await house.aws.logs.disassociate_kms_key(resourceIdentifier=(await told())["logGroupArn"])
    assert "kmsKeyId" not in await told()
