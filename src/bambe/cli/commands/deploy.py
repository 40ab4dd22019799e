"""`bambe deploy SERVICE`: build the current commit and release that service, or release a given image."""

from __future__ import annotations

import click

from bambe.cli.bringing_up import BringingUp
from bambe.cli.look import phase_of, why_it_failed
from bambe.cli.target import Target, open_target
from bambe.cli.trouble import Trouble


@click.command("deploy")
@click.argument("service")
@click.option("--image", default="", help="Release this image instead of building the current commit.")
def command(service: str, image: str) -> None:
    """Release SERVICE: its folder at the current commit, or the image given."""
    target = open_target()
    check_free(target, service)
    work = BringingUp(target, click.echo)
    if image:
        click.echo(f"{service}: {work.release(service, image)} releases {image}")
        return
    work.repository.check()
    head = work.repository.head()
    work.push()
    if any(line.startswith(f"{target.names.build(service)}: builds") for line in work.changes.pushed):
        return
    answer = target.client("codebuild").start_build(
        projectName=target.names.build(service), sourceVersion=head
    )
    build = answer["build"]
    if build["buildStatus"] not in ("IN_PROGRESS", "SUCCEEDED"):
        click.echo(f"{service}: {why_it_failed(build)}")
        return
    click.echo(f"{service}: {build['id']} builds and releases {head[:12]} (bambe logs --build -f {service})")


def check_free(target: Target, service: str) -> None:
    """CodeDeploy has one deployment of a group at a time (DeploymentLimitExceededException)."""
    if target.is_rolling(service):
        return
    releases = target.releases(service)
    under_way = releases.active()
    if under_way is not None:
        phase = phase_of(releases.get(under_way), releases.target(under_way))
        raise Trouble(
            f"{service}: {under_way} is under way ({phase}): wait for its end, or `bambe rollback {service}`."
        )
