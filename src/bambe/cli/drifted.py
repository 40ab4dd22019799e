"""A Kafka cluster whose access somebody changed past bambe.yml: brought back to what the template says.

CloudFormation does not see it: to an update of a stack with the same template there is nothing to change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from bambe.cli.trouble import Trouble
from bambe.kernel.clock import monotonic

SECURITY = ("ClientAuthentication", "EncryptionInfo")
BUSY = ("CREATING", "UPDATING", "REBOOTING_BROKER")
LIMIT = 900.0
POLL = 0.25


def restore_access(kafka: Any, arn: str, template: Mapping[str, Any], say: Callable[[str], None]) -> None:
    """Have the cluster let clients in as the resource `Cluster` of `template` says."""
    wanted = {name: template["Resources"]["Cluster"]["Properties"][name] for name in SECURITY}
    shown = _at_rest(kafka, arn)
    if holds(wanted, shown.get("Provisioned")):
        return
    name = shown["ClusterName"]
    say(f"{name}: somebody changed how clients come to the brokers: they are begun anew as bambe.yml says")
    answer = kafka.update_security(ClusterArn=arn, CurrentVersion=shown["CurrentVersion"], **wanted)
    if not holds(wanted, _at_rest(kafka, arn).get("Provisioned")):
        asked = kafka.describe_cluster_operation(ClusterOperationArn=answer["ClusterOperationArn"])
        why = (
            asked["ClusterOperationInfo"]
            .get("ErrorInfo", {})
            .get("ErrorString", "somebody changed it again.")
        )
        raise Trouble(f"the Kafka cluster {name} does not let clients in as bambe.yml says: {why}")


def holds(wanted: Any, shown: Any) -> bool:
    """Whether all that is wanted is shown; what is not shown is off."""
    if isinstance(wanted, Mapping):
        return all(holds(value, (shown or {}).get(name)) for name, value in wanted.items())
    return bool(wanted == (shown if shown is not None else False))


def _at_rest(kafka: Any, arn: str) -> dict[str, Any]:
    """The cluster once nothing is being done to it."""
    end = monotonic() + LIMIT
    while True:
        shown: dict[str, Any] = kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]
        is_busy = shown["State"] in BUSY
        if not is_busy and shown["State"] not in ("FAILED", "DELETING"):
            return shown
        if not is_busy or monotonic() > end:
            why = shown.get("StateInfo", {}).get("Message", "")
            raise Trouble(f"the Kafka cluster {shown['ClusterName']} is {shown['State']}. {why}".strip())
        time.sleep(POLL)  # noqa: TID251
