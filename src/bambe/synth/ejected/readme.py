"""README.md: what lies where, and how to work with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bambe.project import Project
from bambe.synth.ejected.texts import needs_bucket
from bambe.synth.names import Names
from bambe.synth.stacks import Stack

PAGE = Path(__file__).with_name("page.md")
BY_CODEDEPLOY = """\
CodeDeploy ({services}): the first command gives the id of the release that is under way, the second takes it
back at once, the third lets it go on where it waits for approval.

    aws deploy list-deployments --application-name {application} --deployment-group-name {group} \\
      --include-only-statuses InProgress Ready
    aws deploy stop-deployment --auto-rollback-enabled --deployment-id d-...
    aws deploy continue-deployment --deployment-wait-type READY_WAIT --deployment-id d-...
"""
BY_ECS = """\
ECS ({services}): a release that is under way goes back to the version before.

    aws ecs list-service-deployments --cluster {cluster} --service {service} --status IN_PROGRESS
    aws ecs stop-service-deployment --stop-type ROLLBACK --service-deployment-arn arn:...
"""

LONG = """
CloudFormation takes at most 51,200 bytes of a template in a call. What is longer has to lie in an S3 bucket:
for {which} it is `BUCKET=NAME ./deploy.sh`, with a bucket of yours in the same region.
"""
TOPICS = """\
Nothing looks beforehand whether a change of a topic takes events away that are kept now: CloudFormation
does what the template says.
"""


def page(project: Project, every: Iterable[Stack]) -> str:
    """The whole page, in Markdown."""
    names, first = Names.of(project), sorted(project.services)[0]
    registry = f"123456789012.dkr.ecr.{project.region}.amazonaws.com"
    said = {
        "PROJECT": project.project,
        "REGION": f"`{project.region}`",
        "BRANCH": project.branch,
        "SERVICE": first,
        "IMAGE": f"{registry}/{names.repository(first)}:1a2b3c4d5e6f",
        "SERVICES": "\n".join(_row(project, names, one) for one in sorted(project.services)),
        "BUCKET": _bucket(every),
        "BACK": _back(project, names),
        "TOPICS": TOPICS if project.events else "",
        "LOST": " The Kafka cluster goes with everything that is in it." if project.events else "",
    }
    text = PAGE.read_text()
    for name, value in said.items():
        text = text.replace(f"@{name}@", value)
    return text


def _row(project: Project, names: Names, service: str) -> str:
    by = "CodeDeploy" if project.has_codedeploy(service) else "ECS"
    made = f"`{names.build_stack(service)}`, `{names.stack(service)}`"
    return f"| {service} | {by} | {made} | `{project.services[service].path}/buildspec.yml` |"


def _bucket(every: Iterable[Stack]) -> str:
    if not (long := needs_bucket(every)):
        return ""
    which = ", ".join(f"`{one}`" for one in long)
    return LONG.format(which=which)


def _back(project: Project, names: Names) -> str:
    by_codedeploy = [one for one in sorted(project.services) if project.has_codedeploy(one)]
    by_ecs = [one for one in sorted(project.services) if not project.has_codedeploy(one)]
    parts = []
    if by_codedeploy:
        first = by_codedeploy[0]
        where = {"application": names.application(first), "group": names.group(first)}
        parts.append(BY_CODEDEPLOY.format(services=", ".join(by_codedeploy), **where))
    if by_ecs:
        where = {"cluster": names.cluster, "service": by_ecs[0]}
        parts.append(BY_ECS.format(services=", ".join(by_ecs), **where))
    return "\n".join(parts)
