"""The rules of composite alarms."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.services.cloudwatch.rules import BadRule, Rule, read

STATES = {"a": "ALARM", "b": "OK", "c d": "INSUFFICIENT_DATA"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("ALARM(a)", True),
        ('ALARM("a")', True),
        ("ALARM(arn:aws:cloudwatch:eu-central-1:000000000000:alarm:a)", True),
        ("OK(a)", False),
        ('INSUFFICIENT_DATA("c d")', True),
        ("ALARM(a) AND ALARM(b)", False),
        ("ALARM(a) OR ALARM(b)", True),
        ("ALARM(a) AND NOT ALARM(b)", True),
        ("ALARM(b) AND ALARM(b) OR ALARM(a)", True),
        ("ALARM(b) AND (ALARM(b) OR ALARM(a))", False),
        ("(ALARM(a) OR ALARM(b)) AND OK(b)", True),
        ("NOT (TRUE)", False),
        ("FALSE", False),
        ("ALARM(nobody)", False),
        ("NOT ALARM(nobody)", True),
    ],
)
def test_rules(text: str, holds: bool) -> None:
    assert read(text).holds(STATES) is holds


@pytest.mark.parametrize("text", ["", "ALARM", "ALARM(a", "(TRUE", "TRUE FALSE", "AND TRUE", "NOT", "RED(a)"])
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(BadRule):
        read(text)


def test_it_knows_whom_it_asks() -> None:
    assert read("ALARM(a) OR (OK(b) AND NOT ALARM(a))").alarms() == ("a", "b")


RULES = st.recursive(
    st.sampled_from([Rule("TRUE"), Rule("FALSE"), Rule("ALARM", "a"), Rule("OK", "b"), Rule("OK", "a")]),
    lambda inner: (
        inner.map(lambda one: Rule("NOT", inner=(one,)))
        | st.tuples(st.sampled_from(["AND", "OR"]), inner, inner).map(lambda t: Rule(t[0], inner=t[1:]))
    ),
    max_leaves=8,
)


def spelled(rule: Rule) -> str:
    if rule.alarm:
        return f'{rule.word}("{rule.alarm}")'
    if rule.word == "NOT":
        return f"NOT ({spelled(rule.inner[0])})"
    return f" {rule.word} ".join(f"({spelled(one)})" for one in rule.inner) if rule.inner else rule.word


@given(RULES)
def test_what_is_spelled_is_read(rule: Rule) -> None:
    assert read(spelled(rule)) == rule


@given(st.text(alphabet='ALRMOKNTFUSEDI_()" a', max_size=40))
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    with contextlib.suppress(BadRule):
        read(text).holds(STATES)
