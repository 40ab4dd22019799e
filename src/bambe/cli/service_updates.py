"""Updates of the stacks of services: made so that no release is taken back and no traffic moves.

Decision 10 says how: look what changes, carry in what releases have left, look again, execute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from bambe.cli import carrying
from bambe.cli.controllers import GONE, lost_resources
from bambe.cli.native import native_under_way
from bambe.cli.side_by_side import side_by_side
from bambe.cli.stacks import ChangeSet, Stacks
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble
from bambe.synth import Stack
from bambe.synth.service import OWNED, WEIGHTS

Say = Callable[[str], None]
Given = Mapping[str, Any]
TIMES = 3
"""So often what is live may change while it is carried in."""


@dataclass(slots=True)
class Update:
    """A service's stack that is to be updated: as it is to be, as it was found, and what it is given."""

    stack: Stack
    found: Mapping[str, Any]
    given: Given


@dataclass(slots=True)
class ServiceUpdates:
    """Updates of services' stacks in one place."""

    target: Target
    stacks: Stacks
    say: Say
    later: list[str] = field(default_factory=list)
    """Services that were left as they are, since they are being released."""

    def begin(self, updates: Sequence[Update]) -> list[str]:
        """Begin those that change something; names of the stacks that are on their way."""
        begun: list[str] = []
        for _ in range(TIMES):
            looked = side_by_side(self._look, updates)
            begun += [one.update.stack.name for one in looked if one.is_begun]
            stale = [one for one in looked if one.carried]
            if not stale:
                return begun
            for one in stale:
                self.stacks.carry(one.update.found, one.carried)
            self.stacks.finish([one.update.stack.name for one in stale], lambda line: None)
            updates = [self._again(one.update) for one in stale]
        names = ", ".join(one.stack.name for one in updates)
        raise Trouble(f"somebody keeps changing what releases own of {names}: run `bambe up` again.")

    def _again(self, update: Update) -> Update:
        return Update(update.stack, self.stacks.there(update.stack.name) or {}, update.given)

    def _look(self, update: Update) -> _Looked:
        """Begin an update, or say what has to be carried in before it."""
        change = self.stacks.change(update.found, update.stack.template, update.given)
        if change is None:
            return _Looked(update)
        if not change.touches(OWNED):
            return self._executed(update, change)
        service = update.stack.service
        now = carrying.live(self.target, service, update.found)
        shifts = WEIGHTS[0] in now or self.target.project.is_native(service)
        if shifts and (release := under_way(self.target, service)):
            self.stacks.forget(change)
            self.later.append(service)
            self.say(f"{update.stack.name}: {release} is under way; `bambe up` changes the stack after it")
            return _Looked(update)
        if other := carrying.differing(update.found, now):
            self.stacks.forget(change)
            return _Looked(update, carried=other)
        with_it = carrying.lacking(update.found, now) | carrying.taken_over(self.target, service)
        if not with_it:
            return self._executed(update, change)
        self.stacks.forget(change)
        more = self.stacks.change(update.found, update.stack.template, {**update.given, **with_it})
        return self._executed(update, more) if more else _Looked(update)

    def _executed(self, update: Update, change: ChangeSet) -> _Looked:
        self.stacks.execute(change)
        return _Looked(update, is_begun=True)

    def make_lost_anew(self, stacks: Sequence[Stack]) -> None:
        """Have stacks forget deployment groups that somebody has deleted, so that they make them anew: an
        update with nothing to change does not see that they are gone. Nothing else of them changes."""
        begun = []
        for stack in stacks:
            lost = lost_resources(self.target, stack.service)
            if not lost:
                continue
            self.say(f"{stack.service}: its deployment group is gone and is made anew")
            self.stacks.use_without(stack.name, lost)
            begun.append(stack.name)
        self.stacks.finish(begun, self.say)


@dataclass(frozen=True, slots=True)
class _Looked:
    update: Update
    is_begun: bool = False
    carried: Mapping[str, str] = field(default_factory=dict)


def under_way(target: Target, service: str) -> str:
    """The release of a service that is under way; "" without one."""
    if target.is_by_ecs(service):
        going = native_under_way(target, service)
        return going.name if going else ""
    try:
        return target.releases(service).active() or ""
    except ClientError as error:
        if error.response["Error"]["Code"] not in GONE:
            raise
        return ""  # there is no group that could release it
