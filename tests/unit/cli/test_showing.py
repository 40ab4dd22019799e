"""What is said of releases that are asked for by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.table import Table

from bambe.cli import ledgers
from bambe.cli.terminal import console
from bambe.cli.trouble import Trouble
from tests.unit.cli.stage import shop


class Logs:
    """No ledgers."""

    def get_log_events(self, **asked: Any) -> Any:
        raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetLogEvents")


class CodeDeploy:
    """One deployment, d-KNOWN."""

    def get_deployment(self, deploymentId: str) -> Any:
        if deploymentId != "d-KNOWN":
            raise ClientError({"Error": {"Code": "DeploymentDoesNotExistException"}}, "GetDeployment")
        return {}


class Ecs:
    """Services that ECS releases; each has had one deployment."""

    def describe_services(self, cluster: str, services: list[str]) -> Any:
        return {"services": [{"serviceName": services[0], "deploymentController": {"type": "ECS"}}]}

    def list_service_deployments(self, service: str, **asked: Any) -> Any:
        return {"serviceDeployments": [{"serviceDeploymentArn": f"arn:x/{service}/known"}]}

    def describe_service_deployments(self, serviceDeploymentArns: list[str]) -> Any:
        return {"serviceDeployments": [{"serviceDeploymentArn": one} for one in serviceDeploymentArns]}


@pytest.mark.parametrize(
    ("id", "says"),
    [
        ("orders", "orders is a service: `bambe release list orders` has the IDs"),
        ("d-NOPE", "there is no release 'd-NOPE': `bambe release list SERVICE`"),
        ("nope", "there is no release 'nope'"),
        ("d-KNOWN", "d-KNOWN has no ledger"),
        ("known", "known has no ledger"),
    ],
)
def test_what_has_no_ledger_is_told_apart(tmp_path: Path, id: str, says: str) -> None:
    with pytest.raises(Trouble, match=says):
        ledgers.of_release(shop(tmp_path, logs=Logs(), codedeploy=CodeDeploy(), ecs=Ecs()), id)


def test_without_a_terminal_a_row_is_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    made = Table(box=None, pad_edge=False)
    for name in ("release", "why"):
        made.add_column(name, overflow="fold")
    made.add_row("d-A1B2C3D4E", "the new version fails more often: " * 20)
    out = console()
    out.print(made)
    out.print("d-A1B2C3D4E " * 20)
    assert len(capsys.readouterr().out.splitlines()) == 3
