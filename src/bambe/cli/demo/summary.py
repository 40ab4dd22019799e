"""The demo's closing page, and its verdict."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from bambe.cli.commands.release import loss
from bambe.cli.demo.counts import Line, count
from bambe.cli.demo.story import BACK, BROKEN, CONSUMER, SERVICE, Told

BY_NAME = "/"
"""gateway reaches orders by its DNS name, where green answers beside blue once healthy, as on AWS."""


def verdict(told: Told) -> list[str]:
    """What did not hold, one sentence each; empty when all did."""
    wrong = []
    lines = count(told.answers, told.phases)
    starts = {phase.name: phase.start for phase in told.phases}
    lost = [one for one in told.answers if one.failed and not one.touches(starts[BROKEN], starts[BACK])]
    if lost:
        reasons = ", ".join(sorted({one.why for one in lost})[:3])
        wrong.append(f"{len(lost)} requests failed outside the broken release: {reasons}")
    unlucky = sum(
        line.failed - line.failed_by_version.get("3", 0)
        for line in lines
        if line.phase == BROKEN and line.route != BY_NAME
    )
    if unlucky:
        wrong.append(f"{unlucky} requests failed during the broken release that its fault does not explain")
    expected = {SERVICE: 3, CONSUMER: 2}
    if any(len(builds) != expected.get(name, 1) for name, builds in told.builds.items()):
        wrong.append(f"not only what was changed was built: {told.builds}")
    if told.untold or not told.accepted:
        wrong.append(f"the events of {told.untold} of {told.accepted} orders were lost")
    if told.twice:
        wrong.append(f"the events of {told.twice} orders were handled twice")
    if told.good is None or not told.good.is_fair:
        wrong.append("green's share of the canary is not what 10 % and chance explain")
    if told.ledger is None or told.ledger.broken or told.ledger.last.get("zero_loss") is not True:
        wrong.append("the good release's ledger does not show that no request was dropped")
    if told.rollback.get("status") != "Succeeded":
        wrong.append("the rollback did not succeed")
    if not any(line.phase == BACK for line in lines):
        wrong.append("there was no traffic after the rollback")
    if any(line.by_version.get("3") for line in lines if line.phase == BACK):
        wrong.append("version 3 still answers after the rollback")
    return wrong


def show(told: Told, console: Console, scale: float) -> None:
    """Print what was built and why, shares, requests by phase, and times."""
    console.print("\n[bold]What happened[/]")
    _builds(told, console)
    _share(told, console, scale)
    console.print(_requests(count(told.answers, told.phases)))
    console.print(
        "  / fails in the broken release too: gateway reaches orders by its name, where green answers"
        "\n  beside blue as soon as it is healthy (as on AWS: weights cover the load balancer alone)",
        style="dim",
        soft_wrap=True,
    )
    console.print(
        f"[bold]Events[/]  {told.accepted:,} orders were taken, by two versions of orders and two of"
        f" notifier; lost: {told.untold}, handled twice: {told.twice}",
        soft_wrap=True,
    )
    _times(told, console)


def _builds(told: Told, console: Console) -> None:
    console.print("\n[bold]Built, and why[/]")
    for line in told.pushed:
        console.print(f"  {line}", markup=False, soft_wrap=True)


def _share(told: Told, console: Console, scale: float) -> None:
    if told.good is None:
        return
    console.print(
        f"\n[bold]Canary[/]  green got {told.good.got} of {told.good.total} requests to /orders:"
        f" {told.good.percent:.1f} % (weight 10 %, chance allows ± {told.good.error:.1f})",
        soft_wrap=True,
    )
    console.print(
        f"  {told.good_deployment.get('deploymentId')}: 10 % for 5 minutes, then all, the old version ended"
        f" after 30 minutes; waits ran {scale:g} times faster",
        style="dim",
        soft_wrap=True,
    )
    if told.ledger is not None:
        console.print(f"[bold]Ledger[/]  {loss(told.ledger.last)}", soft_wrap=True)
        console.print(f"  bambe release show {told.ledger.deployment}", style="dim")
    if told.rollback:
        console.print(f"[bold]Rollback[/]  {told.rollback_sentence}", soft_wrap=True)
        console.print(
            f"  {told.rollback['deploymentId']} by {told.rollback['creator']}: {told.rollback['status']}",
            style="dim",
        )


def _requests(lines: list[Line]) -> Table:
    table = Table(title="Requests", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("phase")
    table.add_column("route")
    for name in ("sent", "failed"):
        table.add_column(name, justify="right")
    table.add_column("answered by version")
    last = ""
    for line in lines:
        versions = ", ".join(f"{v or 'nobody'}: {n}" for v, n in line.by_version.items())
        failed = f"[red]{line.failed}[/]" if line.failed else "0"
        first = line.phase if line.phase != last else ""
        last = line.phase
        table.add_row(first, line.route, str(line.sent), failed, versions)
    table.add_section()
    table.add_row("total", "", str(sum(x.sent for x in lines)), str(sum(x.failed for x in lines)), "")
    return table


def _times(told: Told, console: Console) -> None:
    console.print("\n[bold]Time[/]")
    for title, seconds in told.took:
        console.print(f"  {seconds:6.1f} s  {title}", markup=False)
