"""The project's repository and its remote."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bambe.cli.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    subprocess.run(["git", "init", "-q", str(tmp_path / "shop")], check=True)
    return Repository(tmp_path / "shop")


def filled(repository: Repository, action: str) -> str:
    """What git learns from the credential helper."""
    done = subprocess.run(
        ["git", "-c", "credential.interactive=false", "credential", action],
        input="protocol=http\nhost=localhost:4566\n\n",
        cwd=repository.root,
        env={"PATH": "/usr/bin:/bin", "GIT_TERMINAL_PROMPT": "0", "HOME": str(repository.root)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout


def test_git_gets_the_key_of_the_platform(repository: Repository, tmp_path: Path) -> None:
    state = tmp_path / "it's a state"
    state.mkdir()
    (state / "credentials").write_text(
        "[default]\naws_access_key_id = AKIA1\naws_secret_access_key = s/e+c=r\n"
    )
    repository.connect("http://localhost:4566/git/shop.git", state)
    assert filled(repository, "fill").splitlines()[-2:] == ["username=AKIA1", "password=s/e+c=r"]


def test_a_remote_follows_the_platform(repository: Repository, tmp_path: Path) -> None:
    for port in (4566, 4567, 4567):
        repository.connect(f"http://localhost:{port}/git/shop.git", tmp_path)
    remotes = subprocess.run(
        ["git", "remote", "-v"], cwd=repository.root, capture_output=True, text=True, check=True
    ).stdout
    assert "4567" in remotes
    assert "4566" not in remotes


def test_what_is_not_committed_is_named_in_full(repository: Repository) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=d", "-c", "user.email=d@shop.example")
        subprocess.run(["git", *who, *words], cwd=repository.root, check=True, capture_output=True)

    (repository.root / "bambe.yml").write_text("one")
    (repository.root / "old name").write_text("two")
    git("add", ".")
    git("commit", "-m", "first")
    (repository.root / "bambe.yml").write_text("another")
    git("mv", "old name", "new name")
    assert sorted(repository.uncommitted()) == ["bambe.yml", "new name", "old name"]
