"""From a push to builds: every branch head is judged once, and whoever pushed reads why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bambe.engines.git.port import Git, Ref
from bambe.kernel.call import Site, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import NotThere
from bambe.services.codebuild import tables
from bambe.services.codebuild.filters import Push, Verdict, judge
from bambe.services.codebuild.model import Cursor, Project

__all__ = ["Push", "Pushes", "Verdict", "judge"]

BRANCHES = "refs/heads/"
INITIATOR = "GitHub-Hookshot/bambe"


@dataclass(frozen=True, slots=True)
class _Moved:
    """A branch whose head is not where its cursor is; `new` "" when the branch is gone."""

    ref: str
    old: str
    new: str


class Pushes:
    """Compares branch heads with what was judged before. Builds and cursor go into one write."""

    def __init__(self, store: Store, clock: Clock, git: Git, site: Site) -> None:
        self._store = store
        self._clock = clock
        self._git = git
        self._site = site

    async def pushed(self, repository: str) -> list[str]:
        """References of `repository` moved (or may have): build what the webhooks want, say why."""
        moved = await self._moved(repository)
        lines: list[str] = []
        for branch in moved:
            found = await self._judge(repository, branch)
            short = branch.ref.removeprefix(BRANCHES)
            lines += [f"{short}: {line}" for line in found] if len(moved) > 1 else found
        return lines

    async def heads(self, repository: str) -> list[str]:
        """The commits that branches were moved to and nobody has judged yet."""
        return [branch.new for branch in await self._moved(repository) if branch.new]

    async def _moved(self, repository: str) -> list[_Moved]:
        refs: Sequence[Ref] = await self._git.refs(repository)
        heads = {ref.name: ref.commit for ref in refs if ref.name.startswith(BRANCHES)}
        known = await self._store.read(lambda tx: self._cursors(tx, repository))
        names = sorted({*heads, *known})
        moved = [_Moved(name, known.get(name, ""), heads.get(name, "")) for name in names]
        return [branch for branch in moved if branch.old != branch.new]

    def _cursors(self, tx: Tx, repository: str) -> dict[str, str]:
        where = {"account": self._site.account, "region": self._site.region, "repository": repository}
        return {cursor.ref: cursor.commit for cursor in tables.cursors.list(tx, **where)}

    async def _judge(self, repository: str, branch: _Moved) -> list[str]:
        if not branch.new:
            key = (self._site.account, self._site.region, repository, branch.ref)
            await self._store.write(lambda tx: tables.cursors.delete(tx, *key))
            return []
        commit = await self._git.commit(repository, branch.new)
        push = Push(
            repository=repository,
            ref=branch.ref,
            old=branch.old,
            new=branch.new,
            message=commit.message,
            actor=self._site.account,
            files=tuple(await self._changed(repository, branch)),
        )
        return await self._store.write(lambda tx: self._record(tx, push))

    async def _changed(self, repository: str, branch: _Moved) -> list[str]:
        """What changed; everything, where the commit before is not there to compare with."""
        try:
            return await self._git.changed_files(repository, branch.old, branch.new)
        except NotThere:
            return await self._git.changed_files(repository, "", branch.new)

    def _record(self, tx: Tx, push: Push) -> list[str]:
        """Builds and cursor in one write: each push is judged exactly once."""
        key = (self._site.account, self._site.region, push.repository, push.ref)
        known = tables.cursors.find(tx, *key)
        if (known.commit if known else "") != push.old:
            return []  # somebody else has judged it meanwhile
        tables.cursors.put(tx, Cursor(*key, push.new))
        lines = []
        for project in tables.projects.list(tx, repository=push.repository):
            if project.webhook is None:
                continue
            verdict = judge(project.name, project.webhook, push)
            lines.append(verdict.reason)
            if verdict.build:
                self._submit(tx, project, push)
        return lines

    def _submit(self, tx: Tx, project: Project, push: Push) -> None:
        tables.submit(
            tx,
            project,
            self._clock.now(),
            settings=project.settings,
            repository=push.repository,
            source_version=push.new,
            initiator=INITIATOR,
            webhook={
                "EVENT": "PUSH",
                "HEAD_REF": push.ref,
                "PREV_COMMIT": push.old,
                "TRIGGER": f"branch/{push.ref.removeprefix(BRANCHES)}",
                "ACTOR_ACCOUNT_ID": push.actor,
            },
        )
