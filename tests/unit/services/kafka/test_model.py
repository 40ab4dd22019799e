"""A cluster's states, and how clients come in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.kernel.moves import IllegalMove
from bambe.services.kafka.model import MOVES, Access, Cluster, State

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CLUSTER = Cluster(
    account="0", region="r", name="shop", id="1-2", version="3.9.x", apache="3.9.2", brokers=1,
    created=NOW, current_version="K1",
)  # fmt: skip


@given(st.sampled_from(State), st.sampled_from(State))
def test_a_cluster_moves_only_where_its_state_leads(was: State, to: State) -> None:
    row = replace(CLUSTER, state=was)
    if to is was or to in MOVES[was]:
        assert row.moved(to, crashes=3) == replace(row, state=to, crashes=3)
    else:
        with pytest.raises(IllegalMove):
            row.moved(to)


SCRAM = {"Scram": {"Enabled": True}}


def encrypted(client_broker: str) -> dict[str, Any]:
    return {"EncryptionInfo": {"EncryptionInTransit": {"ClientBroker": client_broker}}}


def admitted(**ways: Any) -> dict[str, Any]:
    return {"ClientAuthentication": ways}


@pytest.mark.parametrize(
    ("said", "access", "listeners"),
    [
        ({}, Access("TLS", False, True), (False, True)),
        (encrypted("PLAINTEXT"), Access("PLAINTEXT", False, True), (True, False)),
        (admitted(Sasl=SCRAM), Access("TLS", True, False), (False, False)),
        (
            admitted(Sasl=SCRAM, Unauthenticated={"Enabled": True}) | encrypted("TLS_PLAINTEXT"),
            Access("TLS_PLAINTEXT", True, True),
            (True, True),
        ),
    ],
)
def test_access_is_what_the_api_says_of_it(
    said: dict[str, Any], access: Access, listeners: tuple[bool, bool]
) -> None:
    assert Access.of(said) == access == replace(CLUSTER, spec=said).access
    assert (access.plaintext, access.tls) == listeners
