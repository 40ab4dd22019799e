"""What every house of git promises, and what the stock git client meets at the real one's door."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from bambe.engines.git.port import Git
from bambe.engines.git.program import environment, git
from bambe.engines.git.repositories import GitRepositories
from bambe.kernel.errors import NotThere, Refused
from tests.fakes.git import FakeGit

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
}


class Rig:
    """A house of git and a way to push to it without its door."""

    def __init__(self, git: Git, root: Path) -> None:
        self.git = git
        self._root = root

    async def push(
        self, repository: str, files: Mapping[str, str | None], message: str = "change", branch: str = "main"
    ) -> str:
        if isinstance(self.git, FakeGit):
            return await self.git.push(repository, files, message=message, ref=f"refs/heads/{branch}")
        await self.git.create(repository)
        work = self._root / "work" / repository
        if not work.is_dir():
            work.mkdir(parents=True)
            await git("init", "--quiet", directory=work)
        commit = write_commit(work, files, message)
        target = self._root / "git" / f"{repository}.git"
        await git("push", "--quiet", str(target), f"HEAD:refs/heads/{branch}", directory=work)
        return commit


def run(*words: str, directory: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """The stock client, as somebody without any configuration."""
    env = {**environment(), **IDENTITY, **settings}
    return subprocess.run(["git", *words], cwd=directory, env=env, capture_output=True, text=True, timeout=60)


def write_commit(work: Path, files: Mapping[str, str | None], message: str) -> str:
    for name, text in files.items():
        path = work / name
        if text is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert run("add", "-A", directory=work).returncode == 0
    assert run("commit", "--quiet", "-m", message, directory=work).returncode == 0
    return run("rev-parse", "HEAD", directory=work).stdout.strip()


@pytest.fixture(params=["fake", "program"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Rig:
    if request.param == "fake":
        return Rig(FakeGit(), tmp_path)
    url = "http://localhost:1"
    return Rig(GitRepositories(tmp_path / "git", hook_url=lambda: url, hook_token="t"), tmp_path)


async def test_a_repository_is_made_once_and_kept(rig: Rig) -> None:
    assert await rig.git.repositories() == []
    await rig.git.create("shop")
    commit = await rig.push("shop", {"a": "1"})
    await rig.git.create("shop")
    await rig.git.create("team/orders")
    assert await rig.git.repositories() == ["shop", "team/orders"]
    assert [(r.name, r.commit) for r in await rig.git.refs("shop")] == [("refs/heads/main", commit)]
    assert await rig.git.refs("team/orders") == []


async def test_two_makers_at_once(rig: Rig) -> None:
    await asyncio.gather(*(rig.git.create("shop") for _ in range(4)))
    assert await rig.git.repositories() == ["shop"]


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a/../b", "/etc", "a//b", ".hooks", "-", "a.git", "ä", "a b"]
)
async def test_bad_names_are_refused(rig: Rig, name: str) -> None:
    with pytest.raises(Refused):
        await rig.git.create(name)
    assert await rig.git.repositories() == []


async def test_commits_by_branch_and_id(rig: Rig) -> None:
    commit = await rig.push("shop", {"a": "1"}, "Sell\n\nmore things")
    for revision in (commit, commit[:12], "main", "refs/heads/main"):
        found = await rig.git.commit("shop", revision)
        assert (found.id, found.author) == (commit, "Ada <ada@example.com>")
        assert found.message == "Sell\n\nmore things"


@pytest.mark.parametrize("revision", ["", "nothing", "f" * 40, "--all", "-h"])
async def test_what_is_not_there(rig: Rig, revision: str, tmp_path: Path) -> None:
    commit = await rig.push("shop", {"a": "1"})
    with pytest.raises(NotThere):
        await rig.git.commit("shop", revision)
    with pytest.raises(NotThere):
        await rig.git.export("shop", revision, tmp_path / "out")
    with pytest.raises(NotThere):
        await rig.git.changed_files("shop", commit, revision)
    with pytest.raises(NotThere):
        await rig.git.refs("other")
    with pytest.raises(NotThere):
        await rig.git.commit("other", "main")


async def test_changed_files_are_all_of_them(rig: Rig) -> None:
    first = await rig.push("shop", {"a": "same text that could be called a rename", "dir/b c": "1", "ü": "1"})
    assert await rig.git.changed_files("shop", "", first) == ["a", "dir/b c", "ü"]
    second = await rig.push("shop", {"a": None, "z": "same text that could be called a rename"})
    third = await rig.push("shop", {f"many/{n:04}": "x" for n in range(400)})
    assert await rig.git.changed_files("shop", first, second) == ["a", "z"]
    assert len(await rig.git.changed_files("shop", first, third)) == 402
    assert await rig.git.changed_files("shop", third, third) == []


async def test_files_of_a_commit(rig: Rig) -> None:
    first = await rig.push("shop", {"bambe.yml": "project: shop\n", "a/b.txt": "1"})
    await rig.push("shop", {"bambe.yml": "project: mall\n", "a/b.txt": None})
    assert await rig.git.file("shop", first, "bambe.yml") == "project: shop\n"
    assert await rig.git.file("shop", "main", "bambe.yml") == "project: mall\n"
    assert await rig.git.file("shop", first, "a/b.txt") == "1"
    for revision, path in (("main", "a/b.txt"), (first, "a"), ("nothing", "bambe.yml"), (first, "--help")):
        with pytest.raises(NotThere):
            await rig.git.file("shop", revision, path)


async def test_an_export_is_the_commit_with_its_history(rig: Rig, tmp_path: Path) -> None:
    first = await rig.push("shop", {"a": "1", "b": "1"})
    await rig.push("shop", {"a": "2", "b": None})
    out = tmp_path / "out"
    out.mkdir()
    assert await rig.git.export("shop", first, out) == first
    assert (out / "a").read_text() == "1"
    assert (out / "b").exists()
    assert (out / ".git" / "HEAD").read_text().strip() == first


async def test_removing_twice(rig: Rig) -> None:
    await rig.push("shop", {"a": "1"})
    await rig.git.remove("shop")
    await rig.git.remove("shop")
    assert await rig.git.repositories() == []
    await rig.git.create("shop")
    assert await rig.git.refs("shop") == []


class Policy:
    """Lets one key in, and says what it was told."""

    def __init__(self) -> None:
        self.pushes: list[str] = []
        self.broken = False

    async def authorize(self, username: str, password: str) -> bool:
        return (username, password) == ("AKIA", "s3/cr:et")

    async def pushed(self, repository: str) -> list[str]:
        self.pushes.append(repository)
        if self.broken:
            raise NotThere("gone")
        return [f"{repository}: build orders, because services/orders/** changed", "payments stays"]


class Door:
    """The real thing behind uvicorn on a free port."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.policy = Policy()
        self.hook_url = ""
        self.git = GitRepositories(root / "git", hook_url=lambda: self.hook_url, hook_token="token-1")
        self.requests: list[dict[str, Any]] = []
        self._inner = self.git.app(self.policy)
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(listener.getsockname()[1])
        self.hook_url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(self._app, log_level="warning", lifespan="off", ws="none", interface="asgi3")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests.append(scope)
        await self._inner(scope, receive, send)

    def url(self, name: str, user: str = "AKIA:s3%2Fcr%3Aet@") -> str:
        return f"http://{user}127.0.0.1:{self.port}/git/{name}"

    def headers(self, name: bytes) -> list[str]:
        return [v.decode() for scope in self.requests for k, v in scope["headers"] if k == name]

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Somebody's clone with one commit."""
    made = tmp_path / "clone"
    made.mkdir()
    run("init", "--quiet", directory=made)
    write_commit(made, {"a": "1"}, "first")
    return made


