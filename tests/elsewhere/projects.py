"""A project's stacks as they would be made on AWS, with what each is given."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bambe.project import Project
from bambe.synth import Names, events_template, service_template, shared_template

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
    if importlib.util.find_spec("bambe.synth.stacks"):
        return _listed(project)
    names = Names(project.project)
    made = [Wanted(names.shared_stack, shared_template(project))]
    if project.events is not None:
        made.append(Wanted(names.events_stack, events_template(project, project.events)))
    return made + [
        Wanted(names.stack(one), service_template(project, one), service=one) for one in project.services
    ]


def _listed(project: Project) -> list[Wanted]:
    """As `bambe.synth.stacks` lists them."""
    listing = importlib.import_module("bambe.synth.stacks")
    made = []
    for one in listing.stacks(project):
        given = {key: value for key, value in one.parameters.items() if isinstance(value, str)}
        outputs = {
            key: (value.stack, value.name)
            for key, value in one.parameters.items()
            if isinstance(value, listing.Output)
        }
        service = one.service if "TaskDefinition" in one.template.get("Parameters", {}) else ""
        made.append(Wanted(one.name, one.template, given, outputs, service))
    return made
