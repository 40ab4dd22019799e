"""Prepares a build's directory and starts its container; every part is safe to repeat."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bambe.engines.containers.port import Containers, ContainerSpec, Mount, TaskSpec
from bambe.engines.git.port import Git
from bambe.kernel.call import Aws, Site
from bambe.kernel.errors import AwsError, NotThere, Refused
from bambe.services.codebuild import environment, script, sources
from bambe.services.codebuild.buildspec import Buildspec, is_inline, parse
from bambe.services.codebuild.errors import BadBuildspec, PhaseFailed
from bambe.services.codebuild.model import Build, PhaseType

BUILD_IMAGE = "bambe/build:1"
AWS_IMAGES = ("aws/codebuild/", "public.ecr.aws/codebuild/")
SOCKET = "/var/run/docker.sock"
CONTAINER = "build"
SHORTEST_SESSION, LONGEST_SESSION = 3600, 43200


def directory(site: Site, build: Build) -> Path:
    """Where a build's source, script and reports lie while it runs."""
    return Path(site.state) / "builds" / build.uuid


async def download(git: Git, site: Site, build: Build) -> str:
    """Put the source into the build directory; the commit it is at ("" without a source)."""
    trouble = sources.problem(build.settings["source"], site)
    if trouble:
        raise PhaseFailed(PhaseType.DOWNLOAD_SOURCE, "CLIENT_ERROR", trouble)
    target = directory(site, build) / "src"
    await asyncio.to_thread(_empty, target)
    if not build.repository:
        return ""
    try:
        revision = build.source_version or await _default_branch(git, build.repository)
        return await git.export(build.repository, revision, target)
    except (NotThere, Refused) as error:
        message = f"git fetch failed for {build.repository} {build.source_version}: {error}".strip()
        raise PhaseFailed(PhaseType.DOWNLOAD_SOURCE, "GIT_CLONE_FAILED", message) from error


async def read_buildspec(site: Site, build: Build) -> Buildspec:
    """The buildspec of the project or of the source."""
    given = build.settings["source"].get("buildspec") or sources.DEFAULT_BUILDSPEC
    try:
        if is_inline(given):
            return parse(given)
        return parse(await asyncio.to_thread(_read, directory(site, build) / "src", given))
    except BadBuildspec as error:
        raise PhaseFailed(PhaseType.DOWNLOAD_SOURCE, "YAML_FILE_ERROR", f"{given}: {error}"[:2000]) from error


async def session(aws: Aws, build: Build) -> Mapping[str, Any]:
    """Credentials of the project's service role, for as long as the build may take."""
    role = build.settings["serviceRole"]
    arn = role if role.startswith("arn:") else f"arn:aws:iam::{build.account}:role/{role}"
    minutes = build.settings.get("timeoutInMinutes") or 60
    wanted = min(max(minutes * 60, SHORTEST_SESSION), LONGEST_SESSION)
    name = f"AWSCodeBuild-{build.uuid}"
    try:
        try:
            answer = await aws.sts.assume_role(RoleArn=arn, RoleSessionName=name, DurationSeconds=wanted)
        except AwsError as error:
            if error.wire_code() not in ("ValidationError", "ValidationException"):
                raise
            answer = await aws.sts.assume_role(RoleArn=arn, RoleSessionName=name)
    except AwsError as error:
        message = f"CodeBuild is not authorized to perform: sts:AssumeRole on {arn}: {error.message}"
        raise PhaseFailed(PhaseType.PROVISIONING, "CLIENT_ERROR", message) from error
    credentials: Mapping[str, Any] = answer["Credentials"]
    return credentials


async def start(
    containers: Containers, site: Site, build: Build, spec: Buildspec, credentials: Mapping[str, Any]
) -> None:
    """Write the script and start the one container that runs it."""
    await asyncio.to_thread(_write_script, directory(site, build) / "run", script.render(spec))
    task = _task(site, build, environment.variables(build, spec, site, credentials))
    image = task.containers[0].image
    try:
        try:
            await containers.start_task(task)
        except NotThere:
            await containers.pull(image)
            await containers.start_task(task)
    except (NotThere, Refused) as error:
        message = f"The build image {image} cannot be started: {error}"
        code = "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE"
        raise PhaseFailed(PhaseType.PROVISIONING, code, message) from error


def image_of(asked: str) -> str:
    """The image to run: AWS's own build images are all ours."""
    return BUILD_IMAGE if asked.startswith(AWS_IMAGES) else asked


def sweep(path: Path) -> None:
    """Remove a build directory; what a container's root left to itself stays behind."""
    shutil.rmtree(path, ignore_errors=True)


def _task(site: Site, build: Build, variables: Mapping[str, str]) -> TaskSpec:
    asked = build.settings["environment"]
    mounts = [Mount(str(directory(site, build)), script.OUTPUT)]
    if asked.get("privilegedMode"):
        mounts.append(Mount(SOCKET, SOCKET))
    logs = ((build.settings.get("logsConfig") or {}).get("cloudWatchLogs") or {}).get("status", "ENABLED")
    container = ContainerSpec(
        name=CONTAINER,
        image=image_of(asked["image"]),
        entry_point=("/bin/sh",),
        command=("-c", f"exec {script.RUN}/build.sh"),
        environment=variables,
        mounts=tuple(mounts),
        stop_timeout=2,
        log_group=build.log_group if logs == "ENABLED" else "",
        log_stream=build.log_stream if logs == "ENABLED" else "",
    )
    labels = {
        "bambe.kind": "build",
        "bambe.arn": build.arn,
        "bambe.account": build.account,
        "bambe.region": build.region,
    }
    return TaskSpec(id=build.task, containers=(container,), labels=labels, yields=True)


async def _default_branch(git: Git, repository: str) -> str:
    names = [ref.name for ref in await git.refs(repository) if ref.name.startswith("refs/heads/")]
    if not names:
        raise NotThere("the repository has no branch yet")
    return "refs/heads/main" if "refs/heads/main" in names else names[0]


def _empty(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)


def _write_script(run: Path, text: str) -> None:
    run.mkdir(parents=True, exist_ok=True)
    path = run / "build.sh"
    path.write_text(text)
    path.chmod(0o755)


def _read(source: Path, name: str) -> str:
    path = (source / name.lstrip("/")).resolve()
    if not path.is_relative_to(source.resolve()):
        raise BadBuildspec("the path leads out of the source")
    try:
        return path.read_text()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise BadBuildspec(f"stat {script.SOURCE}/{name}: no such file or directory") from None
    except UnicodeDecodeError:
        raise BadBuildspec("it is not UTF-8 text") from None
