"""Judges a push by a webhook's filter groups, and says why in one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import re2

FIRST = 100
"""AWS looks at so many changed files of a push (documentation of the FILE_PATH filter)."""
ONLY_ELSEWHERE = {
    "BASE_REF": "pull requests",
    "TAG_NAME": "releases",
    "RELEASE_NAME": "releases",
    "WORKFLOW_NAME": "workflow jobs",
    "ORGANIZATION_NAME": "organisations",
}
EVENTS = (
    "PUSH",
    "PULL_REQUEST_CREATED",
    "PULL_REQUEST_UPDATED",
    "PULL_REQUEST_REOPENED",
    "PULL_REQUEST_MERGED",
    "PULL_REQUEST_CLOSED",
    "RELEASED",
    "PRERELEASED",
    "WORKFLOW_JOB_QUEUED",
)


@dataclass(frozen=True, slots=True)
class Push:
    """What a push brought to one branch; `files` are all paths that changed, in order."""

    repository: str
    ref: str
    old: str
    new: str
    message: str
    actor: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to build, and why: one line fit for whoever pushed."""

    build: bool
    reason: str


@dataclass(frozen=True, slots=True)
class _Match:
    passes: bool
    why: str


def compile_pattern(pattern: str) -> Any:
    """RE2 as on AWS (no lookahead); ValueError says what is wrong."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else error
        raise ValueError(said.decode() if isinstance(said, bytes) else str(said)) from error


def judge(project: str, webhook: Mapping[str, Any], push: Push) -> Verdict:
    """Whether `push` builds `project`: the groups are alternatives, all filters of a group must pass."""
    branch = webhook.get("branchFilter")
    if branch and not compile_pattern(branch).search(push.ref.removeprefix("refs/heads/")):
        return Verdict(False, f"{project}: no build, {push.ref} does not match the branch filter {branch}")
    groups: Sequence[Sequence[Mapping[str, Any]]] = webhook.get("filterGroups") or []
    if not groups:
        return Verdict(True, f"{project}: builds, every push does")
    whole = _groups(groups, push, push.files)
    word = "builds" if whole.passes else "no build"
    reason = f"{project}: {word}, {whole.why}"
    if len(push.files) > FIRST and _groups(groups, push, push.files[:FIRST]).passes is not whole.passes:
        there = "would not build" if whole.passes else "would build"
        reason += f" (AWS looks at the first {FIRST} of {len(push.files)} changed files only and {there})"
    return Verdict(whole.passes, " ".join(reason.splitlines()))


def _groups(groups: Iterable[Iterable[Mapping[str, Any]]], push: Push, files: Sequence[str]) -> _Match:
    failed: list[str] = []
    for group in groups:
        found = _group(group, push, files)
        if found.passes:
            return found
        if found.why not in failed:
            failed.append(found.why)
    return _Match(False, "; ".join(failed))


def _group(group: Iterable[Mapping[str, Any]], push: Push, files: Sequence[str]) -> _Match:
    """All filters must pass. What is told of a group that passes is its most telling filter."""
    telling = _Match(True, f"{push.ref} was pushed")
    for item in group:
        found = _filter(item, push, files)
        if not found.passes:
            return found
        if item["type"] == "FILE_PATH" or (item["type"] != "EVENT" and telling.why.endswith("was pushed")):
            telling = found
    return telling


def _filter(item: Mapping[str, Any], push: Push, files: Sequence[str]) -> _Match:
    kind, pattern, excludes = item["type"], item["pattern"], bool(item.get("excludeMatchedPattern"))
    if kind == "EVENT":
        wanted = [event.strip() for event in pattern.split(",")]
        return _Match(("PUSH" in wanted) is not excludes, f"a push is not one of {', '.join(wanted)}")
    if kind in ONLY_ELSEWHERE:
        return _Match(False, f"{kind} filters only {ONLY_ELSEWHERE[kind]}")
    if kind == "FILE_PATH":
        return _files(pattern, excludes, files)
    text = {
        "HEAD_REF": push.ref,
        "COMMIT_MESSAGE": push.message,
        "ACTOR_ACCOUNT_ID": push.actor,
        "REPOSITORY_NAME": push.repository,
    }[kind]
    matches = bool(compile_pattern(pattern).search(text))
    verb = "matches" if matches else "does not match"
    shown = text.partition("\n")[0]
    return _Match(matches is not excludes, f"{shown} {verb} {pattern}")


def _files(pattern: str, excludes: bool, files: Sequence[str]) -> _Match:
    """One matching file is enough; with `excludes`, one matching file is too much."""
    compiled = compile_pattern(pattern)
    hit = next((path for path in files if compiled.search(path)), None)
    if hit is None:
        count = f"{len(files)} changed file" + ("" if len(files) == 1 else "s")
        return _Match(excludes, f"none of {count} matches {pattern}")
    return _Match(not excludes, f"{hit} matches {pattern}" + (" (excluded)" if excludes else ""))
