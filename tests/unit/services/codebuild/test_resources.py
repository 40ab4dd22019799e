"""Projects from templates: members that are recorded come back as AWS spells them."""

from __future__ import annotations

from typing import Any

from bambe.kernel.resources import Wish
from bambe.services.codebuild.resources import RESOURCES
from tests.support.house import House

(KIND,) = RESOURCES
CONNECTION = "arn:aws:codeconnections:eu-central-1:000000000000:connection/1"
PROJECT: dict[str, Any] = {
    "Name": "web",
    "ServiceRole": "arn:aws:iam::000000000000:role/build",
    "Artifacts": {"Type": "NO_ARTIFACTS"},
    "Environment": {
        "Type": "LINUX_CONTAINER",
        "ComputeType": "BUILD_GENERAL1_SMALL",
        "Image": "alpine",
        "PrivilegedMode": "true",
    },
    "Source": {
        "Type": "GITHUB",
        "Location": "https://github.com/acme/shop.git",
        "Auth": {"Type": "CODECONNECTIONS", "Resource": CONNECTION},
        "GitCloneDepth": 1,
        "ReportBuildStatus": True,
    },
    "LogsConfig": {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": "/builds/web"}},
    "Cache": {"Type": "LOCAL", "Modes": ["LOCAL_DOCKER_LAYER_CACHE"]},
    "VpcConfig": {"VpcId": "vpc-1", "Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
}


async def test_sources_by_connection_logs_cache_and_network_are_kept(house: House) -> None:
    made = await KIND.create(house.aws, Wish("s", "arn", "P", "s-P-1", "token", PROJECT, {}))
    assert made.physical_id == "web"
    (shown,) = (await house.aws.codebuild.batch_get_projects(names=["web"]))["projects"]
    assert shown["source"]["auth"] == {"type": "CODECONNECTIONS", "resource": CONNECTION}
    assert shown["logsConfig"]["cloudWatchLogs"] == {"status": "ENABLED", "groupName": "/builds/web"}
    assert shown["cache"] == {"type": "LOCAL", "modes": ["LOCAL_DOCKER_LAYER_CACHE"]}
    assert shown["vpcConfig"] == {
        "vpcId": "vpc-1", "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]
    }  # fmt: skip
    assert KIND.update is not None
    without = {
        key: value for key, value in PROJECT.items() if key not in ("VpcConfig", "LogsConfig", "Cache")
    }
    await KIND.update(house.aws, Wish("s", "arn", "P", "s-P-1", "token", without, {}), made, PROJECT)
    (shown,) = (await house.aws.codebuild.batch_get_projects(names=["web"]))["projects"]
    assert shown["cache"]["type"] == "NO_CACHE"
    assert not shown.get("vpcConfig")
