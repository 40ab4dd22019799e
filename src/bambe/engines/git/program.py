"""Runs the git program, away from whatever configuration this machine's user has."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from bambe.kernel.errors import EngineError, Unavailable

MISSING = "The git program is not installed on this machine: install the package git."


class GitFailed(EngineError):
    """Git ended with an error; the message is its own."""


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """What git runs with; `settings` are further configuration (`core.hooksPath`)."""
    wanted = {"safe.directory": "*", "init.defaultBranch": "main", **(settings or {})}
    numbered: dict[str, str] = {"GIT_CONFIG_COUNT": str(len(wanted))}
    for number, (name, value) in enumerate(wanted.items()):
        numbered[f"GIT_CONFIG_KEY_{number}"] = name
        numbered[f"GIT_CONFIG_VALUE_{number}"] = value
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **numbered,
    }


async def git(*words: str, directory: Path | None = None) -> bytes:
    """What `git <words>` printed; `GitFailed` with its own words when it fails."""
    try:
        process = await asyncio.create_subprocess_exec(
            "git",
            *words,
            cwd=directory,
            env=environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise Unavailable(MISSING) from error
    try:
        printed, complaint = await process.communicate()
    except BaseException:
        if process.returncode is None:
            process.kill()
        raise
    if process.returncode:
        raise GitFailed(complaint.decode(errors="replace").strip() or f"git {words[0]} failed")
    return printed
