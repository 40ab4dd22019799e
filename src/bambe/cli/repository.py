"""The project's git repository, and its push to the platform."""

from __future__ import annotations

import shlex
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from bambe.cli.trouble import Trouble

REMOTE = "bambe"


@dataclass(frozen=True, slots=True)
class Repository:
    """The git work tree that holds bambe.yml at its root."""

    root: Path

    def check(self) -> None:
        """Trouble unless bambe.yml lies at the top of a work tree with at least one commit."""
        if self._git("rev-parse", "--show-toplevel", check=False) != str(self.root):
            raise Trouble(
                f"{self.root} is not the top of a git repository, and builds are made of commits:"
                " git init && git add . && git commit."
            )
        if not self._git("rev-parse", "--verify", "--quiet", "HEAD", check=False):
            raise Trouble("the repository has no commit yet: git add . && git commit.")

    def head(self) -> str:
        """The commit that would be pushed."""
        return self._git("rev-parse", "HEAD")

    def export(self, commit: str, folder: Path) -> None:
        """Write the files of a commit into a folder."""
        file = folder / ".bambe-commit.tar"
        self._git("archive", "--format=tar", f"--output={file}", commit)
        with tarfile.open(file) as archive:
            archive.extractall(folder, filter="tar")
        file.unlink()

    def is_published(self) -> bool:
        """Whether a remote other than the platform is known to have HEAD."""
        refs = self._git("for-each-ref", "--contains", "HEAD", "--format=%(refname)", "refs/remotes")
        return any(not one.startswith(f"refs/remotes/{REMOTE}/") for one in refs.splitlines())

    def uncommitted(self) -> list[str]:
        """Paths with changes that no commit has."""
        # Each ends with a zero byte; the first may begin with a space that counts.
        listed = subprocess.run(
            ["git", "status", "--porcelain", "-z", "--no-renames"],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=True,
        )
        return [entry[3:] for entry in listed.stdout.split("\0") if len(entry) > 3]

    def connect(self, url: str, state: Path) -> None:
        """Have the remote `bambe`, with a credential helper that reads the platform's keys."""
        if self._git("remote", "get-url", REMOTE, check=False) != url:
            self._git("remote", "remove", REMOTE, check=False)
            self._git("remote", "add", REMOTE, url)
        host = url.split("/git/")[0]
        self._git("config", "--replace-all", f"credential.{host}.helper", _helper(state / "credentials"))

    def push(self, branch: str) -> list[str]:
        """Push HEAD to `branch` of the platform; what the platform said of it."""
        done = subprocess.run(
            ["git", "push", "--porcelain", REMOTE, f"HEAD:refs/heads/{branch}"],
            cwd=self.root, capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = [line.removeprefix("remote: ").rstrip() for line in done.stderr.splitlines()]
        if done.returncode:
            raise Trouble(f"git push to the platform failed: {_last(said)}")
        return [line for line in said if line and not line.startswith(("To ", "Everything up-to-date"))]

    def _git(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise Trouble(f"git {arguments[0]} failed: {_last(done.stderr.splitlines())}")
        return done.stdout.strip() if not done.returncode else ""


def _helper(credentials: Path) -> str:
    """git's credential helper: the access key, read by the shell (git-credential(1); asked at each push)."""
    pairs = {"aws_access_key_id": "username", "aws_secret_access_key": "password"}
    reading = "; ".join(f"s/^{key} *= */{name}=/p" for key, name in pairs.items())
    return f'!f() {{ test "$1" != get || sed -n {shlex.quote(reading)} {shlex.quote(str(credentials))}; }}; f'


def _last(lines: list[str]) -> str:
    told = [line for line in lines if line.strip()]
    return told[-1] if told else "it said nothing."
