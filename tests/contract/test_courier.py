"""What a courier is held to, fake and real: it tells statuses, reaches this machine and nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web

from bambe.engines.courier.http import HttpCourier
from bambe.engines.courier.port import Courier, Parcel
from bambe.kernel.errors import Refused, Unavailable
from tests.fakes.courier import FakeCourier

SUBNET = "10.200.0.0/16"
Make = Callable[[int], Courier]


@pytest.fixture
async def endpoint() -> AsyncIterator[tuple[str, list[str]]]:
    """An endpoint that answers with the status in its path, and what it was sent."""
    sent: list[str] = []

    async def take(request: web.Request) -> web.Response:
        sent.append(f"{request.headers['x-amz-sns-message-type']} {await request.text()}")
        status = int(request.match_info["status"])
        return web.Response(status=status, headers={"location": "/200"} if status == 302 else {})

    app = web.Application()
    app.router.add_post("/{status}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", sent
    await runner.cleanup()


def parcel(url: str) -> Parcel:
    return Parcel(url, {"x-amz-sns-message-type": "Notification"}, json.dumps({"a": 1}).encode())


@pytest.mark.parametrize("is_real", [False, True])
@pytest.mark.parametrize("status", [200, 302, 404, 503])
async def test_it_tells_what_the_endpoint_answered(
    endpoint: tuple[str, list[str]], is_real: bool, status: int
) -> None:
    url = f"{endpoint[0]}/{status}"
    fake = FakeCourier()
    fake.answers[url] = [status]
    courier: Courier = HttpCourier() if is_real else fake
    assert await courier.deliver(parcel(url), SUBNET) == status
    sent = endpoint[1] if is_real else [f"Notification {one.body.decode()}" for one in fake.delivered]
    assert sent == ['Notification {"a": 1}']


@pytest.mark.parametrize("is_real", [False, True])
async def test_nobody_there(is_real: bool) -> None:
    url = "http://127.0.0.1:1/200"
    fake = FakeCourier()
    fake.answers[url] = [0]
    courier: Courier = HttpCourier() if is_real else fake
    with pytest.raises(Unavailable):
        await courier.deliver(parcel(url), SUBNET)


@pytest.mark.parametrize("is_real", [False, True])
@pytest.mark.parametrize("host", ["192.0.2.1", "8.8.8.8", "[2001:db8::1]", "169.254.169.254"])
async def test_nothing_leaves_this_machine(is_real: bool, host: str) -> None:
    courier: Courier = HttpCourier() if is_real else FakeCourier()
    with pytest.raises(Refused):
        await courier.deliver(parcel(f"http://{host}/200"), SUBNET)
