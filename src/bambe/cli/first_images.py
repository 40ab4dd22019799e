"""Images of a commit: built by CodeBuild, or by this machine's Docker and pushed to ECR."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from bambe.cli.builds import why_it_failed
from bambe.cli.pace import Pace
from bambe.cli.repository import Repository
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble
from bambe.kernel.clock import monotonic

Say = Callable[[str], None]
DOCKER_BUILD = re.compile(r"\bdocker (?:buildx )?build ((?:[^\n&|;>]|>-?\n\s+)*)")
BUILD_LIMIT = 1800.0


def has_image(target: Target, service: str, commit: str) -> bool:
    """Whether the service's repository has the image of a commit."""
    name, ecr = target.names.repository(service), target.client("ecr")
    try:
        answer = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": commit[:12]}])
    except ClientError as error:
        if error.response["Error"]["Code"] != "RepositoryNotFoundException":
            raise
        return False
    return bool(answer["images"])


def image_of(target: Target, service: str, commit: str) -> str:
    """The name of the image of a commit."""
    return f"{_repository(target, service)}:{commit[:12]}"


def by_codebuild(target: Target, services: Sequence[str], commit: str, say: Say, pace: Pace) -> None:
    """Have CodeBuild build and push, all at a time, without a release; Trouble with the first failure."""
    builds = {one: _start(target, one, commit) for one in services}
    for service, build in builds.items():
        say(f"{service}: building {commit[:12]}")
        _wait_for(target, service, build, pace)
        say(f"{service}: image pushed")


def from_here(target: Target, services: Sequence[str], commit: str, say: Say) -> None:
    """Build a commit with this machine's Docker as the services' buildspecs do, and push it."""
    with tempfile.TemporaryDirectory(prefix="bambe-build-") as folder:
        Repository(target.root).export(commit, Path(folder))
        for service in services:
            image = image_of(target, service, commit)
            say(f"{service}: building {commit[:12]} on this machine")
            path = target.project.services[service].path
            words = docker_build((Path(folder) / path / "buildspec.yml").read_text(), service, path)
            _docker(service, "build", "--tag", image, *words, folder=Path(folder))
            _push(target, service, image)
            say(f"{service}: image pushed")


def docker_build(buildspec: str, service: str, path: str) -> list[str]:
    """What a buildspec's `docker build` says, but for the tag: Dockerfile, arguments, context; the folder of
    the service where none can be read."""
    line = next((hit[1] for hit in DOCKER_BUILD.finditer(buildspec)), "")
    line = re.sub(r"\$(SERVICE\b|\{SERVICE\})", service, line)
    try:
        words = shlex.split(line)
    except ValueError:
        words = []
    kept: list[str] = []
    while words:
        word = words.pop(0)
        if word in ("-t", "--tag"):
            words = words[1:]
        elif not word.startswith(("--tag=", "--push")):
            kept.append(word)
    return kept if kept and not any("$" in word for word in kept) else [path]


def _start(target: Target, service: str, commit: str) -> str:
    answer = target.client("codebuild").start_build(
        projectName=target.names.build(service),
        sourceVersion=commit,
        environmentVariablesOverride=[{"name": "RELEASE", "value": "no", "type": "PLAINTEXT"}],
    )
    return str(answer["build"]["id"])


def _wait_for(target: Target, service: str, build: str, pace: Pace) -> None:
    end = monotonic() + BUILD_LIMIT
    for pause in pace.pauses():
        found: dict[str, Any] = target.client("codebuild").batch_get_builds(ids=[build])["builds"][0]
        if found["buildStatus"] == "SUCCEEDED":
            return
        if found["buildStatus"] != "IN_PROGRESS":
            raise Trouble(f"{service}: {why_it_failed(found)} (bambe logs --build {service})")
        if monotonic() > end:
            raise Trouble(f"{service}: its build takes more than {BUILD_LIMIT / 60:.0f} minutes.")
        time.sleep(pause)  # noqa: TID251


def _repository(target: Target, service: str) -> str:
    name = target.names.repository(service)
    found = target.client("ecr").describe_repositories(repositoryNames=[name])["repositories"][0]
    return str(found["repositoryUri"])


def _push(target: Target, service: str, image: str) -> None:
    """Push with ECR's token in a configuration of its own: the person's keeps its logins and helpers."""
    answer = target.client("ecr").get_authorization_token()["authorizationData"][0]
    login = {"auths": {image.partition("/")[0]: {"auth": str(answer["authorizationToken"])}}}
    engine = _docker(service, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}").strip()
    with tempfile.TemporaryDirectory(prefix="bambe-login-") as folder:
        (Path(folder) / "config.json").write_text(json.dumps(login))
        _docker(service, "push", image, before=("--config", folder, "--host", engine))


def _docker(service: str, *words: str, before: Sequence[str] = (), folder: Path | None = None) -> str:
    """What Docker's command line prints; Trouble with its last words where it fails."""
    try:
        done = subprocess.run(
            ["docker", *before, *words], cwd=folder, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise Trouble(
            "there is no `docker` on this machine: install it, or leave --build-here out."
        ) from None
    if done.returncode:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise Trouble(f"{service}: docker {words[0]} failed: {said[-1] if said else 'it said nothing'}")
    return done.stdout
