"""Commands with `--on`: an account of AWS, by profile, role and number; a real endpoint stands in for AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bambe.kernel.clock import SystemClock
from bambe.services.sts.sessions import find_session
from tests.api.conftest import Edge
from tests.support.house import ACCOUNT, REGION

BAMBE = str(Path(sys.executable).parent / "bambe")
TEXT = """
project: shop
region: {region}
environments:
  prod: {{profile: prod, account: "{account}", change: {{services: {{web: {{tasks: 5}}}}}}}}
  other: {{profile: prod, account: "123456789012"}}
  nowhere: {{profile: missing}}
  deployer: {{profile: prod, role: "arn:aws:iam::{account}:role/deployer"}}
services:
  web: {{path: web, port: 80, route: default}}
"""


@pytest.fixture
def shop(edge: Edge, tmp_path: Path) -> Path:
    """A project, and the AWS CLI's files of a person who works with it."""
    (tmp_path / "web").mkdir()
    for file in ("Dockerfile", "buildspec.yml"):
        (tmp_path / "web" / file).write_text("")
    (tmp_path / "bambe.yml").write_text(TEXT.format(region=REGION, account=ACCOUNT))
    (tmp_path / "config").write_text(f"[profile prod]\nregion = {REGION}\nendpoint_url = {edge.endpoint}\n")
    key = edge.keyring.key
    (tmp_path / "credentials").write_text(
        f"[prod]\naws_access_key_id = {key.access_key}\naws_secret_access_key = {key.secret_key}\n"
    )
    return tmp_path


def bambe(shop: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    files = {
        "AWS_CONFIG_FILE": str(shop / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(shop / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "BAMBE_STATE": str(shop / "no-platform"),
    }
    return subprocess.run(
        [BAMBE, *words], cwd=shop, env=kept | files | more, capture_output=True, text=True, timeout=60
    )


def test_commands_speak_to_the_account_of_the_environment(shop: Path, edge: Edge) -> None:
    edge.aws("ecs").create_cluster(clusterName="shop")
    for words, more in ((("--on", "prod"), {}), ((), {"BAMBE_ON": "prod"})):
        done = bambe(shop, "status", "--json", *words, **more)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["project"] == "shop"
    said = json.loads(bambe(shop, "env", "--json", "--on", "prod").stdout)
    assert said["AWS_ACCESS_KEY_ID"] == edge.keyring.key.access_key
    assert said["AWS_REGION"] == REGION


def test_a_role_is_taken_on_with_the_credentials_of_the_profile(shop: Path, edge: Edge) -> None:
    edge.house.clock._now = SystemClock().now()  # the client's clock is the true one
    edge.keyring._find_session = lambda access_key: find_session(edge.house.store, access_key)
    allow = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [allow]}
    edge.aws("iam").create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps(trust))
    done = bambe(shop, "env", "--json", "--on", "deployer")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["AWS_ACCESS_KEY_ID"] != edge.keyring.key.access_key
    who = edge.aws(
        "sts",
        aws_access_key_id=said["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=said["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=said["AWS_SESSION_TOKEN"],
    ).get_caller_identity()["Arn"]
    assert who.endswith(":assumed-role/deployer/bambe")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("status", "--on", "other"),
            f"the account {ACCOUNT}, and other is 123456789012",
        ),
        (("status", "--on", "nowhere"), "the AWS CLI has no profile 'missing'"),
        (
            ("status", "--on", "staging"),
            "no environment 'staging'; there is: aws, deployer, nowhere",
        ),
        (("status", "--on", "aws"), "there are no credentials for aws: `aws configure`"),
        (("status",), "the platform does not run"),
        (("up", "--on", "prod"), "is not the top of a git repository"),
        (("up", "--on", "prod", "--scale", "60"), "--scale and --port are of this machine's platform"),
        (("plan", "--on", "staging"), "no environment 'staging'"),
    ],
)
def test_what_does_not_lead_anywhere_gets_one_sentence(shop: Path, words: tuple[str, ...], says: str) -> None:
    done = bambe(shop, *words)
    assert done.returncode != 0
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
