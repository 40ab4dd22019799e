"""An invocation's containers: the function's own, and beside an image the Runtime API."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bambe.engines.containers.port import Containers, ContainerSpec, Mount, TaskSpec
from bambe.kernel.call import Aws, Site
from bambe.kernel.errors import NotThere
from bambe.services.lambda_ import code
from bambe.services.lambda_.model import LATEST, Code, Function, Invocation, PackageType, Result

RUNTIME = Path(__file__).parent / "runtime"
OUR_IMAGE = "bambe/build:1"
"""Python 3.11 with boto3; where AWS's own image of the runtime is on this machine, that one is used."""
PYTHON = 'exec "$(command -v python3 || echo /var/lang/bin/python3)" -u "$0"'
FINISH = 2


def directory(site: Site, invocation: Invocation) -> Path:
    """Where an attempt's event and result are."""
    return Path(site.state) / "lambda" / f"{invocation.id}-{invocation.attempt}"


def prepare(site: Site, function: Function, invocation: Invocation, zipped: Code | None, ends: float) -> None:
    """Write the event and unpack the code."""
    folder = directory(site, invocation)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "invocation").mkdir(parents=True)
    (folder / "task").mkdir()
    about = {
        "id": invocation.id,
        "arn": function.arn,
        "ends": ends,
        "payload": base64.b64encode(invocation.payload).decode(),
    }
    (folder / "invocation" / "event.json").write_text(json.dumps(about))
    (folder / "invocation").chmod(0o777)
    if zipped is not None:
        code.unpack(zipped, folder / "task")


def result(site: Site, invocation: Invocation) -> Result | None:
    """What the function left, if it has."""
    try:
        found = json.loads((directory(site, invocation) / "invocation" / "result.json").read_text())
    except (FileNotFoundError, ValueError):
        return None
    return Result(found["payload"].encode(), found["error"], base64.b64decode(found["log"]))


async def start(
    containers: Containers, aws: Aws, site: Site, function: Function, invocation: Invocation
) -> None:
    """Start its containers; those that run are kept."""
    variables = {**_environment(function, invocation, site), **await _credentials(aws, function, invocation)}
    labels = {"bambe.kind": "lambda", "bambe.arn": function.arn}
    if function.package is PackageType.IMAGE:
        await containers.pull(function.image)
        pair = (_image(function, invocation, variables), _runtime_api(site, function, invocation))
        await containers.start_task(TaskSpec(id=invocation.task, containers=pair, labels=labels))
        return
    for image in (f"public.ecr.aws/lambda/python:{function.runtime.removeprefix('python')}", OUR_IMAGE):
        container = _zip(site, function, invocation, variables, image)
        try:
            await containers.start_task(TaskSpec(id=invocation.task, containers=(container,), labels=labels))
        except NotThere:
            continue
        return
    raise NotThere(
        f"there is no image to run {function.runtime} in: run `bambe up` once, which makes {OUR_IMAGE}"
    )


def _zip(
    site: Site, function: Function, invocation: Invocation, variables: Mapping[str, str], image: str
) -> ContainerSpec:
    folder = directory(site, invocation)
    return ContainerSpec(
        name="function",
        image=image,
        entry_point=("/bin/sh", "-c", PYTHON),
        command=("/opt/bambe/run_function.py",),
        environment=variables,
        memory=function.memory,
        stop_timeout=FINISH,
        mounts=(
            Mount(str(folder / "invocation"), "/invocation"),
            Mount(str(folder / "task"), "/var/task", read_only=True),
            Mount(str(RUNTIME), "/opt/bambe", read_only=True),
        ),
        log_group=function.log_group,
        log_stream=stream(invocation),
    )


def _image(function: Function, invocation: Invocation, variables: Mapping[str, str]) -> ContainerSpec:
    """AWS's public images begin a local emulator unless a Runtime API is named."""
    return ContainerSpec(
        name="function",
        image=function.image,
        entry_point=function.entry_point,
        command=function.command,
        working_directory=function.working_directory,
        environment={**variables, "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"},
        memory=function.memory,
        stop_timeout=FINISH,
        log_group=function.log_group,
        log_stream=stream(invocation),
    )


def _runtime_api(site: Site, function: Function, invocation: Invocation) -> ContainerSpec:
    folder = directory(site, invocation)
    return ContainerSpec(
        name="runtime-api",
        image=OUR_IMAGE,
        entry_point=("/bin/sh", "-c", PYTHON),
        command=("/opt/bambe/serve_image.py",),
        essential=False,
        stop_timeout=FINISH,
        mounts=(
            Mount(str(folder / "invocation"), "/invocation"),
            Mount(str(RUNTIME), "/opt/bambe", read_only=True),
        ),
        log_group=function.log_group,
        log_stream=stream(invocation),
    )


def stream(invocation: Invocation) -> str:
    """Where an invocation prints: a stream for each container, as at AWS."""
    return f"{invocation.created:%Y/%m/%d}/[{LATEST}]{invocation.id.replace('-', '')}"


def _environment(function: Function, invocation: Invocation, site: Site) -> dict[str, str]:
    own = {
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": LATEST,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream(invocation),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime or 'Image'}",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": site.inner_endpoint,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REQUEST_ID": invocation.id,
        "LAMBDA_TASK_ROOT": "/var/task",
        "_HANDLER": function.handler,
        "TZ": ":UTC",
    }
    return {**own, **function.environment}


async def _credentials(aws: Aws, function: Function, invocation: Invocation) -> dict[str, str]:
    answer = await aws.sts.assume_role(RoleArn=function.role, RoleSessionName=function.name)
    given: Mapping[str, Any] = answer["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
