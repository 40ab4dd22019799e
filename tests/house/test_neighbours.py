"""Tables of other services that a loop listens to are known by name alone: the names must be theirs."""

from __future__ import annotations

from bambe.services.codedeploy.reconciler import ECS_TABLES
from bambe.services.ecs import registration
from bambe.services.ecs.tables import SERVICES, TASK_SETS, TASKS
from bambe.services.elbv2.tables import TARGETS


def test_ecs_knows_the_table_of_targets() -> None:
    assert TARGETS.name == registration.TARGETS_TABLE
    assert TARGETS.key[3] == "address"


def test_codedeploy_knows_the_tables_of_ecs() -> None:
    assert set(ECS_TABLES) == {TASK_SETS.name, TASKS.name}
    for table in (SERVICES, TASK_SETS, TASKS):
        assert table.key[:3] == ("account", "region", "cluster")
    assert TASK_SETS.key[3] == TASKS.key[3] == "service"
