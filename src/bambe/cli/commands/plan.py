"""`bambe plan`: what `bambe up` would change, what the project costs a month, and what drifted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import click

from bambe.cli import costing
from bambe.cli.account import Account
from bambe.cli.bringing_up import BringingUp
from bambe.cli.costing import cost_lines
from bambe.cli.drift import Drifted, detect, report
from bambe.cli.expiry import expiring
from bambe.cli.numbers import counted
from bambe.cli.planning import EVENTS_STAY, NO_LONGER, Plan, Planner
from bambe.cli.previews import Preview
from bambe.cli.target import Target, open_target
from bambe.cli.terminal import console
from bambe.synth import Costs, costs, problems


@click.command("plan")
@click.option("--details", is_flag=True, help="Also every resource of new stacks, and how costs come about.")
@click.option("--drift/--no-drift", default=True, help="Also look for what was changed past bambe.yml.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--exit-code", is_flag=True, help="Exit with 2 where something would change.")
def command(details: bool, drift: bool, as_json: bool, exit_code: bool) -> None:
    """Show what `bambe up` would change, what it costs a month, and what drifted; change nothing."""
    target = open_target()
    work = BringingUp(target, lambda line: None)
    work.stacks.thorough = drift
    plan = Planner(target, work.stacks, work.wanted).plan()
    prices = costs(target.project, work.wanted.every) if isinstance(target.place, Account) else None
    if as_json:
        found = drifts(target, plan) if drift else ()
        click.echo(json.dumps(as_data(target, plan, prices, found), indent=2))
    else:
        show(target, plan, details)
        if prices:
            tell(["", *cost_lines(prices, target.place.region, details)])
        if drift:
            tell_drifts(target, plan)
        tell(["", verdict(target, plan)])
    if exit_code and plan.any:
        click.get_current_context().exit(2)


def show(target: Target, plan: Plan, details: bool) -> None:
    """Print a plan for a person."""
    line = printer()
    line(where(target), "bold")
    for said in (*expiring(target.project), *keeps(target)):
        line(f"  {said}", "yellow")
    for text in stack_lines(plan, details):
        line(f"  {text}", "red" if text.endswith("]") and "because" not in text else "")
    for one in plan.topics:
        line(f"  {one.topic}: {one.says}", "red" if one.refused or one.loses else "")
    for name in plan.released:
        line(f"  {name}: its task definition changes, and a release brings it in")
    for name in plan.gone:
        line(f"  {name}: {NO_LONGER}", "red")
    for name in plan.kept:
        line(f"  {name}: {EVENTS_STAY}")
    for said in plan.refused:
        line(f"  {said}", "red")


def printer() -> Callable[..., None]:
    """Prints a line, in a style, as it is."""
    out = console()

    def line(text: str, style: str = "") -> None:
        out.print(text, style=style, markup=False, soft_wrap=True)

    return line


def tell(lines: Iterable[str]) -> None:
    """Print lines as they are."""
    line = printer()
    for text in lines:
        line(text)


def drifts(target: Target, plan: Plan) -> tuple[Drifted, ...]:
    """What was changed past bambe.yml of the stacks that are there."""
    there = [one.name for one in plan.stacks if not one.is_new]
    return detect(target.client("cloudformation"), there, lambda line: None)


def tell_drifts(target: Target, plan: Plan) -> None:
    """Look for what drifted, and print it; nothing of a project that is not there."""
    if plan.is_first:
        return
    found = drifts(target, plan)
    tell(["", "Changed past bambe.yml:" if found else "Nothing was changed past bambe.yml."])
    tell(f"  {text}" for text in report(found))


def where(target: Target) -> str:
    """The project, and where it is."""
    if isinstance(target.place, Account):
        return (
            f"{target.project.project} on {target.place.name} ({target.place.check()}, {target.place.region})"
        )
    return f"{target.project.project} on this machine"


def keeps(target: Target) -> tuple[str, ...]:
    """What keeps the project from AWS, where it is planned for there."""
    return problems(target.project) if isinstance(target.place, Account) else ()


def stack_lines(plan: Plan, details: bool) -> list[str]:
    """What happens to stacks: those that are new in a line each, unless details are wanted."""
    found: list[str] = []
    for one in plan.stacks:
        if one.is_new and not details:
            found.append(f"+ {one.name}: a new stack of {counted(len(one.changes), 'resource')}")
        elif one.any:
            found += one.lines
    same = sum(not one.any for one in plan.stacks)
    return [
        *found,
        *([f"{counted(same, 'stack')} as {'it is' if same == 1 else 'they are'}"] if same else []),
    ]


def verdict(target: Target, plan: Plan) -> str:
    """What an `up` would need, in a line."""
    on = f" --on {target.place.name}" if isinstance(target.place, Account) else ""
    if not plan.any:
        return "Nothing would change."
    if plan.refused or keeps(target) or any(one.refused for one in plan.topics):
        return "`bambe up` refuses this."
    options = " --yes" if plan.needs_yes and (on or plan.gone) else ""
    options += " --lose-events" if any(one.loses for one in plan.topics) else ""
    return f"`bambe up{on}{options}` does this."


def as_data(target: Target, plan: Plan, prices: Costs | None, found: Sequence[Drifted]) -> dict[str, Any]:
    """A plan as JSON's values."""
    return {
        "project": target.project.project,
        "changes": plan.any,
        "needs_yes": list(plan.needs_yes),
        "refused": list(plan.refused),
        "problems": list(keeps(target)),
        "stacks": [_stack(one) for one in plan.stacks],
        "topics": [asdict(one) for one in plan.topics],
        "released": list(plan.released),
        "gone": list(plan.gone),
        "kept": list(plan.kept),
        "costs": costing.as_data(prices) if prices else None,
        "drift": [asdict(one) for one in found],
    }


def _stack(preview: Preview) -> dict[str, Any]:
    return {
        "name": preview.name,
        "new": preview.is_new,
        "outputs": preview.outputs,
        "changes": [{**asdict(one), "needs_yes": one.needs_yes} for one in preview.changes],
    }
