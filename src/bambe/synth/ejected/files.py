"""All files by their path, and what keeps a project from them."""

from __future__ import annotations

import json
from typing import Any

from bambe.project import Project
from bambe.synth.ejected import readme, scripts
from bambe.synth.ejected.texts import pretty
from bambe.synth.limits import TEMPLATE_BYTES_FROM_S3, problems
from bambe.synth.release import IMAGE_PLACEHOLDER, appspec, task_definition
from bambe.synth.stacks import stacks

ACCOUNT, REGION = "<ACCOUNT>", "<REGION>"
"""Stand for these in a task definition; the scripts fill them in."""
FOLDERS = ("templates", "taskdefs", "appspecs")
"""Where files come and go with services."""


def ejected(project: Project, account: str = "") -> dict[str, str]:
    """The text of every file by its path, the same for the same project.

    `account` is the number of the only account that the scripts deploy to; "" for any.
    """
    every, services = stacks(project), sorted(project.services)
    return {
        "README.md": readme.page(project, every),
        "lib.sh": scripts.lib(project, account),
        "deploy.sh": scripts.deploy(project, every),
        "release.sh": scripts.release(project),
        "down.sh": scripts.down(project, every),
        **{f"templates/{one.name}.json": pretty(one.template) for one in every},
        **{f"taskdefs/{one}.json": pretty(_task_definition(project, one)) for one in services},
        **{
            f"appspecs/{one}.json": pretty(appspec(project, one))
            for one in services
            if project.has_codedeploy(one)
        },
    }


def hindrances(project: Project) -> tuple[str, ...]:
    """What has to change in bambe.yml before these files work on AWS, each as one sentence.

    A template that is too long for a call is no hindrance: deploy.sh asks for an S3 bucket then.
    """
    return (*problems(project, TEMPLATE_BYTES_FROM_S3), *_taken(project))


def _task_definition(project: Project, service: str) -> dict[str, Any]:
    return task_definition(project, service, IMAGE_PLACEHOLDER, ACCOUNT, REGION)


def _taken(project: Project) -> list[str]:
    """Task definitions that say themselves what stands for something else."""
    found = []
    for service in sorted(project.services):
        plain = json.dumps(task_definition(project, service, "", "", ""))
        found += [
            f"{service}: its environment has the text {one}, which stands for something else in taskdefs/"
            for one in (IMAGE_PLACEHOLDER, ACCOUNT, REGION)
            if one in plain
        ]
    return found
