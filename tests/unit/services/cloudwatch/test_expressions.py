"""Metric math: what it calculates, and what it says of what it cannot read."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.services.cloudwatch.expressions import BadExpression, UnknownFunction, calculate, read

GRID = [0, 60, 120]
M1 = {0: 1.0, 60: 2.0, 120: 3.0}
M2 = {0: 10.0, 120: 0.0}
VALUES: dict[str, Any] = {"m1": M1, "m2": M2, "none": {}}


def value(text: str) -> Any:
    return calculate(read(text), VALUES, GRID, [M1, M2])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 - 4 / 2", 5.0),
        ("(1 + 2) * -3", -9.0),
        ("m1 * 100", {0: 100.0, 60: 200.0, 120: 300.0}),
        ("m1 + m2", {0: 11.0, 120: 3.0}),
        ("m1 / m2", {0: 0.1}),
        ("100 * (m1 / (m1 + FILL(m2, 0)))", {0: 100 / 11, 60: 100.0, 120: 100.0}),
        ("SUM([m1, m2])", {0: 11.0, 60: 2.0, 120: 3.0}),
        ("SUM(METRICS())", {0: 11.0, 60: 2.0, 120: 3.0}),
        ("AVG([m1, m2])", {0: 5.5, 60: 2.0, 120: 1.5}),
        ("MIN([m1, m2])", {0: 1.0, 60: 2.0, 120: 0.0}),
        ("MAX([m1, m2])", {0: 10.0, 60: 2.0, 120: 3.0}),
        ("SUM(m1)", 6.0),
        ("AVG(m1)", 2.0),
        ("MAX(m1)", 3.0),
        ("m1 / SUM(m1)", {0: 1 / 6, 60: 1 / 3, 120: 0.5}),
        ("FILL(none, 0)", {0: 0.0, 60: 0.0, 120: 0.0}),
        ("SUM(FILL(METRICS(), 1))", {0: 11.0, 60: 3.0, 120: 3.0}),
        ("IF(m1 > 1, m1, 0)", {0: 0.0, 60: 2.0, 120: 3.0}),
        ("IF(m1 >= 2 AND m1 < 3, 1, 0)", {0: 0.0, 60: 1.0, 120: 0.0}),
        ("IF(m1 == 2 || m1 != 2, m2)", {0: 10.0, 120: 0.0}),
        ("IF(0, 1, 0)", 0.0),
        ("MAX([])", {}),
    ],
)
def test_values(text: str, expected: Any) -> None:
    assert value(text) == (pytest.approx(expected) if isinstance(expected, dict) else expected)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("m1 +", "something is missing at the end"),
        ("(m1", "')' expected"),
        ("m1 m2", "unexpected 'm2'"),
        ("m1 ? 2", "unexpected '?'"),
        ("FILL(m1)", "FILL takes 2 parameters, not 1"),
        ("m3 * 2", "'m3' is not the id of a query"),
        ("1 / 0", "a number is divided by 0"),
        ("IF(METRICS(), 1, 0)", "the condition of IF"),
        ("(" * 60 + "1" + ")" * 60, "nested too deeply"),
    ],
)
def test_what_is_wrong_is_said(text: str, why: str) -> None:
    with pytest.raises(BadExpression, match=why.replace("(", r"\(").replace(")", r"\)").replace("?", r"\?")):
        value(text)


@pytest.mark.parametrize("text", ["RATE(m1)", "ANOMALY_DETECTION_BAND(m1, 2)", "SELECT AVG(x) FROM y"])
def test_functions_that_bambe_does_not_have_are_named(text: str) -> None:
    with pytest.raises(UnknownFunction, match=text.split("(")[0].split(" ")[0]):
        read(text)


@given(st.text(alphabet="m12 ()+-*/,[]<>=SUMIFAVG.&|", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(BadExpression):
        value(text)
