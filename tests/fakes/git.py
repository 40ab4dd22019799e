"""Repositories in memory; a test pushes by `push`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bambe.engines.git.names import is_name
from bambe.engines.git.port import AsgiApp, Commit, GitPolicy, Ref
from bambe.kernel.errors import NotThere, Refused


@dataclass(slots=True)
class _Repository:
    refs: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    trees: dict[str, dict[str, str]] = field(default_factory=dict)


class FakeGit:
    """`Git` without git: commits are files by path."""

    def __init__(self) -> None:
        self._repositories: dict[str, _Repository] = {}

    async def push(
        self,
        repository: str,
        files: Mapping[str, str | None],
        *,
        ref: str = "refs/heads/main",
        message: str = "change",
        author: str = "Ada <ada@example.com>",
    ) -> str:
        """Commit `files` (None removes one) on top of `ref` and answer the commit's id."""
        await self.create(repository)
        found = self._repositories[repository]
        parent = found.refs.get(ref, "")
        tree = {**found.trees.get(parent, {}), **{k: v for k, v in files.items() if v is not None}}
        for gone in (name for name, text in files.items() if text is None):
            tree.pop(gone, None)
        id = hashlib.sha1(
            repr((parent, sorted(tree.items()), message, len(found.commits))).encode()
        ).hexdigest()
        found.commits[id] = Commit(id, author, message)
        found.trees[id] = tree
        found.refs[ref] = id
        return id

    def app(self, policy: GitPolicy) -> AsgiApp:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        return app

    async def create(self, repository: str) -> None:
        if not is_name(repository):
            raise Refused(f"{repository!r} is no name for a repository.")
        self._repositories.setdefault(repository, _Repository())

    async def repositories(self) -> list[str]:
        return sorted(self._repositories)

    async def refs(self, repository: str) -> list[Ref]:
        return [Ref(name, commit) for name, commit in sorted(self._find(repository).refs.items())]

    async def commit(self, repository: str, revision: str) -> Commit:
        found = self._find(repository)
        return found.commits[self._resolve(repository, revision)]

    async def changed_files(self, repository: str, old: str, new: str) -> list[str]:
        found = self._find(repository)
        before = found.trees[self._resolve(repository, old)] if old else {}
        after = found.trees[self._resolve(repository, new)]
        return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))

    async def file(self, repository: str, revision: str, path: str) -> str:
        tree = self._find(repository).trees[self._resolve(repository, revision)]
        if path not in tree:
            raise NotThere(f"{repository} has no file {path!r} in {revision!r}.")
        return tree[path]

    async def export(self, repository: str, revision: str, into: Path) -> str:
        found = self._resolve(repository, revision)
        (into / ".git").mkdir(parents=True)
        (into / ".git" / "HEAD").write_text(f"{found}\n")
        for name, text in self._find(repository).trees[found].items():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            (into / name).write_text(text)
        return found

    async def remove(self, repository: str) -> None:
        self._repositories.pop(repository, None)

    def _find(self, repository: str) -> _Repository:
        if repository not in self._repositories:
            raise NotThere(f"There is no repository {repository}.")
        return self._repositories[repository]

    def _resolve(self, repository: str, revision: str) -> str:
        found = self._find(repository)
        for name in (revision, f"refs/heads/{revision}", f"refs/tags/{revision}"):
            if name in found.refs:
                return found.refs[name]
        hits = [id for id in found.commits if revision and id.startswith(revision)]
        if len(hits) != 1:
            raise NotThere(f"{repository} has no commit {revision!r}.")
        return hits[0]
