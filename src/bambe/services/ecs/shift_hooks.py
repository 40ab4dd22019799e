"""Asks the Lambda function of a lifecycle hook, and reads its answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import isfinite
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.services.ecs.names import deployment_arn, revision_arn, service_arn
from bambe.services.ecs.service_deployment import HookRun, HookStatus, ServiceDeployment

LONGEST = 24 * 3600.0
AGAIN = 30.0
"""Seconds until the next call, where the function does not say ("callBackDelay")."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function said: settled, or to be asked again after `delay` seconds with `details`."""

    status: HookStatus
    delay: float = AGAIN
    details: Any = None
    why: str = ""


async def ask(aws: Aws, row: ServiceDeployment, run: HookRun, weights: dict[str, dict[str, float]]) -> Answer:
    """One invocation; a function that cannot be called or fails has failed the hook, as on AWS."""
    payload = json.dumps(_payload(row, run, weights)).encode()
    try:
        answer = await aws.lambda_.invoke(FunctionName=run.function, Payload=payload)
    except AwsError as error:
        if error.fault == "server" and error.wire_code() != "NotImplemented":
            raise
        return Answer(HookStatus.FAILED, why=error.message)
    if answer.get("FunctionError"):
        return Answer(HookStatus.FAILED, why=f"the function ended with {answer['FunctionError']}")
    return _read(answer.get("Payload", b""))


def _read(payload: Any) -> Answer:
    try:
        said = json.loads(payload.read() if hasattr(payload, "read") else payload)
        status = HookStatus(said["hookStatus"])
        delay = float(said.get("callBackDelay", AGAIN))
        delay = min(max(delay, 0.0), LONGEST) if isfinite(delay) else AGAIN
    except (ValueError, TypeError, KeyError):
        return Answer(HookStatus.FAILED, why="the function did not answer with a hookStatus")
    if status not in (HookStatus.SUCCEEDED, HookStatus.FAILED, HookStatus.IN_PROGRESS):
        return Answer(HookStatus.FAILED, why=f"the function answered {status}")
    return Answer(status, delay, said.get("hookDetails"))


def _payload(row: ServiceDeployment, run: HookRun, weights: dict[str, dict[str, float]]) -> dict[str, Any]:
    """The event of a hook (ECS guide: "Lifecycle hooks for Amazon ECS service deployments")."""
    return {
        "executionId": run.id,
        "lifecycleStage": run.stage.value,
        "resourceArn": deployment_arn(row),
        "executionDetails": {
            "serviceArn": service_arn(row),
            "targetServiceRevisionArn": revision_arn(row, row.target),
            **weights,
        },
        **({"hookDetails": run.details} if run.details is not None else {}),
    }
