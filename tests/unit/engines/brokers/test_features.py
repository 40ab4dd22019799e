"""Features of a cluster: read from brokers' answers, and what of a new version is still to be switched on."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.engines.brokers.features import Features, check_update, read_features, update_request
from bambe.kernel.errors import Refused, Unavailable

# What Kafka 4.1.2 said to ApiVersions 4 after its cluster had run 3.9.2; of the 73 API keys the first two.
ANSWER = bytes.fromhex(
    "00000300000000000d00000100040012000000000003008f01070e67726f75702e76657273696f6e00000001000e"
    "6b726166742e76657273696f6e0000000100116d657461646174612e76657273696f6e0007001b000e7368617265"
    "2e76657273696f6e0000000100147472616e73616374696f6e2e76657273696f6e000000020021656c696769626c"
    "652e6c65616465722e7265706c696361732e76657273696f6e000000010001080000000000000013021702116d65"
    "7461646174612e76657273696f6e0015001500"
)


def test_brokers_say_what_they_can_and_where_the_cluster_is() -> None:
    found = read_features(ANSWER)
    assert found.supported["metadata.version"] == 27
    assert found.finalized == {"metadata.version": 21}


def test_a_new_version_is_switched_on_its_metadata_first_and_previews_are_not() -> None:
    assert list(read_features(ANSWER).lacking.items()) == [
        ("metadata.version", 27),
        ("eligible.leader.replicas.version", 1),
        ("group.version", 1),
        ("transaction.version", 2),
    ]


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 99)))
def test_what_is_on_already_is_not_asked_for(levels: dict[str, int]) -> None:
    assert Features(levels, levels).lacking == {}
    assert set(Features(levels).lacking) == set(levels) - {
        "kraft.version", "share.version", "streams.version"
    }  # fmt: skip


def test_a_request_is_spelled_as_kafka_reads_it() -> None:
    said = update_request({"metadata.version": 27})
    assert (
        said
        == struct.pack(">i", 10000) + b"\x02" + b"\x11metadata.version" + b"\x00\x1b\x01\x00" + b"\x00\x00"
    )


@pytest.mark.parametrize(("code", "error"), [(95, Refused), (41, Unavailable), (7, Unavailable)])
def test_a_refusal_says_why(code: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="because"):
        check_update(b"\0" + struct.pack(">ih", 0, code) + b"\x08because" + b"\x01\0")
    check_update(b"\0" + struct.pack(">ih", 0, 0) + b"\0" + b"\x01\0")


@pytest.mark.parametrize("cut", range(0, len(ANSWER), 7))
def test_half_an_answer_is_none(cut: int) -> None:
    with pytest.raises(Unavailable):
        read_features(ANSWER[:cut])