def test_a_first_push_makes_the_repository_and_shows_the_lines(door: Door, work: Path) -> None:
    done = run("push", door.url("shop.git"), "main", directory=work)
    assert done.returncode == 0, done.stderr
    assert "remote: shop: build orders, because services/orders/** changed" in done.stderr
    assert "remote: payments stays" in done.stderr
    assert door.policy.pushes == ["shop"]
    head = run("rev-parse", "HEAD", directory=work).stdout.strip()
    [ref] = asyncio.run(door.git.refs("shop"))
    assert (ref.name, ref.commit) == ("refs/heads/main", head)


def test_a_clone_brings_it_back(door: Door, work: Path, tmp_path: Path) -> None:
    assert run("push", door.url("team/shop.git"), "main", directory=work).returncode == 0
    done = run("clone", door.url("team/shop"), str(tmp_path / "back"), directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "back" / "a").read_text() == "1"
    assert "version=2" in door.headers(b"git-protocol")
    assert "a new branch" not in run("fetch", directory=tmp_path / "back").stderr


def test_five_megabytes_go_in_and_come_out(door: Door, work: Path, tmp_path: Path) -> None:
    noise = os.urandom(5_000_000)
    (work / "big").write_bytes(noise)
    write_commit(work, {}, "big")
    done = run("push", door.url("shop.git"), "main", directory=work)
    assert done.returncode == 0, done.stderr
    assert "chunked" in door.headers(b"transfer-encoding")
    assert run("clone", door.url("shop.git"), str(tmp_path / "back"), directory=tmp_path).returncode == 0
    back = (tmp_path / "back" / "big").read_bytes()
    assert hashlib.sha256(back).digest() == hashlib.sha256(noise).digest()


