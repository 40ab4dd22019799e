"""What is said of a stack that failed."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.cli.stacks import Stacks, why_it_failed
from bambe.cli.trouble import Trouble

IN_USE = "Export shop-ShiftRole cannot be updated as it is in use by shop-orders and shop-gateway"


def event(resource: str, status: str, why: str = "") -> dict[str, Any]:
    made = {"EventId": f"{resource}-{status}", "LogicalResourceId": resource, "ResourceStatus": status}
    return made | ({"ResourceStatusReason": why} if why else {})


BEGUN = event("shop", "UPDATE_IN_PROGRESS", "User Initiated")


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([event("shop", "UPDATE_ROLLBACK_IN_PROGRESS", IN_USE), event("shop", "UPDATE_ROLLBACK_COMPLETE")],
         IN_USE),
        ([event("shop", "DELETE_FAILED", IN_USE)], IN_USE),
        ([event("Service", "UPDATE_FAILED", "no such image"),
          event("Rule", "CREATE_FAILED", "Resource creation cancelled"),
          event("shop", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed: [Service].")],
         "Service: no such image"),
        ([event("Service", "UPDATE_COMPLETE", "fine")],
         "see its events (bambe aws cloudformation describe-stack-events)."),
    ],
)  # fmt: skip
def test_the_first_reason_is_named(events: list[dict[str, Any]], says: str) -> None:
    assert why_it_failed("shop", [BEGUN, *events]) == says


class CloudFormation:
    """A stack whose update was taken back, by a reason of the stack's own."""

    def describe_stacks(self, StackName: str) -> Any:
        return {"Stacks": [{"StackName": StackName, "StackStatus": "UPDATE_ROLLBACK_COMPLETE"}]}

    def get_paginator(self, operation: str) -> Any:
        return self

    def paginate(self, StackName: str) -> Any:
        events = [BEGUN, event("shop", "UPDATE_ROLLBACK_IN_PROGRESS", IN_USE)]
        return [{"StackEvents": events[::-1]}]


def test_a_failed_update_tells_the_stacks_own_reason() -> None:
    with pytest.raises(Trouble, match=f"^the stack shop is UPDATE_ROLLBACK_COMPLETE: {IN_USE}$"):
        Stacks(CloudFormation()).finish(["shop"], lambda line: None)
