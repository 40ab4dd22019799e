"""A project's stacks as they would be made on AWS, with what each is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bambe import synth
from bambe.project import Project

EXAMPLE = Path(__file__).parents[2] / "examples" / "shop" / "bambe.yml"


@dataclass(frozen=True)
class Wanted:
    """A stack to be made. `given` are values that are known; `outputs` (stack, output) that others put out;
    `service` whose first task definition is the parameter TaskDefinition."""

    name: str
    template: Mapping[str, Any]
    given: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    service: str = ""


def stacks(project: Project) -> list[Wanted]:
    """Every stack of a project in the order of their making."""
    made = []
    for one in synth.stacks(project):
        given = {key: value for key, value in one.parameters.items() if isinstance(value, str)}
        outputs = {
            key: (value.stack, value.name)
            for key, value in one.parameters.items()
            if isinstance(value, synth.Output)
        }
        service = one.service if "TaskDefinition" in one.template.get("Parameters", {}) else ""
        made.append(Wanted(one.name, one.template, given, outputs, service))
    return made