def test_gzipped_requests_are_understood(door: Door, work: Path, tmp_path: Path) -> None:
    assert run("push", door.url("shop.git"), "main", directory=work).returncode == 0
    assert run("clone", door.url("shop.git"), str(tmp_path / "back"), directory=tmp_path).returncode == 0
    later = {"GIT_COMMITTER_DATE": "2037-01-01T00:00:00Z"}  # git offers the newest commits first
    for n in range(60):
        message = ("-m", f"mine {n}")
        done = run("commit", "--quiet", "--allow-empty", *message, directory=tmp_path / "back", **later)
        assert done.returncode == 0, done.stderr
    write_commit(work, {"b": "1"}, "theirs")
    assert run("push", door.url("shop.git"), "main", directory=work).returncode == 0
    done = run("fetch", directory=tmp_path / "back")
    assert done.returncode == 0, done.stderr
    assert "gzip" in door.headers(b"content-encoding")


@pytest.mark.parametrize("user", ["", "AKIA:wrong@", "nobody:s3%2Fcr%3Aet@"])
def test_strangers_stay_outside(door: Door, work: Path, user: str) -> None:
    done = run("push", door.url("shop.git", user), "main", directory=work)
    assert done.returncode != 0
    assert asyncio.run(door.git.repositories()) == []
    assert run("ls-remote", door.url("shop.git", user), directory=work).returncode != 0


def test_reading_what_is_not_there(door: Door, work: Path) -> None:
    done = run("ls-remote", door.url("shop.git"), directory=work)
    assert done.returncode != 0
    assert "not found" in done.stderr
    assert asyncio.run(door.git.repositories()) == []


def test_a_silent_daemon_does_not_refuse_the_push(door: Door, work: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        door.hook_url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        done = run("push", door.url("shop.git"), "main", directory=work)
    assert done.returncode == 0, done.stderr
    assert "remote: Bambe did not answer. The push is stored" in done.stderr
    assert len(asyncio.run(door.git.refs("shop"))) == 1


def test_another_daemon_with_another_token(door: Door, work: Path, tmp_path: Path) -> None:
    assert run("push", door.url("shop.git"), "main", directory=work).returncode == 0
    next_door = Door(tmp_path)
    next_door.git._hook_token = "token-2"
    next_door._inner = next_door.git.app(next_door.policy)
    try:
        write_commit(work, {"a": "2"}, "second")
        done = run("push", next_door.url("shop.git"), "main", directory=work)
    finally:
        next_door.stop()
    assert "remote: shop: build orders" in done.stderr
    assert (door.policy.pushes, next_door.policy.pushes) == (["shop"], ["shop"])


def test_the_hooks_path_needs_the_token(door: Door, work: Path, tmp_path: Path) -> None:
    assert run("push", door.url("shop.git"), "main", directory=work).returncode == 0
    secret = tmp_path / "git" / ".door"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert json.loads(secret.read_text())["token"] == "token-1"

    async def ask(token: str, name: str) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        lines = [
            f"POST /git/-/pushed/{name} HTTP/1.1",
            "Host: x",
            f"X-Bambe-Hook: {token}",
            "Content-Length: 0",
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        status = int((await reader.readline()).split()[1])
        writer.close()
        return status

    assert asyncio.run(ask("wrong", "shop")) == 403
    assert asyncio.run(ask("", "shop")) == 403
    assert asyncio.run(ask("token-1", "shop")) == 200
    assert asyncio.run(ask("token-1", "../etc")) == 404
    door.policy.broken = True
    assert asyncio.run(ask("token-1", "shop")) == 200


def test_the_users_configuration_does_not_count(
    door: Door, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(work / "broken"))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    (work / "broken").write_text("[[[")
    assert run("push", door.url("shop.git"), "main", directory=work).returncode == 0


def test_origin_of_an_export_is_the_door(door: Door, work: Path, tmp_path: Path) -> None:
    assert run("push", door.url("shop.git"), "main", directory=work).returncode == 0
    out = tmp_path / "out"
    asyncio.run(door.git.export("shop", "main", out))
    origin = run("remote", "get-url", "origin", directory=out).stdout.strip()
    assert origin == f"http://127.0.0.1:{door.port}/git/shop.git"
