"""`bambe up` run again: what is as bambe.yml says is not released anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bambe.cli.bringing_up import comparable
from bambe.project import Project
from bambe.synth import task_definition
from tests.support.house import ACCOUNT, REGION, House


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"environment": {"B": "2", "A": "1"}},
        {"secrets": {"B": "ssm:/shop/b", "A": "secretsmanager:shop/db:password"}},
        {"exec": True},
    ],
)
async def test_a_definition_as_ecs_shows_it_is_the_one_that_was_registered(
    tmp_path: Path, said: dict[str, Any]
) -> None:
    house = House(tmp_path)
    await house.start()
    web = {"path": "services/web", "port": 80, "route": "default", **said}
    project = Project.model_validate({"project": "shop", "services": {"web": web}})
    wanted = task_definition(project, "web", "localhost:4566/shop/web:1", ACCOUNT, REGION)
    await house.aws.ecs.register_task_definition(**wanted)
    shown = await house.aws.ecs.describe_task_definition(taskDefinition="shop-web")
    assert comparable(shown["taskDefinition"]) == wanted
    await house.stop()
