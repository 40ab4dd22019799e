"""What a pusher is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bambe.daemon import policies
from bambe.daemon.policies import GitDoor, Pushes
from bambe.edge.credentials import KeyRing
from tests.support.house import ACCOUNT, House

GOOD = "project: shop\nservices: {orders: {path: orders, port: 8080, route: default}}\n"
BAD = GOOD.replace("services", "serviecs")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD, []),
        (None, []),
        (BAD, ["bambe.yml:2: `serviecs` is not a key: did you mean `services`? Builds go by the last"
               " `bambe up`."]),
    ],
)  # fmt: skip
async def test_a_mistake_in_bambe_yml_is_told(tmp_path: Path, text: str | None, told: list[str]) -> None:
    house = House(tmp_path)
    await house.start()
    door = GitDoor(
        KeyRing(None, account=ACCOUNT), Pushes(house.store, house.clock, house.git, house.site), house.git
    )
    await house.git.push("shop", {"bambe.yml": text, "README": "x"})
    assert await door.pushed("shop") == told
    assert await door.pushed("shop") == [], "once"
    await house.stop()


async def test_a_bambe_yml_that_takes_too_long_to_read_holds_up_no_push(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "PATIENCE", 0.0)
    house = House(tmp_path)
    await house.start()
    door = GitDoor(
        KeyRing(None, account=ACCOUNT), Pushes(house.store, house.clock, house.git, house.site), house.git
    )
    await house.git.push("shop", {"bambe.yml": BAD})
    assert await door.pushed("shop") == []
    await house.stop()
