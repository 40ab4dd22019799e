"""ResumeSession: a session that lost its connection is over."""

from __future__ import annotations

from pathlib import Path

import pytest

from bambe.services.ssm.errors import DoesNotExistException
from tests.support.house import House


async def test_no_token_says_that_a_session_is_over(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.start()
    lost = "ecs-execute-command-0123456789abcdef0"
    assert await house.aws.ssm.resume_session(SessionId=lost) == {"SessionId": lost}
    with pytest.raises(DoesNotExistException):
        await house.aws.ssm.resume_session(SessionId="someone-0123456789abcdef0")
    await house.stop()
