"""`bambe release`: what releases did to requests, from their ledgers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click
from rich.table import Table

from bambe.cli import ledgers
from bambe.cli.ledgers import Ledger
from bambe.cli.native import native_history
from bambe.cli.stages import ROLLING
from bambe.cli.target import open_target
from bambe.cli.terminal import console
from bambe.cli.trouble import Trouble


@click.group("release")
def command() -> None:
    """Look at releases: their history, and the ledger of each."""


@command.command("list")
@click.argument("service")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def history(service: str, as_json: bool) -> None:
    """List the releases of SERVICE, newest first."""
    target = open_target()
    if target.is_by_ecs(service):
        lines = [_native_line(shown) for shown in native_history(target, service)]
    else:
        releases = target.releases(service)
        lines = [_line(releases.get(one)) for one in releases.ids()]
    if as_json:
        click.echo(json.dumps(lines, indent=2))
        return
    made = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("release", "begun", "status", "what", "why"):
        made.add_column(name, overflow="fold", no_wrap=name in ("release", "begun", "status"))
    for line in lines:
        begun = f"{datetime.fromisoformat(line['begun']).astimezone():%d %b %H:%M:%S}"
        made.add_row(line["release"], begun, line["status"], line["what"], line["why"])
    console().print(made if lines else f"{service} has no releases yet.")


@command.command("show")
@click.argument("id")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with every record.")
def show(id: str, as_json: bool) -> None:
    """Show the ledger of a release (`bambe release list` has IDs), checked: requests, drops, weights."""
    target = open_target()
    ledger = ledgers.of_release(target, id)
    if as_json:
        click.echo(json.dumps(ledger.as_json(), indent=2))
    else:
        _print(ledger)
    if ledger.broken:
        raise Trouble(f"the ledger of {id} is not as it was written: {ledger.broken}.")


def _line(info: Mapping[str, Any]) -> dict[str, str]:
    back = info.get("rollbackInfo", {})
    what = "rollback" if info["creator"] == "codeDeployRollback" else info.get("description") or "release"
    if back.get("rollbackTriggeringDeploymentId"):
        what += f" of {back['rollbackTriggeringDeploymentId']}"
    return {
        "release": info["deploymentId"],
        "begun": info["createTime"].isoformat(),
        "status": info["status"],
        "what": what,
        "why": info.get("errorInformation", {}).get("message", ""),
    }


def _native_line(shown: Mapping[str, Any]) -> dict[str, str]:
    strategy = str(shown["deploymentConfiguration"].get("strategy", ROLLING)).lower().replace("_", "/")
    went_well = shown["status"] == "SUCCESSFUL"
    return {
        "release": shown["serviceDeploymentArn"].rsplit("/", 1)[-1],
        "begun": shown["createdAt"].isoformat(),
        "status": shown["status"],
        "what": strategy if shown.get("sourceServiceRevisions") else "first",
        "why": "" if went_well else shown.get("statusReason", ""),
    }


def _print(ledger: Ledger) -> None:
    out = console()
    first, last = ledger.records[0].body, ledger.last
    name = str(first["releases"]).rsplit("/", 1)[-1]
    status = ledger.records[-1].body.get("status", "under way")
    what = f"takes back {first['rolls_back']}" if first.get("rolls_back") else f"releases {name}"
    out.print(f"[bold]{ledger.deployment}[/]  {first['service']}: {what} · {status}\n")
    if last:
        out.print(_requests(last["counts"]))
    out.print(f"\n{loss(last)}\n")
    out.print(_moves(ledger))
    head = ledger.records[-1].hash[:16]
    closed = "closed" if ledger.is_closed else "still open"
    if not ledger.broken:
        out.print(f"\n[dim]{len(ledger.records)} records, whole, {closed}; last hash {head}[/]")


def _requests(counts: Mapping[str, Any]) -> Table:
    made = Table(box=None, pad_edge=False, header_style="dim")
    made.add_column("requests")
    for name in ("blue (old)", "green (new)"):
        made.add_column(name, justify="right")
    versions = (counts["blue"], counts["green"])
    classes = sorted({name for one in versions for name in one["by_class"]})
    rows = [(name, [one["by_class"].get(name, 0) for one in versions]) for name in classes]
    rows += [(name, [one[name] for one in versions]) for name in ("requests", "retries", "dropped")]
    for name, numbers in rows:
        title = "all" if name == "requests" else name
        made.add_row(title, *(f"{number:,}" for number in numbers))
    return made


def loss(body: Mapping[str, Any]) -> str:
    """How many requests were lost, in one sentence that can say "not zero" and "not known"."""
    if not body:
        return "Nothing was counted."
    versions = body["counts"].values()
    requests, dropped = (sum(one[name] for one in versions) for name in ("requests", "dropped"))
    if dropped:
        return f"[bold red]{dropped:,} of {requests:,} requests were dropped.[/]"
    if body["gaps"]:
        return (
            f"[bold yellow]Not known:[/] the proxy began to count anew {body['gaps']} time(s);"
            f" of {requests:,} requests counted none was dropped."
        )
    return f"[bold green]0 of {requests:,} requests were dropped.[/]"


def _moves(ledger: Ledger) -> Table:
    made = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("at", "what", "in flight (old, new)"):
        made.add_column(name)
    for record in ledger.records:
        if record.kind == "count":
            continue
        flight = record.body.get("in_flight")
        shown = f"{flight['blue']}, {flight['green']}" if flight else ""
        at = datetime.fromisoformat(record.at).astimezone()
        made.add_row(
            at.isoformat(sep=" ", timespec="milliseconds")[11:23], _what(record.kind, record.body), shown
        )
    return made


def _what(kind: str, body: Mapping[str, Any]) -> str:
    if kind == "weight":
        return f"{body['weight']} % to the new version"
    if kind == "verdict":
        return f"judged {body['verdict']}: {body['why']}"
    if kind == "phase":
        return str(body["phase"])
    if kind == "end":
        return f"{body['status']}" + (f": {body['why']}" if body["why"] else "")
    return "begins"
