"""Health and drains in random worlds: they settle, and only rows of the table are touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bambe.services.elbv2.model import LoadBalancer, Target, TargetState
from bambe.services.elbv2.planner import NEW, Gone, Sighting, addresses, is_moving, plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIGHTINGS = st.builds(
    Sighting,
    st.sampled_from([TargetState.INITIAL, TargetState.HEALTHY, TargetState.UNHEALTHY]),
    st.sampled_from(["", "Target.Timeout"]),
    st.integers(0, 2),
)


@st.composite
def targets(draw: st.DrawFn) -> list[Target]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        drains = draw(st.booleans())
        until = NOW + timedelta(seconds=draw(st.integers(-5, 30))) if drains else None
        state = TargetState.DRAINING if drains else draw(st.sampled_from(list(TargetState)[:3]))
        group = draw(st.sampled_from(["g", "h"]))
        found.append(
            Target("1", "r", group, f"10.0.0.{number}", 80, NOW, state, quiet_from=until and NOW, until=until)
        )
    return found


@given(targets(), st.dictionaries(st.integers(0, 6), SIGHTINGS), st.booleans())
def test_it_settles_and_touches_only_its_own(
    rows: list[Target], seen: dict[int, Sighting], used: bool
) -> None:
    groups = frozenset({("1", "r", "g"), ("1", "r", "h")} if used else set[tuple[str, str, str]]())
    sightings = {(group, f"10.0.0.{n}", 80): one for n, one in seen.items() for group in ("g", "h")}
    now, world = NOW, {row.key: row for row in rows}
    for _ in range(40):
        actions = plan(world.values(), groups, sightings, now)
        assert {action.row.key for action in actions} <= set(world)
        for action in actions:
            if isinstance(action, Gone):
                assert action.row.until is not None
                del world[action.row.key]
            else:
                world[action.row.key] = action.row
        now += timedelta(seconds=1)
    assert plan(world.values(), groups, sightings, now) == ()
    assert all(row.until is None for row in world.values())


def balancer(number: int, inner: str = "") -> LoadBalancer:
    return LoadBalancer("1", "r", f"id{number}", f"lb{number}", "1", NOW, inner=inner)


@given(st.integers(0, 30), st.sets(st.integers(10, 40), max_size=10))
def test_addresses_are_never_shared_and_never_change(fresh: int, taken: set[int]) -> None:
    old = [balancer(n, f"10.201.255.{n}") for n in taken]
    rows = [*old, *(balancer(100 + n) for n in range(fresh))]
    given_now = addresses(rows, "10.201.0.0/16")
    assert len(given_now) == fresh
    inner = [row.inner for row in (*old, *given_now)]
    assert len(set(inner)) == len(inner)
    assert all(row.loopback == "127." + row.inner.split(".", 1)[1] for row in given_now)
    assert addresses([*old, *given_now], "10.201.0.0/16") == []
    assert len(addresses([*old, *given_now], "10.202.0.0/16")) == len(rows)


def test_without_addresses_the_rest_wait() -> None:
    rows = [balancer(n) for n in range(300)]
    placed = addresses(rows, "10.201.0.0/16")
    assert len(placed) == 240
    assert addresses([*placed, balancer(999)], "10.201.0.0/16") == []


def test_a_target_that_has_failed_for_long_is_at_rest() -> None:
    def target(state: TargetState) -> Target:
        return Target("1", "r", "g", "10.0.0.1", 80, NOW, state)

    assert is_moving(target(TargetState.INITIAL), NOW + NEW)
    assert is_moving(target(TargetState.UNHEALTHY), NOW)
    assert not is_moving(target(TargetState.UNHEALTHY), NOW + NEW)
    assert not is_moving(target(TargetState.HEALTHY), NOW)
