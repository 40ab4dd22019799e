"""Builds in words: what one is doing, or why it failed."""

from __future__ import annotations

from typing import Any


def is_building(codebuild: Any, project: str) -> bool:
    """Whether one of the newest builds of a project is under way and will release what it builds."""
    ids = codebuild.list_builds_for_project(projectName=project, sortOrder="DESCENDING")["ids"][:10]
    builds = codebuild.batch_get_builds(ids=ids)["builds"] if ids else []
    return any(one["buildStatus"] == "IN_PROGRESS" and not _only_builds(one) for one in builds)


def _only_builds(build: dict[str, Any]) -> bool:
    said = build.get("environment", {}).get("environmentVariables", ())
    return any(one["name"] == "RELEASE" and one["value"] == "no" for one in said)


def build_says(build: dict[str, Any], service: str, release: str = "", image: str = "") -> str:
    """What a build is doing, or why it failed, in words; "" for one that went well.

    `release` is the deployment under way and `image` what it releases: a build waits for its own.
    """
    commit = build.get("resolvedSourceVersion", "")[:12]
    if build["buildStatus"] == "IN_PROGRESS":
        return _going(commit, given_image(build), build.get("currentPhase", "QUEUED"), release, image)
    if build["buildStatus"] == "SUCCEEDED":
        return ""
    what = f"commit {commit}; " if commit else ""
    return f"{why_it_failed(build)} ({what}bambe logs --build {service})"


def given_image(build: dict[str, Any]) -> str:
    """The image that a build only releases; "" for one that makes its own."""
    said = build.get("environment", {}).get("environmentVariables", ())
    return next((str(one["value"]) for one in said if one["name"] == "IMAGE"), "")


def _going(commit: str, given: str, phase: str, release: str, image: str) -> str:
    what = given or commit
    if phase in ("SUBMITTED", "QUEUED"):
        return f"the build of {what} is queued"
    if release and _is_image_of(image, given, commit):
        return (
            f"{what} is {'' if given else 'built and '}being released by {release}; its build waits for that"
        )
    return f"{'releasing' if given else 'building'} {what}: {phase.lower()}"


def is_of(build: dict[str, Any], image: str) -> bool:
    """Whether a build made or was given this image."""
    return _is_image_of(image, given_image(build), build.get("resolvedSourceVersion", "")[:12])


def _is_image_of(image: str, given: str, commit: str) -> bool:
    return image == given if given else image.endswith(f":{commit}")


def why_it_failed(build: dict[str, Any]) -> str:
    """The first failed phase of a build in one sentence."""
    for phase in build.get("phases", []):
        if phase.get("phaseStatus") in ("FAILED", "FAULT", "TIMED_OUT", "STOPPED"):
            contexts = [one.get("message", "") for one in phase.get("contexts", [])]
            why = shortened(" ".join(contexts)) or phase["phaseStatus"]
            return f"the build failed in {phase['phaseType']}: {why}"
    return f"the build is {build['buildStatus']}"


def shortened(text: str, most: int = 140) -> str:
    """A text without its middle where it is too long for a line: what it is about, and how it ended."""
    return text if len(text) <= most else f"{text[: most - 42]} … {text[-39:]}"
