"""Ejected files against a real endpoint, with the stock AWS CLI: deployed, again, released, taken down."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bambe.engines.registry.port import Pusher
from bambe.project import parse
from bambe.services.ecr.policy import EcrPolicy
from bambe.synth import stacks
from bambe.synth.ejected import ejected
from tests.api.conftest import Edge
from tests.support import warm_cli
from tests.support.house import ACCOUNT, REGION, House

PROJECT = parse("""
project: one
network: {nat: none}
source: {repository: "https://localhost:4566/git/one.git", type: github_enterprise}
services: {web: {path: web, port: 8080, route: default}}
""")
BUILDSPEC = "version: 0.2\nphases: {build: {commands: [make]}}\n"
PASSES = {
    "create_change_set": 5,
    "execute_change_set": 40,
    "update_stack": 40,
    "delete_stack": 40,
    "start_build": 5,
    "create_deployment": 40 * 60,
}
"""Seconds that pass after an operation, before its answer goes out: the AWS CLI asks how it went at once, and
then not again before half a minute has passed in truth."""
PYTHON = Path(sys.executable)
"""The interpreter of Bambe's own AWS CLI, which is version 1."""
NEWER = Path("/usr/bin/aws")
"""Version 2, where there is one."""
SHIM = """#!/bin/sh
# Debian's version 2 has no AWS_ENDPOINT_URL, and its `ecs deploy` asks CodeDeploy without --endpoint-url.
case "$1 $2" in
  "ecs deploy") exec {older} "$@" ;;
  *) exec {python} -I -S {warm} {socket} --endpoint-url "$AWS_ENDPOINT_URL" "$@" ;;
esac
"""


async def at_once(house: House, operation: str, answer: Any) -> None:
    """What has begun has also ended before its caller hears of it."""
    seconds = PASSES.get(operation, 0)
    if operation == "start_build":
        await house.advance(seconds)
        await built(house, answer["build"]["id"])
    if seconds:
        await house.advance(seconds, max(5, seconds / 80))


async def built(house: House, id: str) -> None:
    """A build pushes its image and ends well."""
    number = id.split(":")[1]
    await house.registry.push(Pusher(ACCOUNT, REGION), "one/web", "abc123")
    phases = Path(house.site.state) / "builds" / number / "run" / "phases.jsonl"
    line = {"at": str(house.clock.now().timestamp()), "event": "complete", "status": "SUCCEEDED"}
    with phases.open("a") as file:
        file.write(json.dumps(line) + "\n")
    house.containers.exit(f"build-{number}")


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    """A house with the repository of the project, in which everything happens at once."""
    made = Edge(tmp_path / "state", after=at_once)
    made.house.registry.app(EcrPolicy(made.house.store, made.house.clock))
    made.run(made.house.git.push("one", {"web/buildspec.yml": BUILDSPEC}))
    yield made
    made.stop()


@pytest.fixture
def socket(tmp_path: Path, edge: Edge) -> Iterator[Path]:
    """Where the AWS CLI waits for commands: version 2, if there is one."""
    first = NEWER.read_bytes().partition(b"\n")[0].decode(errors="replace") if NEWER.exists() else ""
    python = first.removeprefix("#!") if "python3" in first else PYTHON
    path = tmp_path / "aws.socket"
    command = [str(python), warm_cli.__file__, str(path)]
    with subprocess.Popen(command, env=edge.environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        assert running.stdout.readline() == "ready\n"
        yield path
        running.kill()


class Person:
    """Somebody with the files and the AWS CLI."""

    def __init__(self, edge: Edge, folder: Path, socket: Path) -> None:
        self.edge, self.folder = edge, folder
        shim = SHIM.format(older=PYTHON.parent / "aws", python=PYTHON, warm=warm_cli.__file__, socket=socket)
        for path, text in {**ejected(PROJECT), "bin/aws": shim}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
            (folder / path).chmod(0o755)

    def run(self, *words: str) -> str:
        environment = {**self.edge.environment, "PATH": f"{self.folder}/bin:/usr/bin:/bin"}
        command = [str(self.folder / words[0]), *words[1:]]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def other_path(self, pattern: str) -> None:
        """Have the template of the service lead another path to it."""
        template = self.folder / "templates/one-web.json"
        said = json.loads(template.read_text())
        (condition,) = said["Resources"]["Rule"]["Properties"]["Conditions"]
        condition["PathPatternConfig"]["Values"] = [pattern]
        template.write_text(json.dumps(said, indent=2))

    def image(self) -> str:
        """Of the only task that runs."""
        ecs = self.edge.aws("ecs")
        (task,) = ecs.list_tasks(cluster="one")["taskArns"]
        shown = ecs.describe_tasks(cluster="one", tasks=[task])["tasks"][0]
        return str(shown["containers"][0]["image"])

    def stacks(self) -> dict[str, Any]:
        """When each stack was last changed."""
        shown = self.edge.aws("cloudformation").describe_stacks()["Stacks"]
        assert {one["StackStatus"] for one in shown} <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
        return {one["StackName"]: one.get("LastUpdatedTime") for one in shown}


def test_a_project_is_deployed_released_and_taken_down(edge: Edge, socket: Path, tmp_path: Path) -> None:
    person = Person(edge, tmp_path / "files", socket)
    person.run("deploy.sh")
    made, image = person.stacks(), person.image()
    assert set(made) == {one.name for one in stacks(PROJECT)}
    assert image.endswith("/one/web:abc123")

    released = f"{image}@sha256:{'0' * 64}"
    assert "Successfully deployed" in person.run("release.sh", "web", released)
    assert person.image() == released

    person.other_path("/other/*")
    person.run("deploy.sh")
    assert {name for name, when in person.stacks().items() if when != made[name]} == {"one-web"}
    assert person.image() == released
    assert rule(edge)["Conditions"][0]["PathPatternConfig"] == {"Values": ["/other/*"]}
    assert weights(edge) == {"one-web-blue": 0, "one-web-green": 100}
    assert given(edge) >= {("BlueWeight", "0"), ("GreenWeight", "100")}
    assert len(edge.aws("codebuild").list_builds()["ids"]) == 1

    person.run("down.sh", "--yes")
    assert person.stacks() == {}


def rule(edge: Edge) -> dict[str, Any]:
    """The service's rule."""
    cloudformation, balancer = edge.aws("cloudformation"), edge.aws("elbv2")
    shown = cloudformation.describe_stack_resource(StackName="one-web", LogicalResourceId="Rule")
    (found,) = balancer.describe_rules(RuleArns=[shown["StackResourceDetail"]["PhysicalResourceId"]])["Rules"]
    return dict(found)


def weights(edge: Edge) -> dict[str, int]:
    """Of the target groups, in the service's rule."""
    (action,) = rule(edge)["Actions"]
    groups = {one["TargetGroupArn"]: one["Weight"] for one in action["ForwardConfig"]["TargetGroups"]}
    return {arn.split("/")[1]: weight for arn, weight in groups.items()}


def given(edge: Edge) -> set[tuple[str, str]]:
    """The parameters of the service's stack."""
    (stack,) = edge.aws("cloudformation").describe_stacks(StackName="one-web")["Stacks"]
    return {(one["ParameterKey"], one["ParameterValue"]) for one in stack["Parameters"]}
