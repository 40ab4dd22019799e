"""`bambe down` in an account of AWS: a project at rest, or gone with its data.

It goes by the stacks that are there, not by bambe.yml, which may say something else by now.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from bambe.cli.lone_tasks import stop_lone_tasks_of
from bambe.cli.side_by_side import side_by_side
from bambe.cli.stack_requests import KEEP
from bambe.cli.stacks import NEVER_MADE, Stacks
from bambe.cli.target import Target
from bambe.cli.telling import forget_brokers
from bambe.synth.resting import resting
from bambe.synth.stacks import Kind

Say = Callable[[str], None]
KINDS: Mapping[Kind, str] = {
    "service": "the service ",
    "build": "what builds the service ",
    "events": "its events ",
    "shared": "what its services share ",
    "network": "its network ",
}
"""How the description of a stack goes on after the project's name; users of others before what they use."""
TOGETHER = 20
"""Stacks that are on their way at a time."""


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to a stack: its template at rest, or None where it is deleted."""

    name: str
    template: Mapping[str, Any] | None
    kept: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The step for a person."""
        if self.template is None:
            return f"- {self.name}: deleted"
        return f"~ {self.name}: keeps {', '.join(self.kept)}"


@dataclass(slots=True)
class TakingDown:
    """One `bambe down` of `target`."""

    target: Target
    there: Stacks
    say: Say

    def steps(self, data_too: bool) -> list[list[Step]]:
        """What would happen, in groups one after another."""
        found = dict(self._mine())
        keeps_events = not data_too and "events" in {kind for kind, _ in found.values()}

        def step(name: str) -> Step:
            kind, status = found[name]
            if data_too or status in NEVER_MADE:
                return Step(name, None)
            template = resting(kind, self.there.template(name), keeps_events)
            return Step(name, template, _kept(kind, template))

        names = {kind: [name for name, (one, _) in found.items() if one == kind] for kind in KINDS}
        return [side_by_side(step, group) for group in names.values() if group]

    def _mine(self) -> Iterator[tuple[str, tuple[Kind, str]]]:
        """The project's stacks, with their kind and status."""
        project = re.escape(self.target.project.project)
        for name, stack in sorted(self.there.all().items()):
            for kind, said in KINDS.items():
                if re.match(rf"{project}: {said}.*\(made by Bambe\)", str(stack.get("Description", ""))):
                    yield name, (kind, str(stack["StackStatus"]))

    def run(self, data_too: bool) -> None:
        """Do it; can be run again where it was broken off."""
        self._end_lone_tasks()
        for group in self.steps(data_too):
            for start in range(0, len(group), TOGETHER):
                some = group[start : start + TOGETHER]
                self._rest([one for one in some if one.template is not None])
                self._delete([one.name for one in some if one.template is None])
        if data_too:
            forget_brokers(self.target.client("ssm"), [self.target.names.events_stack])

    def _end_lone_tasks(self) -> None:
        """Tasks run beside the services keep a cluster of the project's own from being deleted."""
        if self.target.project.existing.cluster:
            return
        try:
            stop_lone_tasks_of(self.target.client("ecs"), self.target.cluster, self.say)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ClusterNotFoundException":
                raise

    def _rest(self, steps: Sequence[Step]) -> None:
        def begin(step: Step) -> bool:
            stack = self.there.there(step.name)
            if stack is None or step.template is None:
                return False
            given = {name: KEEP for name in step.template.get("Parameters", {})}
            change = self.there.change(stack, step.template, given)
            if change is not None:
                self.there.execute(change)
            return change is not None

        begun = side_by_side(begin, steps)
        names = [one.name for one, has in zip(steps, begun, strict=True) if has]
        self.there.finish(names, self.say)

    def _delete(self, names: Sequence[str]) -> None:
        if names:
            self.there.delete(names)
            self.say(f"deleted {', '.join(names)}")


def _kept(kind: Kind, template: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What a template at rest keeps, in words."""
    if template is None:
        return ()
    if kind == "events":
        return ("the Kafka cluster", "its topics")
    return ("the network of the brokers",) if kind == "network" else tuple(template["Resources"])
