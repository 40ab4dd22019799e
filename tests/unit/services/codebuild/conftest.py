"""CodeBuild on a real store, containers in memory, and stand-ins for git and STS."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bambe.control import Runner
from bambe.daemon.wiring import provide
from bambe.edge.dispatch import Dispatcher
from bambe.engines.git.port import Commit, Ref
from bambe.kernel.call import Aws, Call, Caller, Site
from bambe.kernel.clock import ManualClock
from bambe.kernel.errors import AwsError, NotThere
from bambe.services import Folder, Service
from bambe.services.codebuild.webhooks import Pushes
from bambe.store import Database
from tests.fakes.containers import FakeContainers
from tests.support.house import ACCOUNT, REGION, AnyModels

BUILDSPEC = "version: 0.2\nphases:\n  build:\n    commands:\n      - make\n"
MAIN = "refs/heads/main"


class AccessDenied(AwsError):
    pass


class Repositories:
    """git as CodeBuild needs it: heads, and what each commit holds and changed."""

    def __init__(self) -> None:
        self.heads: dict[str, str] = {}
        self.changes: dict[str, list[str]] = {}
        self.files: dict[str, str] = {"buildspec.yml": BUILDSPEC}
        self.lost: set[str] = set()

    def push(self, commit: str, *files: str, ref: str = MAIN) -> None:
        self.heads[ref] = commit
        self.changes[commit] = list(files)

    async def repositories(self) -> list[str]:
        return ["shop"]

    async def refs(self, repository: str) -> list[Ref]:
        return [Ref(name, commit) for name, commit in self.heads.items()]

    async def commit(self, repository: str, revision: str) -> Commit:
        return Commit(revision, "somebody", f"Message of {revision}")

    async def changed_files(self, repository: str, old: str, new: str) -> list[str]:
        if old in self.lost:
            raise NotThere(old)
        return self.changes[new] if old else ["everything", *self.changes[new]]

    async def export(self, repository: str, revision: str, into: Path) -> str:
        if revision == "missing":
            raise NotThere("no such revision")
        assert not list(into.iterdir())
        for name, text in self.files.items():
            (into / name).write_text(text)
        return self.heads.get(revision, revision)


class Workshop:
    """CodeBuild and what a test may do to it."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.clock = ManualClock()
        self.store = Database()
        self.git = Repositories()
        self.containers = FakeContainers(self.clock)
        self.site = Site(
            "http://localhost:4566",
            "http://bambe.internal:4566",
            "localhost:4566",
            str(state),
            ACCOUNT,
            REGION,
        )
        self.denied = False
        self.service = Folder("codebuild")
        registry = {"codebuild": self.service, "sts": self._sts()}
        dispatcher = Dispatcher(registry, AnyModels(), self.store, self.clock, self.site)
        self.aws: Aws = dispatcher.aws(Caller(ACCOUNT, REGION, "arn:aws:iam::000000000000:root"))
        self.pushes = Pushes(self.store, self.clock, self.git, self.site)  # type: ignore[arg-type]

    def _sts(self) -> Service:
        async def assume_role(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
            if self.denied:
                raise AccessDenied("no such role")
            keys = {"AccessKeyId": "ASIA", "SecretAccessKey": "secret", "SessionToken": "token"}
            return {"Credentials": keys}

        return Service("sts", {"assume_role": assume_role})

    async def start(self) -> None:
        await self.store.start(self.service.migrations)
        self.restart()

    def restart(self) -> None:
        """As after kill -9: new loops that know only store, files and engine."""
        assert self.service.reconcilers
        parts = {name: getattr(self, name) for name in ("store", "clock", "aws", "site", "containers", "git")}
        self.runners = [Runner(made, self.clock) for made in provide(self.service.reconcilers, parts)]
        for runner in self.runners:
            self.store.listen(runner.changed)

    async def advance(self, seconds: float, step: float = 0.5) -> None:
        passed = 0.0
        while True:
            for runner in self.runners:
                runner.wake(await runner.reconciler.keys())
                await runner.once()
            if passed >= seconds:
                return
            await self.clock.advance(step)
            passed += step

    async def project(self, name: str = "orders", folder: str = "", **more: Any) -> None:
        source = {"type": "GITHUB", "location": "http://localhost:4566/git/shop.git"}
        environment = {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "privilegedMode": True,
            "environmentVariables": [{"name": "WHO", "value": "project"}],
        }
        request: dict[str, Any] = {
            "name": name,
            "source": source,
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": environment,
            "serviceRole": "arn:aws:iam::000000000000:role/build",
        }
        await self.aws.codebuild.create_project(**{**request, **more})
        if folder:
            group = [{"type": "EVENT", "pattern": "PUSH"}, {"type": "FILE_PATH", "pattern": f"^{folder}/"}]
            await self.aws.codebuild.create_webhook(projectName=name, filterGroups=[group])

    async def build(self, name: str = "orders", **more: Any) -> str:
        answer = await self.aws.codebuild.start_build(projectName=name, **more)
        return str(answer["build"]["id"])

    async def info(self, id: str) -> Any:
        (found,) = (await self.aws.codebuild.batch_get_builds(ids=[id]))["builds"]
        return found

    def task(self, id: str) -> str:
        return f"build-{id.split(':')[1]}"

    def directory(self, id: str) -> Path:
        return self.state / "builds" / id.split(":")[1]

    def report(self, id: str, *lines: dict[str, Any]) -> None:
        """What the build's script would write now."""
        with (self.directory(id) / "run" / "phases.jsonl").open("a") as file:
            for line in lines:
                file.write(json.dumps({"at": str(self.clock.now().timestamp()), **line}) + "\n")

    def succeed(self, id: str, status: str = "SUCCEEDED") -> None:
        """Let the build's script come to its end."""
        for phase in ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"):
            self.report(id, {"phase": phase, "event": "start"})
            failed = status == "FAILED" and phase == "BUILD"
            if failed:
                self.report(id, {"phase": phase, "event": "failed", "command": "make", "exit": 2})
            end = "FAILED" if failed else "SUCCEEDED"
            self.report(id, {"phase": phase, "event": "end", "status": end})
        self.report(id, {"event": "complete", "status": status})
        self.containers.exit(self.task(id))


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[Workshop]:
    made = Workshop(tmp_path)
    await made.start()
    yield made
    await made.store.stop()
