"""What a plan says of stacks of which CloudFormation cannot be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bambe.cli.planning import Plan, Planner, refusals
from bambe.cli.previews import Preview
from bambe.cli.stacks import Stacks
from bambe.cli.wanted import Wanted
from tests.unit.cli.stage import shop


class CloudFormation:
    """Stacks with one resource each; of change sets nobody may ask."""

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_stack_resources"
        return self

    def paginate(self, StackName: str) -> Any:
        return [{"StackResourceSummaries": [{"LogicalResourceId": "LogGroup"}]}]


def preview(root: Path, name: str, **statuses: str) -> tuple[Planner, Preview]:
    target, there = shop(root), Stacks(CloudFormation())
    planner = Planner(target, there, Wanted(there, target.project))
    found = {key.replace("_", "-"): {"StackName": key, "StackStatus": one} for key, one in statuses.items()}
    (stack,) = [one for one in planner.wanted.every if one.name == name]
    return planner, planner._preview(stack, found)


@pytest.mark.parametrize("status", ["CREATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"])
def test_what_is_on_its_way_is_waited_for(tmp_path: Path, status: str) -> None:
    _, found = preview(tmp_path, "shop-network", shop_network=status)
    assert found.lines == ["shop-network:", f"  {status}: `bambe up` waits for its end"]
    assert not found.needs_yes


@pytest.mark.parametrize("status", ["CREATE_FAILED", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED"])
def test_what_was_given_up_is_refused(tmp_path: Path, status: str) -> None:
    planner, found = preview(tmp_path, "shop-network", shop_network=status)
    (said,) = refusals(planner.target.project, planner.wanted.every[:1], [found])
    assert said.startswith(f"the stack shop-network is {status}: ")


def test_a_stack_that_waits_for_another_tells_what_it_lacks(tmp_path: Path) -> None:
    _, found = preview(tmp_path, "shop-orders", shop_orders="UPDATE_COMPLETE")
    assert "LogGroup" not in {one.resource for one in found.changes}
    assert "  + Service (AWS::ECS::Service)" in found.lines
    assert found.lines[-1] == "  more can be said once shop-network has changed"


def test_a_plan_of_a_stack_that_was_never_made_is_that_of_a_new_one(tmp_path: Path) -> None:
    _, found = preview(tmp_path, "shop-network", shop_network="ROLLBACK_COMPLETE")
    assert found.is_new
    assert Plan((found,)).is_first
