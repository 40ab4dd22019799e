"""What is said of a stack that failed."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.cli.stack_events import failed, told, why_it_failed
from bambe.cli.stacks import Stacks
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


@pytest.mark.parametrize(
    ("reason", "helps"),
    [
        ("Builder: Failed to call CreateWebhook, reason: Could not find access token for server type github",
         "let CodeBuild read the repository"),
        ("DeployRole: shop-web-deploy already exists", "name it in `existing`"),
        ("Nat1: The maximum number of addresses has been reached. (AddressLimitExceeded)", "quota raised"),
        ("Service: Resource handler returned message: Error occurred during operation 'ECS Deployment Circuit"
         " Breaker was triggered'", "what they printed last"),
        ("Rule: User: arn:aws:iam::1:user/a is not authorized to perform: elasticloadbalancing:CreateRule",
         "give these credentials the right that is named"),
    ],
)  # fmt: skip
def test_a_failure_says_what_helps(reason: str, helps: str) -> None:
    said = failed("shop", "ROLLBACK_COMPLETE", reason)
    assert said.startswith(f"the stack shop is ROLLBACK_COMPLETE: {reason}")
    assert helps in said


def test_a_certificate_that_waits_for_a_dns_record_is_told_with_the_record() -> None:
    why = "Content of DNS Record is: {Name: _a7.shop.example.,Type: CNAME,Value: _42.acm-validations.aws.}"
    said = told(event("Certificate", "CREATE_IN_PROGRESS", why))
    assert said == "Certificate waits for a DNS record: _a7.shop.example CNAME _42.acm-validations.aws"
    assert told(event("Certificate", "CREATE_IN_PROGRESS")) == ""


def test_what_keeps_a_stack_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(CloudFormation):
        asked = 0

        def describe_stacks(self, StackName: str) -> Any:
            self.asked += 1
            status = "CREATE_IN_PROGRESS" if self.asked < 4 else "CREATE_COMPLETE"
            return {"Stacks": [{"StackName": StackName, "StackStatus": status}]}

    times = iter(range(0, 1000, 11))
    monkeypatch.setattr("bambe.cli.stacks.monotonic", lambda: next(times))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    lines: list[str] = []
    Stacks(Slow()).finish(["shop"], lines.append, lambda left: [f"{left[0]}: a task does not start"])
    assert lines == ["shop: a task does not start"]
