"""Applying templates through CloudFormation, with what happens shown as it happens."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from bambe.cli.pace import HERE, Pace
from bambe.cli.previews import Preview, additions, previewed
from bambe.cli.stack_events import BEGINNINGS, failed, told, why_it_failed
from bambe.cli.stack_requests import AT_REST, CAPABILITIES, KEEP, MARK, body, is_so, parameter, request
from bambe.cli.trouble import Trouble
from bambe.kernel.clock import monotonic
from bambe.kernel.ids import hex_id

Say = Callable[[str], None]
Look = Callable[[Sequence[str]], Iterable[str]]
"""Given the stacks that are still on their way, what there is to tell of them."""
LOOK_EVERY = 5.0
NEVER_MADE = ("ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS")
GIVEN_UP = {
    "UPDATE_ROLLBACK_FAILED": "`bambe aws cloudformation continue-update-rollback` goes on taking it back.",
    **dict.fromkeys(
        ("CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"),
        "see what it still holds, delete it (`bambe aws cloudformation delete-stack`), and run this again.",
    ),
}
"""What to do with stacks that CloudFormation neither updates nor deletes by itself."""
NOTHING = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """An update that CloudFormation has looked through and not yet begun."""

    stack: str
    arn: str
    preview: Preview
    resources: frozenset[str] = frozenset()

    def touches(self, resources: Collection[str]) -> bool:
        """Whether CloudFormation may send one of these (logical ids)."""
        return not self.resources.isdisjoint(resources)


@dataclass(slots=True)
class Stacks:
    """The stacks of one CloudFormation endpoint. `thorough` looks at templates that are marked as they should
    be, too: somebody may have changed one and left the mark."""

    cloudformation: Any
    pace: Pace = HERE
    thorough: bool = True

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

    def all(self) -> dict[str, dict[str, Any]]:
        """Every stack by name, as DescribeStacks shows it."""
        pages = self.cloudformation.get_paginator("describe_stacks").paginate()
        return {one["StackName"]: one for page in pages for one in page["Stacks"]}

    def named(self, name: str, type: str, key: str) -> set[str]:
        """What a stack's template says as the property `key` of its resources of a type; none of no stack."""
        if self.find(name) is None:
            return set()
        resources = self.template(name)["Resources"].values()
        return {one["Properties"][key] for one in resources if one["Type"] == type}

    def template(self, name: str) -> dict[str, Any]:
        """The template of a stack that is there."""
        body = self.cloudformation.get_template(StackName=name)["TemplateBody"]
        found: dict[str, Any] = json.loads(body) if isinstance(body, str) else body
        return found

    def begin(self, name: str, template: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
        """Start creating or updating; False when there is nothing to change."""
        stack = self.there(name)
        if stack is None:
            self.cloudformation.create_stack(**request(name, template, parameters, None))
            return True
        change = self.change(stack, template, parameters)
        if change is None:
            return False
        self.execute(change)
        return True

    def there(self, name: str) -> dict[str, Any] | None:
        """A stack that can be updated, or None: one that was never made is deleted, and what an earlier run
        has begun is waited for. Trouble for one that CloudFormation has given up: it may hold data."""
        stack = self.find(name)
        if stack is not None and stack["StackStatus"] == "REVIEW_IN_PROGRESS":
            self.delete([name])
            return None
        if stack is not None and stack["StackStatus"].endswith("_IN_PROGRESS"):
            self._until_at_rest(name)
            stack = self.find(name)
        if stack is not None and stack["StackStatus"] in NEVER_MADE:
            self.delete([name])
            return None
        if stack is not None and stack["StackStatus"] in GIVEN_UP:
            raise Trouble(f"the stack {name} is {stack['StackStatus']}: {GIVEN_UP[stack['StackStatus']]}")
        return stack

    def change(
        self, stack: Mapping[str, Any], template: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> ChangeSet | None:
        """The update of a stack that makes it so; None where it is so already."""
        name = str(stack["StackName"])
        words = request(name, template, parameters, stack)
        if is_so(stack, words) and not (self.thorough and self.template(name) != body(words)):
            return None
        found = self._change_set(words)
        if found is None:
            return None
        changes = previewed(found["Changes"])
        touched = {one["ResourceChange"]["LogicalResourceId"] for one in found["Changes"]}
        preview = Preview(name, False, changes, not changes)
        return ChangeSet(name, str(found["ChangeSetId"]), preview, frozenset(touched))

    def execute(self, change: ChangeSet) -> None:
        """Begin an update."""
        self.cloudformation.execute_change_set(ChangeSetName=change.arn, StackName=change.stack)

    def forget(self, change: ChangeSet) -> None:
        """Let an update be."""
        self.cloudformation.delete_change_set(ChangeSetName=change.arn, StackName=change.stack)

    def carry(self, stack: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        """Begin to give parameters of a stack that is there other values, its template as it is."""
        given = [parameter(one["ParameterKey"], parameters.get(one["ParameterKey"], KEEP))
                 for one in stack["Parameters"]]  # fmt: skip
        self._update(str(stack["StackName"]), {"UsePreviousTemplate": True}, given)

    def use_without(self, name: str, resources: Collection[str]) -> None:
        """Begin to take resources out of a stack, all else of its template as it is (but for its mark)."""
        template = self.template(name)
        outputs = {key: one for key, one in template.get("Outputs", {}).items() if key != MARK}
        kept = {key: one for key, one in template["Resources"].items() if key not in resources}
        less = {**template, "Resources": kept, "Outputs": outputs}
        given = [parameter(one, KEEP) for one in template.get("Parameters", {})]
        self._update(name, {"TemplateBody": json.dumps(less, separators=(",", ":"))}, given)

    def _update(self, name: str, template: Mapping[str, Any], given: Sequence[Mapping[str, Any]]) -> None:
        try:
            self.cloudformation.update_stack(
                StackName=name, **template, Parameters=given, Capabilities=CAPABILITIES
            )
        except ClientError as error:
            if not any(word in str(error) for word in NOTHING):
                raise

    def preview(self, name: str, template: Mapping[str, Any], parameters: Mapping[str, Any]) -> Preview:
        """What `begin` would do; nothing is changed, and nothing left behind."""
        return self.compare(self.find(name), name, template, parameters)

    def compare(
        self,
        stack: Mapping[str, Any] | None,
        name: str,
        template: Mapping[str, Any],
        parameters: Mapping[str, Any],
    ) -> Preview:
        """`preview` of a stack that was found (or not)."""
        if stack is None or stack["StackStatus"] in NEVER_MADE:
            request(name, template, parameters, None)
            return Preview(name, is_new=True, changes=additions(template))
        change = self.change(stack, template, parameters)
        if change is None:
            return Preview(name)
        self.forget(change)
        return change.preview

    def _change_set(self, words: Mapping[str, Any]) -> dict[str, Any] | None:
        """A change set with all its changes; None (and no change set) where nothing would change."""
        name = words["StackName"]
        made = self.cloudformation.create_change_set(
            **words, ChangeSetName=f"bambe-{hex_id(16)}", ChangeSetType="UPDATE"
        )
        found = self._described(name, str(made["Id"]))
        if found["Status"] != "FAILED":
            return found
        self.cloudformation.delete_change_set(ChangeSetName=found["ChangeSetId"], StackName=name)
        reason = str(found.get("StatusReason", ""))
        if any(word in reason for word in NOTHING):
            return None
        raise Trouble(f"the stack {name} cannot be changed: {reason}")

    def _described(self, name: str, change_set: str) -> dict[str, Any]:
        """A change set that is done (or has failed), with the changes of all pages."""
        words = {"ChangeSetName": change_set, "StackName": name}
        for _ in self._waiting(f"the change set of the stack {name} is"):
            found: dict[str, Any] = self.cloudformation.describe_change_set(**words)
            if not str(found["Status"]).endswith(("_PENDING", "_IN_PROGRESS")):
                break
        token = found.get("NextToken")
        while token:
            page = self.cloudformation.describe_change_set(**words, NextToken=token)
            found["Changes"] += page["Changes"]
            token = page.get("NextToken")
        return found

    def _waiting(self, what: str) -> Iterator[None]:
        """Turns, with pauses between them, until the limit; then Trouble that `what` not done."""
        end = monotonic() + self.pace.limit
        for pause in self.pace.pauses():
            yield
            if monotonic() > end:
                raise Trouble(f"{what} not done after {self.pace.limit:.0f} s.")
            time.sleep(pause)  # noqa: TID251

    def _until_at_rest(self, name: str) -> None:
        for _ in self._waiting(f"the stack {name} is"):
            if not self._status(name).endswith("_IN_PROGRESS"):
                return

    def finish(self, names: Sequence[str], say: Say, look: Look = lambda names: ()) -> None:
        """Wait until all are done, telling each resource, and what `look` finds of those that are not, once
        each; at the end Trouble with the first failure's reason and what helps."""
        seen: set[str] = set()
        next_look = monotonic() + LOOK_EVERY
        left, troubles = list(names), list[Trouble]()
        if not left:
            return
        for _ in self._waiting(f"the stacks {', '.join(names)} are"):
            for name in list(left):
                status = self._status(name)
                self._tell(name, seen, say)
                if status.endswith("_IN_PROGRESS"):
                    continue
                if status not in AT_REST:
                    troubles.append(Trouble(failed(name, status, self._reason(name))))
                left.remove(name)
            if not left and troubles:
                raise troubles[0]
            if not left:
                return
            if monotonic() > next_look:
                next_look = monotonic() + LOOK_EVERY
                for line in look(left):
                    if line not in seen:
                        seen.add(line)
                        say(line)

    def delete(self, names: Sequence[str]) -> None:
        """Delete stacks and wait until they are gone."""
        for name in names:
            self.cloudformation.delete_stack(StackName=name)
        for _ in self._waiting(f"the deletion of the stacks {', '.join(names)} is"):
            left = [name for name in names if self.find(name) is not None]
            for name in left:
                if self._status(name) == "DELETE_FAILED":
                    raise Trouble(f"the stack {name} cannot be deleted: {self._reason(name)}")
            if not left:
                return

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
                if event["LogicalResourceId"] == name and event["ResourceStatus"] in BEGINNINGS:
                    return events[::-1]
        return events[::-1]

    def _tell(self, name: str, seen: set[str], say: Say) -> None:
        for event in self._events(name):
            if event["EventId"] in seen:
                continue
            seen.add(event["EventId"])
            if event["LogicalResourceId"] != name and (said := told(event)):
                say(f"{name}: {said}")

    def _reason(self, name: str) -> str:
        return why_it_failed(name, self._events(name))
