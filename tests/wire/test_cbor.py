"""CBOR read and written: any value survives, and no bytes do harm."""

from __future__ import annotations

import contextlib
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.wire.cbor import BadCbor, decode, encode

MOMENTS = st.integers(-(2**31), 2**33).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
LEAVES = (
    st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.booleans()
    | MOMENTS
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(VALUES)
def test_what_is_written_is_read(value: Any) -> None:
    assert decode(encode(value)) == value


@given(st.binary())
def test_any_bytes_are_a_value_or_refused(body: bytes) -> None:
    with contextlib.suppress(BadCbor):
        decode(body)


@given(VALUES, st.data())
def test_a_value_cut_short_is_refused(value: Any, data: st.DataObject) -> None:
    whole = encode(value)
    with pytest.raises(BadCbor):
        decode(whole[: data.draw(st.integers(0, len(whole) - 1))])


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("1bffffffffffffffff", 2**64 - 1),
        ("3903e7", -1000),
        ("f97c00", math.inf),
        ("fa47c35000", 100000.0),
        ("f6", None),
        ("f7", None),
        ("c11a514b67b0", datetime(2013, 3, 21, 20, 4, tzinfo=UTC)),
        ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
        ("7f657374726561646d696e67ff", "streaming"),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf6346756ef563416d7421ff", {"Fun": True, "Amt": -2}),
    ],
)
def test_examples_of_rfc_8949(body: str, value: Any) -> None:
    assert decode(bytes.fromhex(body)) == value


def test_absent_members_are_not_written() -> None:
    assert encode({"a": None, "b": 1}) == encode({"b": 1})
