"""Deployment configurations: what is refused, what an update keeps, what follows from them."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.services.ecs import strategy
from bambe.services.ecs.errors import InvalidParameterException

EARLY = {"enable": True, "healthyPercent": 100, "sourceServiceRevisionCleanup": "BLOCKING"}


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({"earlySuccessCriteria": {"enable": True}}, "needs healthyPercent"),
        ({"earlySuccessCriteria": {**EARLY, "healthyPercent": 99}}, r"minimumHealthyPercent \(100\) and 100"),
        ({"earlySuccessCriteria": {**EARLY, "healthyPercent": 101}}, "and 100"),
        (
            {"earlySuccessCriteria": {**EARLY, "sourceServiceRevisionCleanup": "LATER"}},
            "BLOCKING or DEFERRED",
        ),
        ({"strategy": "BLUE_GREEN", "earlySuccessCriteria": EARLY}, "only valid with the ROLLING"),
        (
            {"minimumHealthyPercent": 50, "earlySuccessCriteria": {**EARLY, "healthyPercent": -1}},
            r"minimumHealthyPercent \(50\)",
        ),
    ],
)
def test_early_success_criteria_that_cannot_be(configuration: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidParameterException, match=words):
        strategy.checked(configuration)


def test_early_success_criteria() -> None:
    assert strategy.early_success(strategy.checked({})) is None
    off = strategy.checked({"earlySuccessCriteria": {"enable": False}})
    assert strategy.early_success(off) is None
    half = {"enable": True, "healthyPercent": 50, "sourceServiceRevisionCleanup": "DEFERRED"}
    on = strategy.checked({"minimumHealthyPercent": 50, "earlySuccessCriteria": half})
    assert strategy.early_success(on) == strategy.EarlySuccess(50, blocks=False)
    with pytest.raises(InvalidParameterException, match="between the minimumHealthyPercent"):
        strategy.changed(on, {"minimumHealthyPercent": 80})


@pytest.mark.parametrize(
    ("kind", "value", "desired", "threshold"),
    [
        ("COUNT", 1, 100, 1),
        ("COUNT", 500, 1, 500),
        ("BOUNDED_PERCENT", 50, 1, 3),
        ("BOUNDED_PERCENT", 50, 25, 13),
        ("BOUNDED_PERCENT", 50, 1000, 200),
        ("UNBOUNDED_PERCENT", 50, 1, 1),
        ("UNBOUNDED_PERCENT", 50, 1000, 500),
        ("UNBOUNDED_PERCENT", 10, 0, 1),
    ],
)
def test_the_circuit_breakers_threshold(kind: str, value: int, desired: int, threshold: int) -> None:
    breaker = {"enable": True, "rollback": True, "thresholdConfiguration": {"type": kind, "value": value}}
    said = strategy.checked({"deploymentCircuitBreaker": breaker})
    assert strategy.threshold(said, desired) == threshold


def test_an_update_keeps_what_it_does_not_name() -> None:
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    known = strategy.checked({"maximumPercent": 150, "alarms": alarms})
    changed = strategy.changed(known, {"minimumHealthyPercent": 50})
    assert changed == {**known, "minimumHealthyPercent": 50}
    breaker = {"enable": True, "rollback": True, "thresholdConfiguration": {"type": "COUNT", "value": 1}}
    broken = strategy.changed(known, {"deploymentCircuitBreaker": breaker})
    whole = strategy.changed(broken, {"deploymentCircuitBreaker": {"enable": True, "rollback": False}})
    assert whole["deploymentCircuitBreaker"] == {"enable": True, "rollback": False}, (
        "a structure is one value"
    )


def test_what_a_template_no_longer_says_is_as_if_it_had_never_said_it() -> None:
    said = {
        "maximumPercent": 150,
        "minimumHealthyPercent": 50,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "alarms": {"alarmNames": ["errors"], "enable": True, "rollback": True},
        "earlySuccessCriteria": EARLY,
    }
    known = strategy.checked(said)
    for name in said:
        left = {one: value for one, value in said.items() if one != name}
        again = strategy.changed(known, {**left, **strategy.defaults({name}, "ROLLING")})
        assert again == strategy.checked(left) | {name: again[name]}, name
    every = strategy.changed(known, strategy.defaults(set(said), "ROLLING"))
    assert strategy.threshold(every, 2) == 3
    assert (every["maximumPercent"], every["minimumHealthyPercent"]) == (200, 100)
    assert strategy.alarms(every) == ()
    assert strategy.early_success(every) is None
    assert not every["deploymentCircuitBreaker"]["enable"]


def test_what_belongs_to_another_strategy_has_no_default() -> None:
    assert strategy.defaults({"canaryConfiguration", "lifecycleHooks", "strategy"}, "ROLLING") == {
        "strategy": "ROLLING"
    }
    known = strategy.checked(
        {"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 20.0}, "bakeTimeInMinutes": 0}
    )
    again = strategy.changed(known, strategy.defaults({"canaryConfiguration", "bakeTimeInMinutes"}, "CANARY"))
    assert again == strategy.checked({"strategy": "CANARY"})
