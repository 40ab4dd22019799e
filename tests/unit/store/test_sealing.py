"""Sealed values open with their own key at their own place, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bambe.store.sealing import KEY_FILE, Unreadable, seal, unseal


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.text(max_size=40))
def test_what_was_sealed_can_be_opened(tmp_path: Path, value: bytes, place: str) -> None:
    sealed = seal(str(tmp_path), place, value)
    assert unseal(str(tmp_path), place, sealed) == value
    with pytest.raises(Unreadable):
        unseal(str(tmp_path), place + "x", sealed)


def test_the_key_is_its_owners_alone_and_stays(tmp_path: Path) -> None:
    first = seal(str(tmp_path), "here", b"value")
    key = tmp_path / KEY_FILE
    assert key.stat().st_mode & 0o777 == 0o600
    assert seal(str(tmp_path), "here", b"value") != first
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]


def test_without_the_key_nothing_opens(tmp_path: Path) -> None:
    sealed = seal(str(tmp_path), "here", b"value")
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(Unreadable, match="another key"):
        unseal(str(tmp_path), "here", sealed)
    (tmp_path / KEY_FILE).write_bytes(b"short")
    with pytest.raises(Unreadable, match="not a key"):
        unseal(str(tmp_path), "here", sealed)
