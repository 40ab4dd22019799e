"""`bambe rollback SERVICE`: back to the version before, whatever is under way."""

from __future__ import annotations

import click

from bambe.cli.native import good_before, native_under_way
from bambe.cli.releases import task_definition_of
from bambe.cli.restoring import Restoring
from bambe.cli.stopped import left_by_stop
from bambe.cli.target import Target, open_target
from bambe.cli.trouble import Trouble
from bambe.synth import appspec


@click.command("rollback")
@click.argument("service")
@click.option("--to", default=None, metavar="ID|TIME", help="Restore this release, or the one of that time.")
def command(service: str, to: str | None) -> None:
    """Go back to the version before: by weights while a release is under way, else by a release of it.

    With --to, restore all of an earlier release: image, task definition, routes and health check.
    """
    if to is not None and not to.strip():
        raise click.UsageError(
            f"--to is empty: give a release (`bambe release list {service}` has them) or a time."
        )
    target = open_target()
    click.echo(Restoring(target, service, click.echo).run(to) if to else roll_back(target, service))


def roll_back(target: Target, service: str) -> str:
    """Start the rollback; one sentence on what happens."""
    look = target.looker().service(service)
    if target.is_by_ecs(service):
        return _roll_back_in_place(target, service)
    releases = target.releases(service)
    under_way = releases.active()
    if under_way is not None and releases.is_rollback(under_way):
        return f"{service}: {under_way} is bringing the version before back already."
    if under_way is not None:
        back = releases.stop_and_roll_back(under_way)
        return f"{service}: {under_way} is stopped; traffic goes back to the version before{_by(back)}."
    if not look.versions:
        raise Trouble(f"{service} has no version running to go back from.")
    stopped = left_by_stop(target, service)
    if stopped is not None:
        return stopped.go_back()
    current = target.task_definition_arn(look.versions[0].task_definition)
    before = releases.good_before(current, appspec(target.project, service, target.first_revision(service)))
    name = task_definition_of(before).rsplit("/", 1)[-1]
    deployment = releases.create(before, f"back from {current.rsplit('/', 1)[-1]} to {name}")
    return f"{service}: {deployment} releases the version before ({name})."


def _by(deployment: str | None) -> str:
    return f" ({deployment})" if deployment else ""


def _roll_back_in_place(target: Target, service: str) -> str:
    ecs = target.client("ecs")
    going = native_under_way(target, service)
    if going is not None:
        return going.roll_back()
    look = target.looker().service(service)
    before = good_before(target, service, target.task_definition_arn(look.versions[0].task_definition))
    if before:
        ecs.update_service(cluster=target.cluster, service=service, taskDefinition=before)
        return f"{service}: ECS brings back {before.rsplit('/', 1)[-1]}."
    raise Trouble(f"{service} has no earlier release to go back to.")
