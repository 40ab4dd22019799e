"""Applying templates through CloudFormation, with what happens shown as it happens."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from bambe.cli.previews import Preview, additions, previewed
from bambe.cli.trouble import Trouble
from bambe.kernel.clock import monotonic
from bambe.kernel.ids import hex_id

Say = Callable[[str], None]
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
KEEP = object()
"""As a parameter's value: what it is now."""
LIMIT = 900.0
POLL = 0.25
BODY = 51_200
"""More bytes of a template CloudFormation takes from S3 alone."""
NEVER_MADE = ("ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS")
NOTHING = ("didn't contain changes", "No updates are to be performed")


@dataclass(slots=True)
class Stacks:
    """The stacks of one CloudFormation endpoint."""

    cloudformation: Any

    def find(self, name: str) -> dict[str, Any] | None:
        """The stack as DescribeStacks shows it, or None."""
        try:
            answer = self.cloudformation.describe_stacks(StackName=name)
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        found: dict[str, Any] = answer["Stacks"][0]
        return None if found["StackStatus"] == "DELETE_COMPLETE" else found

    def named(self, name: str, type: str, key: str) -> set[str]:
        """What a stack's template says as the property `key` of its resources of a type; none of no stack."""
        if self.find(name) is None:
            return set()
        body = self.cloudformation.get_template(StackName=name)["TemplateBody"]
        template = json.loads(body) if isinstance(body, str) else body
        return {one["Properties"][key] for one in template["Resources"].values() if one["Type"] == type}

    def begin(self, name: str, template: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
        """Start creating or updating; False when there is nothing to change."""
        stack = self.find(name)
        if stack is not None and stack["StackStatus"] in NEVER_MADE:
            self.delete([name])
            stack = None
        words = _words(name, template, parameters, stack)
        if stack is None:
            self.cloudformation.create_stack(**words)
            return True
        change_set = self._change_set(words, "UPDATE")
        if change_set is None:
            return False
        self.cloudformation.execute_change_set(ChangeSetName=change_set["ChangeSetId"], StackName=name)
        return True

    def preview(self, name: str, template: Mapping[str, Any], parameters: Mapping[str, Any]) -> Preview:
        """What `begin` would do; nothing is changed, and nothing left behind."""
        stack = self.find(name)
        if stack is not None and stack["StackStatus"] in NEVER_MADE:
            return Preview(name, is_new=True, changes=additions(template))
        words = _words(name, template, parameters, stack)
        try:
            found = self._change_set(words, "CREATE" if stack is None else "UPDATE")
            if found is None:
                return Preview(name)
            changes = previewed(found["Changes"])
            if stack is not None:
                self._forget(name, found["ChangeSetId"])
            return Preview(name, stack is None, changes, outputs=not changes)
        finally:
            # A change set of what does not exist leaves a stack in review.
            if stack is None and self.find(name) is not None:
                self.delete([name])

    def _change_set(self, words: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
        """A change set with all its changes; None (and no change set) where nothing would change."""
        name = words["StackName"]
        made = self.cloudformation.create_change_set(
            **words, ChangeSetName=f"bambe-{hex_id(16)}", ChangeSetType=kind
        )
        found = self._described(name, str(made["Id"]))
        if found["Status"] != "FAILED":
            return found
        self._forget(name, found["ChangeSetId"])
        reason = str(found.get("StatusReason", ""))
        if any(word in reason for word in NOTHING):
            return None
        raise Trouble(f"the stack {name} cannot be changed: {reason}")

    def _described(self, name: str, change_set: str) -> dict[str, Any]:
        """A change set that is done (or has failed), with the changes of all pages."""
        words = {"ChangeSetName": change_set, "StackName": name}
        end = monotonic() + LIMIT
        while True:
            found: dict[str, Any] = self.cloudformation.describe_change_set(**words)
            if not str(found["Status"]).endswith(("_PENDING", "_IN_PROGRESS")):
                break
            if monotonic() > end:
                raise Trouble(f"the change set of the stack {name} is not done after {LIMIT:.0f} s.")
            time.sleep(POLL)  # noqa: TID251
        token = found.get("NextToken")
        while token:
            page = self.cloudformation.describe_change_set(**words, NextToken=token)
            found["Changes"] += page["Changes"]
            token = page.get("NextToken")
        return found

    def _forget(self, name: str, change_set: str) -> None:
        self.cloudformation.delete_change_set(ChangeSetName=change_set, StackName=name)

    def finish(self, names: list[str], say: Say) -> None:
        """Wait until all are done, telling each resource; Trouble with the first reason of a failure."""
        seen: set[str] = set()
        end = monotonic() + LIMIT
        open_stacks = list(names)
        while open_stacks:
            for name in list(open_stacks):
                status = self._status(name)
                self._tell(name, seen, say)
                if status.endswith("_IN_PROGRESS"):
                    continue
                if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
                    raise Trouble(f"the stack {name} is {status}: {self._reason(name)}")
                open_stacks.remove(name)
            if monotonic() > end:
                raise Trouble(f"the stacks {', '.join(open_stacks)} are not done after {LIMIT:.0f} s.")
            time.sleep(POLL if open_stacks else 0)  # noqa: TID251

    def delete(self, names: list[str]) -> None:
        """Delete stacks and wait until they are gone."""
        for name in names:
            self.cloudformation.delete_stack(StackName=name)
        end = monotonic() + LIMIT
        while left := [name for name in names if self.find(name) is not None]:
            for name in left:
                if self._status(name) == "DELETE_FAILED":
                    raise Trouble(f"the stack {name} cannot be deleted: {self._reason(name)}")
            if monotonic() > end:
                raise Trouble(f"the stacks {', '.join(left)} are still there after {LIMIT:.0f} s.")
            time.sleep(POLL)  # noqa: TID251

    def delete_in_order(self, names: list[str]) -> None:
        """Delete all of `names`: a stack whose exports others import comes after those."""
        importing = {name: self._imported_by(name) & set(names) for name in names}
        left = list(names)
        while left:
            free = [name for name in left if not importing[name] & set(left)] or left
            self.delete(free)
            left = [name for name in left if name not in free]

    def _imported_by(self, name: str) -> set[str]:
        stack = self.find(name) or {}
        exports = [one["ExportName"] for one in stack.get("Outputs", []) if one.get("ExportName")]
        users: set[str] = set()
        for export in exports:
            try:
                users |= set(self.cloudformation.list_imports(ExportName=export)["Imports"])
            except ClientError as error:
                if "is not imported" not in str(error):
                    raise
        return users

    def _status(self, name: str) -> str:
        stack = self.find(name)
        return "DELETE_COMPLETE" if stack is None else str(stack["StackStatus"])

    def _events(self, name: str) -> list[dict[str, Any]]:
        """Events of the operation under way (or last one), oldest first."""
        events: list[dict[str, Any]] = []
        for page in self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=name):
            for event in page["StackEvents"]:
                events.append(event)
                if event["LogicalResourceId"] == name and event["ResourceStatus"] in _BEGINNINGS:
                    return events[::-1]
        return events[::-1]

    def _tell(self, name: str, seen: set[str], say: Say) -> None:
        for event in self._events(name):
            if event["EventId"] in seen:
                continue
            seen.add(event["EventId"])
            status = event["ResourceStatus"]
            if (
                status.endswith("_COMPLETE")
                and "ROLLBACK" not in status
                and event["LogicalResourceId"] != name
            ):
                say(f"{name}: {event['LogicalResourceId']} {status.lower().replace('_', ' ')}")

    def _reason(self, name: str) -> str:
        return why_it_failed(name, self._events(name))


def why_it_failed(name: str, events: Sequence[Mapping[str, Any]]) -> str:
    """The first reason that the events of a stack's operation (oldest first) give for its failure: that of
    the resource which failed first, else the stack's own."""
    for event in events:
        status, why = event["ResourceStatus"], event.get("ResourceStatusReason")
        if not why:
            continue
        if event["LogicalResourceId"] == name and ("ROLLBACK" in status or status.endswith("_FAILED")):
            return str(why)
        if status.endswith("_FAILED"):
            return f"{event['LogicalResourceId']}: {why}"
    return "see its events (bambe aws cloudformation describe-stack-events)."


_BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "REVIEW_IN_PROGRESS")


def _words(
    name: str,
    template: Mapping[str, Any],
    parameters: Mapping[str, Any],
    stack: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What CreateStack and CreateChangeSet are told."""
    body = json.dumps(template, separators=(",", ":"))
    if len(body.encode()) > BODY:
        raise Trouble(
            f"the template of the stack {name} has {len(body.encode())} bytes, and CloudFormation takes"
            f" {BODY}: put fewer services into one bambe.yml."
        )
    return {
        "StackName": name,
        "TemplateBody": body,
        "Parameters": [_parameter(key, value, stack) for key, value in parameters.items()],
        "Capabilities": CAPABILITIES,
    }


def _parameter(key: str, value: Any, stack: Mapping[str, Any] | None) -> dict[str, Any]:
    if value is KEEP:
        if stack is None:
            raise ValueError(f"the parameter {key} has no value to keep")
        return {"ParameterKey": key, "UsePreviousValue": True}
    return {"ParameterKey": key, "ParameterValue": value}
