"""Ledgers of releases, read from CloudWatch Logs and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import ClientError

from bambe.cli.native import native_history
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble
from bambe.evidence.ledger import Broken, Record, check, is_closed, read
from bambe.evidence.shipping import GROUP

ENDED_WELL = ("Succeeded", "SUCCESSFUL")
"""What CodeDeploy and ECS call a release that is done."""
NO_DEPLOYMENT = ("DeploymentDoesNotExistException", "InvalidDeploymentIdException")


@dataclass(frozen=True, slots=True)
class Ledger:
    """The records of one deployment; `broken` says where they are not as they were written, or ""."""

    deployment: str
    records: tuple[Record, ...]
    broken: str

    @property
    def is_closed(self) -> bool:
        return is_closed(self.records)

    @property
    def last(self) -> dict[str, Any]:
        """The body of the newest record that has counts."""
        bodies = [record.body for record in self.records if "counts" in record.body]
        return dict(bodies[-1]) if bodies else {}

    @property
    def revision(self) -> dict[str, Any]:
        """What ran when the deployment had ended well; empty for one that has not."""
        body = self.records[-1].body if self.is_closed else {}
        return dict(body.get("revision", {})) if body.get("status") in ENDED_WELL else {}

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "deployment": self.deployment,
            "whole": not self.broken,
            "broken": self.broken,
            "closed": self.is_closed,
            "head": self.records[-1].hash if self.records else "",
            "records": [asdict(record) for record in self.records],
        }


def find(logs: Any, deployment: str) -> Ledger:
    """The ledger of a deployment; Trouble where there is none."""
    try:
        lines = _lines(logs, deployment)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise Trouble(
            f"{deployment} has no ledger: it changed nothing, was a rolling update, or was not made here."
        ) from None
    records: list[Record] = []
    try:
        records = [read(line) for line in lines]
        check(records)
    except Broken as error:
        return Ledger(deployment, tuple(records), str(error))
    return Ledger(deployment, tuple(records), "")


def of_release(target: Target, id: str) -> Ledger:
    """The ledger of a release; Trouble says what `id` is instead, or that the release has none."""
    if id in target.project.services:
        raise Trouble(f"{id} is a service: `bambe release list {id}` has the IDs of its releases.")
    try:
        return find(target.client("logs"), id)
    except Trouble:
        if _is_known(target, id):
            raise
    raise Trouble(f"there is no release {id!r}: `bambe release list SERVICE` has the IDs of a service's.")


def _is_known(target: Target, id: str) -> bool:
    """Whether CodeDeploy or ECS remembers a release of this id."""
    if not id.startswith("d-"):
        services = [one for one in target.project.services if target.is_by_ecs(one)]
        found = [one["serviceDeploymentArn"] for each in services for one in native_history(target, each)]
        return any(arn.endswith(f"/{id}") for arn in found)
    try:
        target.client("codedeploy").get_deployment(deploymentId=id)
    except ClientError as error:
        if error.response["Error"]["Code"] in NO_DEPLOYMENT:
            return False
        raise
    return True


def _lines(logs: Any, deployment: str) -> Sequence[str]:
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = logs.get_log_events(
            logGroupName=GROUP, logStreamName=deployment, startFromHead=True, **token
        )
        found += [event["message"] for event in answer["events"]]
        if not answer["events"] or answer["nextForwardToken"] == token.get("nextToken"):
            return found
        token = {"nextToken": answer["nextForwardToken"]}
