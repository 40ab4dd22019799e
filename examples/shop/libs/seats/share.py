"""How many consumers a task runs; pure."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 20
"""Members of the group during a release, so that a share can be met to a twentieth."""


@dataclass(frozen=True)
class Look:
    """A service as one of its tasks sees it. `share`: the newer version's part of the traffic, 0 to 1;
    `mine` and `others` are the running tasks of each version; `rank` is this task's place in `mine`."""

    version: str
    rank: int
    mine: int
    others: int = 0
    newer: bool = True
    share: float = 1.0
    deployment: str = ""
    is_steered: bool = True

    @property
    def is_release(self) -> bool:
        """Whether two versions run."""
        return self.others > 0 and self.is_steered

    @property
    def leads(self) -> bool:
        """Whether this version has all traffic, or has it back, or has not yet given all of it away."""
        return not self.is_release or self.newer == (self.share >= 1)


def split(share: float, partitions: int, old: int, new: int) -> tuple[int, int]:
    """How many members the `old` and the `new` tasks of two versions run, so that the new version's part of
    `partitions` comes nearest to `share`. One partition cannot be divided: it stays with the old version."""
    if share <= 0 or partitions < 2:
        return max(1, old), 0
    if share >= 1:
        return 0, max(1, new)
    pairs = [
        (all_ - of_new, of_new) for all_ in range(2, min(partitions, MOST) + 1) for of_new in range(1, all_)
    ]

    def cost(pair: tuple[int, int]) -> tuple[float, int, int]:
        each, rest = divmod(partitions, sum(pair))
        least = pair[1] * each + max(0, rest - pair[0])
        most = pair[1] * each + min(pair[1], rest)
        off = max(abs(least / partitions - share), abs(most / partitions - share))
        return round(off, 6), max(0, old - pair[0]), sum(pair)

    return min(pairs, key=cost)


def seats_of(look: Look, mode: str, partitions: int) -> int:
    """How many seats the task of this look takes."""
    if not look.is_release:
        return 1
    share = look.share if mode == "canary" or look.share >= 1 else 0.0
    old, new = (look.others, look.mine) if look.newer else (look.mine, look.others)
    of_old, of_new = split(share, partitions, old, new)
    of_mine = of_new if look.newer else of_old
    return of_mine // look.mine + (look.rank < of_mine % look.mine)
