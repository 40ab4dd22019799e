"""How much memory processes hold (proc(5), smaps_rollup)."""

from __future__ import annotations

from pathlib import Path


def mebibytes(pid: int, figure: str = "Rss") -> float:
    """Memory of one process."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in rollup if line.startswith(f"{figure}:")) / 1024


def children(pid: int) -> list[int]:
    """The processes that a process has started, from any of its threads."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for one in threads for child in (one / "children").read_text().split()]


def with_children(pid: int) -> float:
    """Memory of a process and of all that it started."""
    return mebibytes(pid) + sum(with_children(child) for child in children(pid))
