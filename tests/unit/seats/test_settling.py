"""Offsets kept for a release are forgotten after a good one, and put back after a bad one if so wanted."""

from __future__ import annotations

from dataclasses import dataclass, field

from seats.settling import EMPTY, Settling
from seats.share import Look

ALONE = Look("old", 0, 2)
SECOND = Look("old", 1, 2)
BEFORE = Look("old", 0, 2, 2, newer=False, share=0.1, deployment="d-1")
GREEN = Look("new", 0, 2, 2, newer=True, share=0.1, deployment="d-1")


@dataclass
class World:
    """Releases, kept offsets, a group, a clock."""

    outcomes: dict[str, str]
    groups: list[str] = field(default_factory=list)
    members: int = 0
    back: list[str] = field(default_factory=list)
    now: float = 0

    def outcome(self, deployment: str) -> str:
        return self.outcomes[deployment]

    def kept(self) -> list[str]:
        return list(self.groups)

    def forget(self, deployment: str) -> None:
        self.groups.remove(deployment)

    def put_back(self, deployment: str) -> bool:
        if not self.members:
            self.back.append(deployment)
        return not self.members

    def settling(self, replays: bool = True) -> Settling:
        return Settling(self, self, replays, lambda: self.now)


def test_a_good_release_is_forgotten() -> None:
    world = World({"d-1": "good"}, ["d-1"])
    assert not world.settling().empties(ALONE)
    assert (world.groups, world.back) == ([], [])


def test_skip_goes_on_where_it_was() -> None:
    world = World({"d-1": "bad"}, ["d-1"], members=1)
    assert not world.settling(replays=False).empties(ALONE)
    assert (world.groups, world.back) == ([], [])


def test_replay_waits_until_all_have_left_and_happens_once() -> None:
    world = World({"d-1": "bad"}, ["d-1"], members=2)
    first, second = world.settling(), world.settling()
    assert first.empties(ALONE)
    assert second.empties(SECOND), "the others leave without being told"
    world.members = 0
    assert second.empties(SECOND), "only the first one acts"
    assert world.back == []
    assert not first.empties(ALONE)
    assert not second.empties(SECOND)
    assert (world.groups, world.back) == ([], ["d-1"])


def test_who_does_not_leave_is_not_waited_for_for_good() -> None:
    world = World({"d-1": "bad"}, ["d-1"], members=1, now=1)
    settling = world.settling()
    assert settling.empties(ALONE)
    world.now += EMPTY + 1
    assert not settling.empties(ALONE)
    assert (world.groups, world.back) == ([], [])


def test_a_release_under_way_and_one_stopped_as_it_is_go_on() -> None:
    for outcome in ("", "bad"):
        world = World({"d-1": outcome}, ["d-1"])
        assert not world.settling().empties(BEFORE)
        assert not world.settling().empties(GREEN)
        assert world.groups == ["d-1"]


def test_the_old_version_puts_back_while_the_new_one_is_still_ending() -> None:
    world = World({"d-1": "bad"}, ["d-1"])
    back = Look("old", 0, 2, 2, newer=False, share=0, deployment="d-1")
    assert not world.settling().empties(back)
    assert world.back == ["d-1"]


def test_nothing_is_asked_once_all_is_settled() -> None:
    world = World({})
    settling = world.settling()
    assert not settling.empties(ALONE)
    world.groups.append("d-unheard-of")
    assert not settling.empties(ALONE)
