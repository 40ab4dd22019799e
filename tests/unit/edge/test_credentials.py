"""Root keys are made once and kept private; sessions and any-credentials mode find their callers."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bambe.edge.access import Gate
from bambe.edge.credentials import BadCredentialsFile, KeyRing, RootKey, fresh_key, stored_key
from bambe.edge.errors import Denied, Reason
from bambe.edge.sigv4 import Scope, Signature
from bambe.kernel.clock import ManualClock
from bambe.wire import Request

ACCOUNT, REGION = "000000000000", "eu-central-1"


def test_keys_are_made_once_and_readable_by_the_owner_only(tmp_path: Path) -> None:
    made = stored_key(tmp_path / "state")
    path = tmp_path / "state" / "credentials"
    assert stored_key(tmp_path / "state") == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(made.access_key) == 20
    assert len(made.secret_key) == 40
    assert [p.name for p in path.parent.iterdir()] == ["credentials"]


def test_loose_permissions_are_tightened(tmp_path: Path) -> None:
    stored_key(tmp_path)
    (tmp_path / "credentials").chmod(0o644)
    stored_key(tmp_path)
    assert stat.S_IMODE((tmp_path / "credentials").stat().st_mode) == 0o600


def test_a_file_that_is_not_ours_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("hello")
    with pytest.raises(BadCredentialsFile, match="move it away"):
        stored_key(tmp_path)
    assert (tmp_path / "credentials").read_text() == "hello"


def ring(**options: object) -> KeyRing:
    key = RootKey("AKIAROOT", "secret")
    return KeyRing(None, account=ACCOUNT, region=REGION, key=key, **options)  # type: ignore[arg-type]


async def test_root_is_found_and_strangers_are_not() -> None:
    found = await ring().find("AKIAROOT")
    assert found is not None
    assert found.caller.principal == f"arn:aws:iam::{ACCOUNT}:root"
    assert await ring().find("AKIASTRANGER") is None


async def test_any_credentials_spell_their_account() -> None:
    found = await ring(any_credentials=True).find("123456789012")
    assert found is not None
    assert found.caller.account == "123456789012"
    other = await ring(any_credentials=True).find("test")
    assert other is not None
    assert other.caller.account == ACCOUNT


@dataclass(frozen=True)
class Kept:
    """A session as the sts service keeps it."""

    expiration: datetime
    secret_key: str = "temporary"
    session_token: str = "token"
    account: str = ACCOUNT
    region: str = REGION
    principal: str = f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s"


def sessions(clock: ManualClock) -> KeyRing:
    kept = Kept(clock.now() + timedelta(hours=1))

    async def find(access_key: str) -> Kept | None:
        return kept if access_key == "ASIAX" else None

    return ring(find_session=find, clock=clock)


async def test_basic_authentication_takes_root_and_sessions() -> None:
    clock = ManualClock()
    keys = sessions(clock)
    assert await keys.authenticate("AKIAROOT", "secret")
    assert await keys.authenticate("AKIAROOT", "wrong") is None
    assert await keys.authenticate("nobody", "") is None
    caller = await keys.authenticate("ASIAX", "temporary")
    assert caller is not None
    assert "assumed-role" in caller.principal
    await clock.advance(3600)
    assert await keys.authenticate("ASIAX", "temporary") is None


def scope_of(access_key: str, day: str) -> Scope:
    credential = f"{day}/us-east-1/sts/aws4_request"
    return Scope(access_key, day, "us-east-1", "sts", (b"host",), b"host", credential)


async def denied(gate: Gate, clock: ManualClock, access_key: str, token: str) -> Reason:
    stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
    scope = scope_of(access_key, stamp[:8])
    request = Request("POST", "/", "", {b"host": b"h"}, b"")
    with pytest.raises(Denied) as caught:
        await gate.admit(request, Signature(scope, "00", stamp, token, 0))
    return caught.value.reason


async def test_tokens_belong_to_their_keys() -> None:
    clock = ManualClock()
    gate = Gate(sessions(clock), clock)
    assert await denied(gate, clock, "ASIAX", "") is Reason.UNKNOWN_KEY
    assert await denied(gate, clock, "ASIAX", "other") is Reason.UNKNOWN_KEY
    assert await denied(gate, clock, "ASIAX", "token") is Reason.WRONG
    assert await denied(gate, clock, "AKIAROOT", "token") is Reason.UNKNOWN_KEY


async def test_the_scopes_region_is_the_callers() -> None:
    clock = ManualClock()
    gate = Gate(ring(any_credentials=True), clock)
    stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
    scope = scope_of("123456789012", stamp[:8])
    caller = await gate.admit(Request("POST", "/", "", {}, b""), Signature(scope, "00", stamp, "", 0))
    assert (caller.account, caller.region) == ("123456789012", "us-east-1")


def test_fresh_keys_differ() -> None:
    assert fresh_key() != fresh_key()
