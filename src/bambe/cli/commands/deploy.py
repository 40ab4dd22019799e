"""`bambe deploy SERVICE`: build the current commit and release that service, or release a given image."""

from __future__ import annotations

import click

from bambe.cli.account import Account
from bambe.cli.bringing_up import BringingUp
from bambe.cli.builds import why_it_failed
from bambe.cli.environment import chosen
from bambe.cli.expiry import expiring
from bambe.cli.first_images import has_image, image_of
from bambe.cli.grounds import ground_of
from bambe.cli.phases import phase_of
from bambe.cli.target import Target, open_target
from bambe.cli.trouble import Trouble

RELEASES_AN_IMAGE = """\
version: 0.2
env:
  shell: bash
phases:
  build:
    commands:
      - sed "s|<IMAGE>|$IMAGE|" <<< "$TASKDEF" > taskdef.json
      - echo "$APPSPEC" > appspec.json
      - aws ecs deploy --cluster "$CLUSTER" --service "$SERVICE" --task-definition taskdef.json
          --codedeploy-appspec appspec.json
"""


@click.command("deploy")
@click.argument("service")
@click.option("--image", default=None, help="Release this image instead of building the current commit.")
@click.option("--build-here", is_flag=True, help="On AWS: build the image with Docker here, and push it.")
def command(service: str, image: str | None, build_here: bool) -> None:
    """Release SERVICE: its folder at the current commit, or the image given."""
    if image is not None and not image.strip():
        raise click.UsageError("--image is empty: name an image, or leave it out to build the commit.")
    if build_here and (image or not chosen()):
        raise click.UsageError("--build-here goes with --on, and without --image.")
    target = open_target()
    for said in expiring(target.project):
        click.echo(said, err=True)
    target.is_by_ecs(service)  # says so when there is no such service
    work = BringingUp(target, click.echo, ground_of(target, build_here))
    if image:
        click.echo(release_image(work, service, image))
        return
    work.repository.check()
    if build_here:
        release_from_here(work, service)
    else:
        build_and_release(work, service)


def release_from_here(work: BringingUp, service: str) -> None:
    """Build the commit on this machine, push it, and release it."""
    head = work.repository.head()
    if has_image(work.target, service, head):
        work.say(f"{service}: the image of {head[:12]} is there")
    else:
        work.ground.make_images([service], head, work.say)
    click.echo(release_image(work, service, image_of(work.target, service, head)))


def build_and_release(work: BringingUp, service: str) -> None:
    """Have CodeBuild build the commit; its buildspec releases it."""
    target, head = work.target, work.repository.head()
    work.ground.check_commit()
    if not target.heeds_tags:
        check_nothing_under_way(target, service)
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
    for line in ahead(target, service):
        click.echo(line)


def ahead(target: Target, service: str) -> list[str]:
    """What the new release has to wait for, in words."""
    if target.is_by_ecs(service) or target.project.release_of(service).queue == "off":
        return []
    under_way = target.releases(service).active()
    return [f"{service}: it waits for {under_way}; `bambe watch {service}` shows it."] if under_way else []


def release_image(work: BringingUp, service: str, image: str) -> str:
    """Release an image that is there; while another release is under way, by a build, since builds queue."""
    target = work.target
    before = None if target.is_by_ecs(service) else target.releases(service).active()
    if before is None:
        return f"{service}: {work.release(service, image)} releases {image}"
    if target.project.release_of(service).queue == "off" or isinstance(target.place, Account):
        check_nothing_under_way(target, service)
    answer = target.client("codebuild").start_build(
        projectName=target.names.build(service),
        buildspecOverride=RELEASES_AN_IMAGE,
        environmentVariablesOverride=[{"name": "IMAGE", "value": image, "type": "PLAINTEXT"}],
    )
    return f"{service}: {answer['build']['id']} releases {image} when {before} is over."


def check_nothing_under_way(target: Target, service: str) -> None:
    """Trouble where CodeDeploy is releasing the service: it refuses a second release."""
    before = None if target.is_by_ecs(service) else target.releases(service).active()
    if before is None:
        return
    info, shown = target.releases(service).get(before), target.releases(service).target(before)
    raise Trouble(
        f"{service}: {before} is under way ({phase_of(info, shown)}): wait for its end, or"
        f" `bambe rollback {service}`."
    )
