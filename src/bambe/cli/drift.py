"""What has drifted: resources of stacks that somebody changed or deleted past their template.

CloudFormation looks: each stack is asked to, asked until it is done, and read. Many at once, for a look takes
AWS seconds by the stack.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from bambe.cli.drift_owners import Difference, Seen, differences
from bambe.cli.numbers import counted
from bambe.cli.trouble import Trouble

__all__ = ["Difference", "Drifted", "Drifts", "detect", "drifted", "report", "summary"]

Say = Callable[[str], None]
Kind = Literal["changed", "deleted", "unknown"]
AT_ONCE = 8
FIRST_PAUSE, LAST_PAUSE, GROWTH = 0.1, 5.0, 1.5
LIMIT = 900.0
TOLD_EVERY = 50
BEGUN, FAILED = "DETECTION_IN_PROGRESS", "DETECTION_FAILED"
NOT_THERE = "does not exist"
NO_REASON = "no reason is given"
ALREADY = "already in progress"


@dataclass(frozen=True, slots=True)
class Drifted:
    """A resource that is not as its template says; `unknown` with its `reason` where nobody could tell, of a
    resource or (without one) of a whole stack."""

    stack: str
    resource: str
    type: str
    kind: Kind
    differences: tuple[Difference, ...] = ()
    reason: str = ""

    @property
    def lines(self) -> list[str]:
        """For a person: a line for each difference."""
        what = f"{self.resource} ({self.type})" if self.resource else "what drifted"
        if self.kind == "unknown":
            return [f"? {what} is not known: {self.reason}"]
        if self.kind == "deleted":
            return [f"- {what} is gone"]
        return [f"~ {what}: {one.line}" for one in self.differences]


def detect(cloudformation: Any, names: Sequence[str], say: Say) -> tuple[Drifted, ...]:
    """What has drifted of those of the stacks `names` that exist, in their order. `cloudformation` is a boto3
    client; its errors become `unknown` ones, with the reason."""
    return Drifts(cloudformation).detect(names, say)


@dataclass(slots=True)
class Drifts:
    """Looks at stacks of one CloudFormation endpoint. `pause` waits so many seconds."""

    cloudformation: Any
    pause: Callable[[float], None] = time.sleep  # noqa: TID251

    def detect(self, names: Sequence[str], say: Say) -> tuple[Drifted, ...]:
        """As the function `detect`."""
        if not names:
            return ()
        say(f"looking at {counted(len(names), 'stack')} for what has drifted")
        found: list[Drifted] = []
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="drift") as pool:
            for number, some in enumerate(pool.map(self._one, names), 1):
                found += some
                if number % TOLD_EVERY == 0:
                    say(f"{number} of {len(names)} stacks looked at")
        return tuple(found)

    def _one(self, name: str) -> list[Drifted]:
        try:
            return self._look(name)
        except ClientError as error:
            return [_unknown(name, str(error.response.get("Error", {}).get("Message") or error))]
        except (BotoCoreError, ResponseParserError, Trouble) as error:
            return [_unknown(name, str(error))]

    def _look(self, name: str) -> list[Drifted]:
        pauses = _pauses()
        detection = self._begun(name, pauses)
        if not detection:
            return []
        status = self._done(detection, pauses)
        found = []
        if status["DetectionStatus"] == FAILED:  # what was compared can be read all the same
            found.append(_unknown(name, str(status.get("DetectionStatusReason") or NO_REASON)))
        if status.get("StackDriftStatus") == "DRIFTED":
            found += drifted(name, self._seen(name))
        return found

    def _begun(self, name: str, pauses: Iterator[float]) -> str:
        """A detection of our own, "" for a stack that is not there: what somebody else began may have seen
        what is no longer so."""
        while True:
            try:
                return str(self.cloudformation.detect_stack_drift(StackName=name)["StackDriftDetectionId"])
            except ClientError as error:
                if NOT_THERE in str(error):
                    return ""
                if ALREADY not in str(error):
                    raise
            self.pause(next(pauses))

    def _done(self, detection: str, pauses: Iterator[float]) -> dict[str, Any]:
        describe = self.cloudformation.describe_stack_drift_detection_status
        while True:
            status: dict[str, Any] = describe(StackDriftDetectionId=detection)
            if status["DetectionStatus"] != BEGUN:
                return status
            self.pause(next(pauses))

    def _seen(self, name: str) -> list[Seen]:
        """All that was seen of a stack: what is in sync says which resources belong together."""
        found: list[Seen] = []
        words = {"StackName": name}
        while True:
            answer = self.cloudformation.describe_stack_resource_drifts(**words)
            found += answer["StackResourceDrifts"]
            if not answer.get("NextToken"):
                return found
            words = {"StackName": name, "NextToken": answer["NextToken"]}


def _pauses() -> Iterator[float]:
    """Seconds between two questions, growing; Trouble past LIMIT."""
    passed, pause = 0.0, FIRST_PAUSE
    while passed < LIMIT:
        yield pause
        passed, pause = passed + pause, min(LAST_PAUSE, pause * GROWTH)
    raise Trouble(f"the look is not done after {LIMIT:.0f} s")


def _unknown(stack: str, reason: str) -> Drifted:
    return Drifted(stack, "", "", "unknown", reason=(reason.splitlines() or [NO_REASON])[0])


def drifted(stack: str, seen: Sequence[Seen]) -> list[Drifted]:
    """What of all that was seen of a stack (DescribeStackResourceDrifts) nobody but the template owns."""
    found = (_drifted(stack, one, seen) for one in seen)
    return sorted((one for one in found if one), key=lambda one: (one.kind != "deleted", one.resource))


def _drifted(stack: str, one: Seen, seen: Sequence[Seen]) -> Drifted | None:
    name, kind, status = one["LogicalResourceId"], one["ResourceType"], one["StackResourceDriftStatus"]
    if status == "DELETED":
        return Drifted(stack, name, kind, "deleted")
    if status == "UNKNOWN":
        return Drifted(
            stack, name, kind, "unknown", reason=one.get("DriftStatusReason", "no reason is given")
        )
    left = differences(one, seen) if status == "MODIFIED" else ()
    return Drifted(stack, name, kind, "changed", left) if left else None


def summary(found: Iterable[Drifted]) -> list[str]:
    """A line for each stack of which something is told."""
    return [_head(stack, some) for stack, some in _by_stack(found)]


def report(found: Iterable[Drifted]) -> list[str]:
    """The summary, with each difference under its stack."""
    return [
        line
        for stack, some in _by_stack(found)
        for line in (_head(stack, some), *(f"  {each}" for one in some for each in one.lines))
    ]


def _by_stack(found: Iterable[Drifted]) -> list[tuple[str, list[Drifted]]]:
    return [(stack, list(some)) for stack, some in groupby(found, key=lambda one: one.stack)]


def _head(stack: str, some: Sequence[Drifted]) -> str:
    words = {"changed": "changed", "deleted": "deleted", "unknown": "not known"}
    counts = {kind: sum(one.kind == kind for one in some) for kind in words}
    return f"{stack}: {', '.join(f'{counts[kind]} {words[kind]}' for kind in words if counts[kind])}"
