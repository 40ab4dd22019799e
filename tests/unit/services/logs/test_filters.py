"""Filter patterns as AWS documents them."""

from __future__ import annotations

import pytest

from bambe.services.logs.errors import InvalidParameterException
from bambe.services.logs.filters import parse


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("", ["anything", "x"], []),
        ("ERROR", ["an ERROR here", "ERRORS"], ["error", "fine"]),
        ("ERROR ARGUMENTS", ["ARGUMENTS then ERROR"], ["ERROR only"]),
        ('"two words"', ["so two words"], ["two other words", "words two"]),
        ('"say \\"hi\\""', ['they say "hi"'], ["say hi"]),
        ("?ERROR ?WARN", ["ERROR a", "WARN b"], ["INFO c"]),
        ("ERROR -EXITING", ["ERROR a"], ["ERROR EXITING", "EXITING", "a"]),
        ('-"health check"', ["GET /"], ["health check ok"]),
        ("?ERROR ?WARN REQUEST", ["REQUEST"], ["ERROR"]),
        ("  a   b ", ["b a"], ["a"]),
    ],
)
def test_terms(pattern: str, yes: list[str], no: list[str]) -> None:
    matches = parse(pattern)
    assert [m for m in yes if not matches(m)] == []
    assert [m for m in no if matches(m)] == []


@pytest.mark.parametrize("pattern", ['{ $.level = "x" }', "[ip, user]", "%a+%", '"open', " {$.a = 1}"])
def test_what_is_not_supported_is_said(pattern: str) -> None:
    with pytest.raises(InvalidParameterException):
        parse(pattern)
