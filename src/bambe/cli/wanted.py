"""The stacks of a project as they are to be, each with what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bambe.cli.stack_requests import KEEP
from bambe.cli.stacks import Stacks
from bambe.cli.trouble import Trouble
from bambe.project import Project
from bambe.synth import Output, Stack, stacks
from bambe.synth.native import PRIMARY
from bambe.synth.service import WEIGHTS
from bambe.synth.stacks import Kind, Ways


@dataclass(slots=True)
class Wanted:
    """Every stack of `project` where `there` is; `in_use` are accesses to Kafka that running tasks use."""

    there: Stacks
    project: Project
    in_use: Ways = field(default_factory=dict)
    every: tuple[Stack, ...] = ()

    def __post_init__(self) -> None:
        self.every = stacks(self.project, self.in_use)

    def of(self, kind: Kind) -> list[Stack]:
        """Those of a kind, in their order."""
        return [one for one in self.every if one.kind == kind]

    def given(self, stack: Stack, found: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
        """What a stack is given: values, what others put out, and KEEP for what releases own.

        `found` are stacks that have been looked at already. What is not yet put out is "".
        """
        said: dict[str, Any] = {}
        for name, value in stack.parameters.items():
            if isinstance(value, Output):
                said[name] = self._output(value, found)
            else:
                said[name] = value if isinstance(value, str) else KEEP
        kept = (*WEIGHTS, PRIMARY)
        return said | {name: KEEP for name in kept if name in stack.template.get("Parameters", {})}

    def given_later(
        self, stack: Stack, found: Mapping[str, Mapping[str, Any]] | None = None
    ) -> dict[str, Any]:
        """What a service's stack is given once the service runs: where CodeDeploy releases it, it keeps the
        subnets that it has, since AWS changes them by no update of a stack."""
        keeps = self.project.has_codedeploy(stack.service)
        return self.given(stack, found) | ({"SubnetIds": KEEP} if keeps else {})

    def _output(self, wanted: Output, found: Mapping[str, Mapping[str, Any]] | None) -> str:
        stack = self.there.find(wanted.stack) if found is None else found.get(wanted.stack)
        outputs = (stack or {}).get("Outputs", ())
        return next((str(one["OutputValue"]) for one in outputs if one["OutputKey"] == wanted.name), "")

    def check_owners(self) -> None:
        """Trouble where a stack of one of these names is not of this project."""
        check_owners(self.project.project, self.every, self.there.all())


def check_owners(project: str, every: tuple[Stack, ...], found: Mapping[str, Mapping[str, Any]]) -> None:
    """Trouble where a stack that is there already is not the project's: names of two projects may meet."""
    for stack in every:
        said = str(found.get(stack.name, {}).get("Description", f"{project}: "))
        if not said.startswith(f"{project}: "):
            raise Trouble(
                f"there is a stack {stack.name} that is not of {project} ({said or 'without a description'}):"
                " delete it, or give the project or the service another name."
            )


def is_running(stack: Mapping[str, Any] | None) -> bool:
    """Whether a service's stack has the service: it may be made for the first time, or be at rest without."""
    outputs = {one["OutputKey"] for one in (stack or {}).get("Outputs", ())}
    return "Service" in outputs
