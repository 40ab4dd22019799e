"""AWS's limits that a whole project can pass, each as one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bambe.project.model import Project

RULES = 100
"""Of a load balancer, on all its listeners (ALB's quota; AWS raises it on request)."""
TARGET_GROUPS = 100
"""Of a load balancer (ALB's quota, which AWS does not raise)."""
RETENTIONS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""Days that CloudWatch Logs offers to keep events."""
BUILD_SUFFIX = "-build"
"""Of the stack with what builds a service; no service's name ends so."""
RESERVED = ("network",)


def problems(project: Project) -> Iterator[str]:
    """What AWS would refuse."""
    public = [name for name, service in project.services.items() if service.is_public]
    shifted = [name for name in public if not project.is_rolling(name)]
    rules = len(public) + (len(shifted) if project.test_port else 0)
    if rules > RULES:
        more = " (with a test_port a service that shifts traffic has two)" if project.test_port else ""
        yield (
            f"the services' routes are {rules} rules{more}, and a load balancer takes {RULES}:"
            " split the project in two"
        )
    groups = len(public) + len(shifted)
    if groups > TARGET_GROUPS:
        yield (
            f"the services' routes need {groups} target groups (a service that shifts traffic has two),"
            f" and a load balancer takes {TARGET_GROUPS}: let some be `release: rolling`,"
            " or split the project in two"
        )
    yield from _names(project)


def _names(project: Project) -> Iterator[str]:
    if project.project.startswith("internal-"):
        yield f"no load balancer is called internal-... (ELB's rule): rename the project {project.project}"
    for name in project.services:
        if name in RESERVED:
            yield f"the service {name} and the stack of the {name} would have one name: rename the service"
        if name.endswith(BUILD_SUFFIX):
            yield (
                f"{name}: the stack {project.project}-{name} is that of what builds a service"
                f" {name.removesuffix(BUILD_SUFFIX)}: rename the service"
            )
