"""A house whose registry asks ECR's policy, as the daemon's does."""

from __future__ import annotations

import pytest

from bambe.engines.registry.port import Pusher
from bambe.services.ecr.policy import EcrPolicy
from tests.support.house import ACCOUNT, REGION, House

WHO = Pusher(ACCOUNT, REGION)


@pytest.fixture
def policy(house: House) -> EcrPolicy:
    made = EcrPolicy(house.store, house.clock)
    house.registry.app(made)
    return made


@pytest.fixture
async def shop(house: House, policy: EcrPolicy) -> House:
    """The house, with a repository called shop."""
    await house.aws.ecr.create_repository(repositoryName="shop")
    return house
