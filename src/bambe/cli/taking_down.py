"""`bambe down` in an account of AWS: a project at rest, or gone with its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from bambe.cli.lone_tasks import stop_lone_tasks_of
from bambe.cli.planning import no_longer
from bambe.cli.stacks import KEEP, Stacks
from bambe.cli.target import Target
from bambe.cli.telling import forget_brokers
from bambe.cli.wanted import Wanted
from bambe.synth import Stack
from bambe.synth.resting import resting

Say = Callable[[str], None]
Found = Mapping[str, Mapping[str, Any]]


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
    """One `bambe down` of `target`, whose stacks are `wanted`."""

    target: Target
    there: Stacks
    wanted: Wanted
    say: Say

    def steps(self, data_too: bool) -> list[list[Step]]:
        """What would happen, in groups one after another: users before what they use."""
        found = self.there.all()
        events = self.target.names.events_stack
        keeps_events = not data_too and events in found
        gone, kept = no_longer(self.target.project, found)
        more = [*gone, *(kept if data_too else ())]
        groups: list[list[Step]] = [[Step(one, None) for one in more]]
        for kind in ("service", "build", "events", "shared", "network"):
            here = [one for one in self.wanted.of(kind) if one.name in found]
            groups.append([_step(one, data_too, keeps_events) for one in here])
        return [group for group in groups if group]

    def run(self, data_too: bool) -> None:
        """Do it; can be run again where it was broken off."""
        self._end_lone_tasks()
        found = self.there.all()
        for group in self.steps(data_too):
            self._rest([one for one in group if one.template is not None], found)
            self._delete([one.name for one in group if one.template is None])
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

    def _rest(self, steps: Sequence[Step], found: Found) -> None:
        begun = []
        for one in steps:
            stack = found[one.name]
            given = {parameter["ParameterKey"]: KEEP for parameter in stack.get("Parameters", ())}
            if self.there.begin(one.name, one.template or {}, given):
                begun.append(one.name)
        self.there.finish(begun, self.say)

    def _delete(self, names: Sequence[str]) -> None:
        if names:
            self.there.delete(names)
            self.say(f"deleted {', '.join(names)}")


def _step(stack: Stack, data_too: bool, keeps_events: bool) -> Step:
    template = None if data_too else resting(stack, keeps_events)
    kept = tuple(template["Resources"]) if template else ()
    if stack.kind in ("events", "network"):
        kept = (f"{len(kept)} resources",) if kept else ()
    return Step(stack.name, template, kept)
