"""What version a Kafka cluster can become is said before anything is changed."""

from __future__ import annotations

import pytest

from bambe.cli.upgrades import UP, why_not
from bambe.engines.brokers.versions import VERSIONS, offered, upgrades

MODES = "a cluster cannot change in place between ZooKeeper and KRaft"


@pytest.mark.parametrize(
    ("now", "wanted", "here", "on_aws"),
    [
        ("3.9.x", "2.6.1", UP, UP),
        ("4.1.x.kraft", "3.9.x", UP, UP),
        ("2.6.1", "3.9.x", "here 3.9.x runs on KRaft, and no upgrade leads there from ZooKeeper", ""),
        ("3.9.x", "3.9.x.kraft", MODES, MODES),
        ("3.9.x", "4.1.x.kraft", "", MODES),
        ("3.9.x.kraft", "4.1.x.kraft", "", ""),
        ("3.6.0", "3.5.1", "", UP),
        ("3.6.0", "3.9.x", "", ""),
        ("9.9.9", "2.6.1", "", ""),
    ],
)
def test_what_cannot_be_is_told_with_its_reason(now: str, wanted: str, here: str, on_aws: str) -> None:
    for because, is_aws in ((here, False), (on_aws, True)):
        assert why_not(now, wanted, is_aws) == (
            f"a cluster with Kafka version {now} cannot be upgraded to {wanted}, since {because}:"
            f" write `kafka: {now}`, or begin anew with `bambe down` and `bambe up`, without its events"
            if because
            else ""
        )


def test_what_msk_of_this_machine_does_is_not_refused() -> None:
    for now in offered():
        for wanted in offered():
            can = wanted is now or wanted in upgrades(now.name)
            assert (why_not(now.name, wanted.name) == "") == can


def test_versions_that_do_not_run_here_are_left_to_msk() -> None:
    elsewhere = [one.name for one in VERSIONS if not one.apache]
    assert {why_not(one, "2.6.1") for one in (*elsewhere, "")} == {""}
    assert {why_not("3.9.x", one) for one in elsewhere} == {""}
