"""Taking a release under way into one's own hands, through the AWS API, whoever shifts its traffic."""

from __future__ import annotations

from typing import Protocol

from bambe.cli.by_codedeploy import codedeploy_under_way
from bambe.cli.native import native_under_way
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble


class Steering(Protocol):
    """A release under way. Each call answers one sentence on what happens, and raises Trouble where the
    release is not where that could be done."""

    def promote(self) -> str:
        """All traffic to the new version now; once it has all, the end of the old version now."""
        ...

    def approve(self) -> str:
        """Let it go on from where it is held or waits for a person."""
        ...

    def pause(self) -> str:
        """Keep it at its present step until it is approved, promoted or rolled back."""
        ...

    def stop(self) -> str:
        """End it and leave traffic and versions as they are."""
        ...

    def weigh(self, percent: int) -> str:
        """Give the new version `percent` of the traffic until the next step."""
        ...


def under_way(target: Target, service: str) -> Steering:
    """The release of `service` under way; Trouble where there is none."""
    find = native_under_way if target.is_by_ecs(service) else codedeploy_under_way
    found: Steering | None = find(target, service)
    if found is None:
        raise Trouble(f"{service} has no release under way.")
    return found
