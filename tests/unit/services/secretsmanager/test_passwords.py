"""Random passwords have what was asked for and nothing that was excluded."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.services.secretsmanager.errors import InvalidParameterException
from bambe.services.secretsmanager.passwords import KINDS, password


@given(
    st.sets(st.sampled_from(sorted(KINDS)), max_size=3),
    st.integers(4, 60),
    st.text(string.ascii_lowercase[:20], max_size=10),
)
def test_a_password_is_as_described(without: set[str], length: int, excluded: str) -> None:
    flags = dict.fromkeys(without, True)
    made = password({"PasswordLength": length, "ExcludeCharacters": excluded, **flags})
    assert len(made) == length
    assert not set(made) & set(excluded)
    for flag, letters in KINDS.items():
        assert bool(set(made) & set(letters)) is (flag not in without)


def test_passwords_differ() -> None:
    assert len({password({}) for _ in range(50)}) == 50


def test_what_cannot_be_made_is_refused() -> None:
    with pytest.raises(InvalidParameterException, match="too short"):
        password({"PasswordLength": 3})
    with pytest.raises(InvalidParameterException, match="no character"):
        password(dict.fromkeys(KINDS, True))
    assert password({"PasswordLength": 3, "RequireEachIncludedType": False})
    assert set(password({"PasswordLength": 9, "IncludeSpace": True, **dict.fromkeys(KINDS, True)})) == {" "}
