"""`bambe release`: what releases did to requests, from their ledgers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click
from rich.table import Table

from bambe.cli import ledgers
from bambe.cli.ledgers import Ledger
from bambe.cli.native import native_history
from bambe.cli.stages import ROLLING
from bambe.cli.target import Target, open_target
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
    target.check(service)
    # Whoever releases it now, the other one may have done so before.
    lines = [_native_line(shown) for shown in native_history(target, service)]
    lines += _by_codedeploy(target, service)
    lines.sort(key=lambda line: line["begun"], reverse=True)
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
    """Show the ledger of a release (`bambe release list` has IDs), checked: requests, events, weights."""
    target = open_target()
    ledger = ledgers.of_release(target, id)
    if as_json:
        click.echo(json.dumps(ledger.as_json(), indent=2))
    else:
        _print(ledger)
    if ledger.broken:
        raise Trouble(f"the ledger of {id} is not as it was written: {ledger.broken}.")


def _by_codedeploy(target: Target, service: str) -> list[dict[str, str]]:
    releases = target.releases(service)
    return [_line(info) for info in releases.remembered()]


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
    for table in tables(last):
        out.print(table)
        out.print()
    if not is_of_events_alone(last):
        out.print(f"{loss(last)}\n")
    out.print(_moves(ledger))
    head = ledger.records[-1].hash[:16]
    closed = "closed" if ledger.is_closed else "still open"
    if not ledger.broken:
        out.print(f"\n[dim]{len(ledger.records)} records, whole, {closed}; last hash {head}[/]")


def tables(body: Mapping[str, Any]) -> list[Table]:
    """What was counted by version: requests, and events where the release is judged by these."""
    found = []
    if body and not is_of_events_alone(body):
        found.append(_table("requests", _requests(body["counts"])))
    if "events" in body:
        found.append(_table("events", _events(body["events"])))
    return found


def is_of_events_alone(body: Mapping[str, Any]) -> bool:
    """Whether it counts events, and no request has come: then its weights are nobody's share of anything."""
    return "events" in body and not any(one["requests"] for one in body["counts"].values())


def _requests(counts: Mapping[str, Any]) -> list[tuple[str, list[Any]]]:
    versions = (counts["blue"], counts["green"])
    classes = sorted({name for one in versions for name in one["by_class"]})
    rows = [(name, [one["by_class"].get(name, 0) for one in versions]) for name in classes]
    titles = {"all": "requests", "retries": "retries", "dropped": "dropped"}
    return rows + [(title, [one[name] for one in versions]) for title, name in titles.items()]


def _events(counts: Mapping[str, Any]) -> list[tuple[str, list[Any]]]:
    versions = (counts["blue"], counts["green"])
    titles = {
        "handled": "handled",
        "failed": "failed",
        "to the dead letters": "dead_lettered",
        "behind, by partition": "behind_per_partition",
    }
    return [(title, [one[name] for one in versions]) for title, name in titles.items()]


def _table(what: str, rows: Sequence[tuple[str, Sequence[Any]]]) -> Table:
    made = Table(box=None, pad_edge=False, header_style="dim")
    made.add_column(what)
    for name in ("blue (old)", "green (new)"):
        made.add_column(name, justify="right")
    for title, numbers in rows:
        made.add_row(title, *("–" if number is None else f"{number:,}" for number in numbers))
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
    alone = is_of_events_alone(ledger.last)
    for record in ledger.records:
        if record.kind == "count":
            continue
        kind = "phase" if record.kind == "weight" and alone else record.kind
        flight = record.body.get("in_flight")
        shown = f"{flight['blue']}, {flight['green']}" if flight else ""
        at = datetime.fromisoformat(record.at).astimezone()
        made.add_row(at.isoformat(sep=" ", timespec="milliseconds")[11:23], _what(kind, record.body), shown)
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
