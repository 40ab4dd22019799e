"""A project in an account of AWS, for which an endpoint here stands in, and commands typed as by a person."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.api.conftest import Edge
from tests.api.test_cloudformation import time_passing
from tests.support.house import ACCOUNT, REGION

BAMBE = str(Path(sys.executable).parent / "bambe")
DOCKER = '''#!{python}
"""Docker's command line as far as images go: what is pushed is in its repository."""
import json, sys, urllib.request
words = sys.argv[1:]
if words[0] == "context":
    print("unix:///engine")
if words[0] == "--config":
    with open(words[1] + "/config.json") as config:
        logins = json.load(config)["auths"]
    assert words[2:5] == ["--host", "unix:///engine", "push"], words
    registry, _, name = words[5].partition("/")
    assert logins[registry]["auth"], logins
    urllib.request.urlopen("{endpoint}/pushed/" + name, data=b"").read()
'''
TEXT = """
project: shop
region: {region}
source: {repository: https://github.com/acme/shop}
environments:
  prod: {profile: prod, account: "{account}"}
services:
  web: {path: web, port: 80, route: default}
  api: {path: api, port: 80, route: "/api*", release: {controller: ecs}}
  jobs: {path: jobs, port: 80, release: rolling}
"""


@dataclass(frozen=True)
class Project:
    """The folder of a project, and who works with it."""

    root: Path
    edge: Edge

    def write(self, old: str, new: str) -> None:
        """Change bambe.yml."""
        file = self.root / "bambe.yml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def bambe(self, *words: str, fails: bool = False, pause: float = 0.001, limit: float = 120) -> str:
        """What a command printed; it must go well, or fail with one line on stderr, which is returned too.
        While it runs the account's time flies, a fifth of a second after each `pause`."""
        with time_passing(self.edge, pause):
            done = subprocess.run(
                [BAMBE, *words],
                cwd=self.root,
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=limit,
            )
        assert bool(done.returncode) == fails, f"{done.stdout}\n{done.stderr}"
        if fails:
            assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        return done.stdout + done.stderr if fails else done.stdout

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return kept | {
            "AWS_CONFIG_FILE": str(self.root / ".aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.root / ".aws-credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PROFILE": "prod",
            "BAMBE_STATE": str(self.root / "no-platform"),
            "PATH": f"{self.root / '.programs'}:{os.environ['PATH']}",
        }

    def aws(self, service: str) -> Any:
        return self.edge.aws(service)

    def pass_time(self, seconds: float) -> None:
        """Have so much time pass in the account."""
        self.edge.run(self.edge.house.advance(seconds, step=seconds / 60))


def project(edge: Edge, root: Path, text: str = TEXT) -> Project:
    """A project with one commit."""
    for name in ("web", "api", "jobs"):
        (root / name).mkdir()
        for file in ("Dockerfile", "buildspec.yml"):
            (root / name / file).write_text("FROM scratch\n")
    (root / "bambe.yml").write_text(text.replace("{region}", REGION).replace("{account}", ACCOUNT))
    key = edge.keyring.key
    (root / ".aws-config").write_text(f"[profile prod]\nregion = {REGION}\nendpoint_url = {edge.endpoint}\n")
    (root / ".aws-credentials").write_text(
        f"[prod]\naws_access_key_id = {key.access_key}\naws_secret_access_key = {key.secret_key}\n"
    )
    (root / ".programs").mkdir()
    docker = root / ".programs" / "docker"
    docker.write_text(DOCKER.format(python=sys.executable, endpoint=edge.endpoint))
    docker.chmod(0o755)
    for words in ("init --quiet", "add .", "commit --quiet --message first"):
        git(root, *words.split())
    return Project(root, edge)


def git(root: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)
