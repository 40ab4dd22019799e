"""Bare repositories in a directory, kept by the git program.

root/<name>.git     a repository
root/.new-*         one being made or removed; a start sweeps what a crash left
root/.hooks .door   see hook.py
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from bambe.engines.git import hook
from bambe.engines.git.door import GitApp
from bambe.engines.git.names import names_below, place
from bambe.engines.git.port import AsgiApp, Commit, GitPolicy, Ref
from bambe.engines.git.program import GitFailed, git
from bambe.kernel.errors import NotThere
from bambe.kernel.ids import hex_id

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
UNFINISHED = ".new-"


class GitRepositories:
    """`Git` over bare repositories below `root`.

    `hook_url` answers the base URL at which the hook reaches this process now; `hook_token` is the
    secret it shows there.
    """

    def __init__(self, root: Path, *, hook_url: Callable[[], str], hook_token: str) -> None:
        self._root = root
        self._hook_url = hook_url
        self._hook_token = hook_token
        self._door = ""

    def app(self, policy: GitPolicy) -> AsgiApp:
        for left in self._root.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left, ignore_errors=True)
        return GitApp(self._root, policy, self.create, self._prepare, self._hook_token)

    async def create(self, repository: str) -> None:
        target = place(self._root, repository)
        if target.is_dir():
            return
        fresh = self._root / f"{UNFINISHED}{hex_id()}"
        await asyncio.to_thread(self._root.mkdir, parents=True, exist_ok=True)
        await git("init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(fresh))
        await asyncio.to_thread(_settle, fresh, target)

    async def repositories(self) -> list[str]:
        return await asyncio.to_thread(names_below, self._root)

    async def refs(self, repository: str) -> list[Ref]:
        wanted = "--format=%(objectname)%09%(*objectname)%09%(refname)"
        printed = await git(
            "for-each-ref", wanted, "refs/heads", "refs/tags", directory=self._find(repository)
        )
        rows = [line.split("\t") for line in printed.decode().splitlines()]
        return [Ref(name, peeled or commit) for commit, peeled, name in rows]

    async def commit(self, repository: str, revision: str) -> Commit:
        words = ("log", "-1", "--format=%H%x00%an <%ae>%x00%B", "--end-of-options", _commit(revision), "--")
        printed = await self._ask(repository, revision, *words)
        id, author, message = printed.decode(errors="replace").split("\0", 2)
        return Commit(id, author, message.rstrip("\n"))

    async def changed_files(self, repository: str, old: str, new: str) -> list[str]:
        between = (_commit(old) if old else EMPTY_TREE, _commit(new))
        words = ("diff", "--name-only", "-z", "--no-renames", "--end-of-options", *between, "--")
        printed = await self._ask(repository, new, *words)
        return [name.decode(errors="replace") for name in printed.split(b"\0") if name]

    async def file(self, repository: str, revision: str, path: str) -> str:
        found = await self.commit(repository, revision)
        try:
            printed = await git("cat-file", "blob", f"{found.id}:{path}", directory=self._find(repository))
        except GitFailed as error:
            raise NotThere(f"{repository} has no file {path!r} in {revision!r}.") from error
        return printed.decode(errors="replace")

    async def export(self, repository: str, revision: str, into: Path) -> str:
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options", _commit(revision))
        found = (await self._ask(repository, revision, *words)).decode().strip()
        # No hard links: what runs in a build container may write its copy of .git.
        source = str(self._find(repository))
        await git("clone", "--quiet", "--no-hardlinks", "--no-checkout", source, str(into))
        url = f"{self._hook_url().rstrip('/')}/git/{repository}.git"
        await asyncio.gather(
            git("checkout", "--quiet", "--detach", found, directory=into),
            git("remote", "set-url", "origin", url, directory=into),
        )
        return found

    async def remove(self, repository: str) -> None:
        await asyncio.to_thread(_remove, place(self._root, repository), self._root)

    def _find(self, repository: str) -> Path:
        found = place(self._root, repository)
        if not found.is_dir():
            raise NotThere(f"There is no repository {repository}.")
        return found

    async def _ask(self, repository: str, revision: str, *words: str) -> bytes:
        """What git says of a revision; `NotThere` if there is none such."""
        try:
            return await git(*words, directory=self._find(repository))
        except GitFailed as error:
            raise NotThere(f"{repository} has no commit {revision!r}.") from error

    async def _prepare(self) -> None:
        """Before a push: the hook is there and knows where we are."""
        url = self._hook_url()
        if url != self._door:
            await asyncio.to_thread(self._install, url)
            self._door = url

    def _install(self, url: str) -> None:
        if not self._door:
            self._root.mkdir(parents=True, exist_ok=True)
            hook.install(self._root)
        hook.open_door(self._root, url, self._hook_token)


def _commit(revision: str) -> str:
    """A revision that can only mean one commit, whatever it looks like."""
    return f"{revision}^{{commit}}"


def _settle(fresh: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        fresh.rename(target)
    except OSError:  # somebody else made it meanwhile
        shutil.rmtree(fresh, ignore_errors=True)
        if not target.is_dir():
            raise


def _remove(target: Path, root: Path) -> None:
    gone = root / f"{UNFINISHED}{hex_id()}"
    try:
        target.rename(gone)
    except FileNotFoundError:
        return
    shutil.rmtree(gone, ignore_errors=True)
