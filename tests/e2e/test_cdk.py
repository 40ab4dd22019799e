"""The stock CDK CLI, unchanged: an app of aws-cdk-lib's constructs is deployed, changed and destroyed."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bambe.cli.place import Local
from bambe.engines.images import BaseImages
from tests.e2e.cdk_tool import APP, installed
from tests.e2e.platform import free_port

IMAGE = "python:3.11-slim"
STACK = "cdk-shop"


@dataclass
class Cdk:
    """The tool in a folder with the app."""

    place: Local
    folder: Path
    port: int

    def __call__(self, *words: str, version: str) -> subprocess.CompletedProcess[str]:
        tool = self.folder / "node_modules" / "aws-cdk" / "bin" / "cdk"
        return subprocess.run(
            ["node", str(tool), *words, "--no-color", "--ci"],
            cwd=self.folder,
            env=self._environment(version),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def balancer(self) -> str:
        """The load balancer's address on this machine."""
        client = self.place.client("elbv2")
        (found,) = client.describe_load_balancers()["LoadBalancers"]
        client.close()
        return str(found["AvailabilityZones"][0]["LoadBalancerAddresses"][0]["IpAddress"])

    def _environment(self, version: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
        return {
            **kept,
            **self.place.environment(),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "PORT": str(self.port),
            "VERSION": version,
        }


@pytest.fixture(scope="module")
def cdk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cdk]:
    tools = installed()
    asyncio.run(BaseImages().ensure(IMAGE, print))
    folder = tmp_path_factory.mktemp("cdk")
    for name in ("app.js", "cdk.json"):
        shutil.copy(APP / name, folder)
    (folder / "node_modules").symlink_to(tools / "node_modules")
    place = Local(folder / "state")
    try:
        place.start(scale=60, port=free_port())
        yield Cdk(place, folder, free_port())
    finally:
        place.end()


def outputs(cdk: Cdk) -> dict[str, str]:
    (stack,) = cdk.place.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def worker(cdk: Cdk) -> dict[str, Any]:
    """The container that the rolling service's task definition says now."""
    ecs, put_out = cdk.place.client("ecs"), outputs(cdk)
    found = ecs.describe_services(cluster=put_out["ClusterName"], services=[put_out["WorkerName"]])
    arn = found["services"][0]["taskDefinition"]
    return dict(ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"][0])


def test_the_cdk_deploys_compares_changes_and_destroys(cdk: Cdk) -> None:
    ran = cdk("deploy", "--require-approval", "never", version="1")
    assert ran.returncode == 0, ran.stderr[-4000:]
    assert outputs(cdk)["Url"].endswith(f":{cdk.port}")
    with urllib.request.urlopen(f"http://{cdk.balancer()}:{cdk.port}", timeout=10) as answer:
        assert answer.read() == b"1"
    groups = cdk.place.client("codedeploy")
    (application,) = groups.list_applications()["applications"]
    assert len(groups.list_deployment_groups(applicationName=application)["deploymentGroups"]) == 1
    (namespace,) = cdk.place.client("servicediscovery").list_namespaces()["Namespaces"]
    assert namespace["Name"] == "cdk.local"
    assert worker(cdk)["environment"] == [{"name": "VERSION", "value": "1"}]

    vpcs = cdk.place.client("ec2").describe_vpcs()["Vpcs"]
    assert [one["IsDefault"] for one in vpcs].count(False) == 1

    ran = cdk("diff", version="1")
    assert "There were no differences" in ran.stdout + ran.stderr, ran.stdout + ran.stderr
    ran = cdk("diff", "--fail", version="2")
    said = ran.stdout + ran.stderr
    assert ran.returncode == 1, said
    assert "RetentionInDays" in said
    assert "requires replacement" in said or "will be replaced" in said or "may be replaced" in said, said

    ran = cdk("deploy", "--require-approval", "never", version="2")
    assert ran.returncode == 0, ran.stderr[-4000:]
    assert worker(cdk)["environment"] == [{"name": "VERSION", "value": "2"}]
    ran = cdk("deploy", "--require-approval", "never", version="2")
    assert "(no changes)" in ran.stdout + ran.stderr

    ran = cdk("destroy", "--force", version="2")
    assert ran.returncode == 0, ran.stderr[-4000:]
    assert cdk.place.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert cdk.place.client("ecs").list_clusters()["clusterArns"] == []
    assert [one["IsDefault"] for one in cdk.place.client("ec2").describe_vpcs()["Vpcs"]] == [True]
