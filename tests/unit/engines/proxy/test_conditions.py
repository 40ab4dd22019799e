"""ELB's wildcards against a plain reading of what ELB documents."""

from __future__ import annotations

import re2
from hypothesis import given
from hypothesis import strategies as st

from bambe.engines.proxy.conditions import either, glob, route_match
from bambe.engines.proxy.port import Condition


def plainly(pattern: str, text: str) -> bool:
    """`*` any characters, `?` exactly one."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(plainly(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and plainly(pattern[1:], text[1:])


@given(pattern=st.text("ab.*?+[(\\ -é", max_size=6), text=st.text("ab.*?+[(\\ -é", max_size=6))
def test_wildcards_mean_what_elb_says(pattern: str, text: str) -> None:
    assert bool(re2.fullmatch(glob(pattern), text)) == plainly(pattern, text)


@given(st.lists(st.text(min_size=1, max_size=10), min_size=1, max_size=5))
def test_every_text_is_a_valid_expression(patterns: list[str]) -> None:
    re2.compile(either(glob(pattern) for pattern in patterns))


@given(pattern=st.text("/ab*?", min_size=1, max_size=5), path=st.text("/ab", max_size=6))
def test_path_matches_agree_whatever_form_they_take(pattern: str, path: str) -> None:
    path = f"/{path}"
    match = route_match([Condition("path-pattern", (pattern,))])
    if "path" in match:
        found = path == match["path"]
    elif "prefix" in match:
        found = path.startswith(match["prefix"])
    else:
        found = bool(re2.fullmatch(match["safe_regex"]["regex"], path))
    assert found == plainly(pattern, path)
