"""What a function has answered counts, whatever becomes of its container."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from bambe.kernel.errors import Refused
from bambe.services.lambda_.launch import OUR_IMAGE
from tests.support.house import House
from tests.unit.services.lambda_.test_functions import answer, function, house

__all__ = ["house"]


class Quick:
    """Containers of which one ends just before it is looked at."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.ended: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._house.containers, name)

    async def list_tasks(self) -> Any:
        specs = self._house.containers.specs
        if specs and not self.ended:
            self.ended = list(specs)
            answer(self._house, '{"hookStatus": "SUCCEEDED"}')
            self._house.containers.exit(self.ended[0], code=0)
        return await self._house.containers.list_tasks()


async def test_a_function_that_ends_while_it_is_looked_at_has_not_failed(house: House) -> None:
    """It answers and exits between the look for its result and the look at its container."""
    await house.aws.lambda_.create_function(**function(Timeout=60))
    loop = house.runners["lambda.invocation"].reconciler
    loop._containers = quick = Quick(house)  # type: ignore[attr-defined]
    call = asyncio.ensure_future(house.aws.lambda_.invoke(FunctionName="smoke"))
    await asyncio.sleep(0)
    await house.advance(1, 0.1)
    got = await call
    assert quick.ended
    assert "FunctionError" not in got, got["Payload"]


async def test_what_a_function_that_cannot_start_answers_is_json(house: House) -> None:
    await house.aws.lambda_.create_function(**function(Timeout=60))
    house.containers.fail_start(OUR_IMAGE, Refused('line one\nC:\\path "quoted"'))
    call = asyncio.ensure_future(house.aws.lambda_.invoke(FunctionName="smoke"))
    await asyncio.sleep(0)
    await house.advance(2, 0.1)
    got = await call
    assert 'line one\nC:\\path "quoted"' in json.loads(got["Payload"])["errorMessage"]
