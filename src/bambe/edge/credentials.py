"""Whose access keys we know: the root keys made at first start, and temporary ones the sts service keeps.

<state>/credentials is an ordinary AWS credentials file, readable by its owner only.
"""

from __future__ import annotations

import configparser
import hmac
import os
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bambe.kernel.call import Caller
from bambe.kernel.clock import Clock, SystemClock
from bambe.kernel.errors import BambeError
from bambe.kernel.ids import upper_id

FILE = "credentials"
ANY_SECRET = ""


class BadCredentialsFile(BambeError):
    """The credentials file in the state directory is not one we wrote."""


@dataclass(frozen=True, slots=True)
class RootKey:
    """A long-lived key pair of the account's root."""

    access_key: str
    secret_key: str


class Session(Protocol):
    """Temporary credentials, as the sts service keeps them."""

    @property
    def secret_key(self) -> str: ...
    @property
    def session_token(self) -> str: ...
    @property
    def expiration(self) -> datetime: ...
    @property
    def account(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def principal(self) -> str: ...


FindSession = Callable[[str], Awaitable[Session | None]]


@dataclass(frozen=True, slots=True)
class Keys:
    """The credentials behind an access key id. The root's have no token and never run out."""

    caller: Caller
    secret_key: str
    session_token: str = ""
    expiration: datetime | None = None


class KeyRing:
    """Finds the credentials behind an access key id.

    The root's are kept in the directory `state`, or made afresh where that is None. `find_session` is
    the way to temporary ones. With `any_credentials` (a test double on loopback) every key is taken
    for one of the account it spells, or of our own.
    """

    def __init__(
        self,
        state: Path | None,
        *,
        account: str,
        region: str = "us-east-1",
        clock: Clock | None = None,
        find_session: FindSession | None = None,
        any_credentials: bool = False,
        key: RootKey | None = None,
    ) -> None:
        self.key = key or (fresh_key() if state is None else stored_key(state))
        self.any_credentials = any_credentials
        self._find_session = find_session
        self._account = account
        self._region = region
        self._clock = clock or SystemClock()
        self._root = self._root_of(account, self.key)

    def root(self, access_key: str) -> Keys | None:
        """The root's credentials, if these are the root's."""
        return self._root if access_key == self.key.access_key else None

    async def find(self, access_key: str) -> Keys | None:
        """The credentials of `access_key`, or None. Whoever asks compares the signature."""
        if access_key == self.key.access_key:
            return self._root
        if self._find_session is not None:
            found = await self._find_session(access_key)
            if found is not None:
                caller = Caller(found.account, found.region, found.principal, access_key)
                return Keys(caller, found.secret_key, found.session_token, found.expiration)
        if self.any_credentials:
            account = access_key if len(access_key) == 12 and access_key.isdigit() else self._account
            return self._root_of(account, RootKey(access_key, ANY_SECRET))
        return None

    async def authenticate(self, username: str, password: str) -> Caller | None:
        """Who knows this key id and secret (Basic authentication of git); None for nobody."""
        found = await self.find(username)
        if found is None:
            return None
        if found.expiration is not None and found.expiration <= self._clock.now():
            return None
        if self.any_credentials or hmac.compare_digest(found.secret_key.encode(), password.encode()):
            return found.caller
        return None

    def anonymous(self) -> Caller:
        """Who calls the few operations that AWS takes unsigned."""
        return replace(self._root.caller, principal="anonymous", access_key="")

    def _root_of(self, account: str, key: RootKey) -> Keys:
        caller = Caller(account, self._region, f"arn:aws:iam::{account}:root", key.access_key)
        return Keys(caller, key.secret_key)


def fresh_key() -> RootKey:
    """A new key pair that is kept nowhere (ephemeral daemons)."""
    return RootKey("AKIA" + upper_id(16), secrets.token_urlsafe(30))


def stored_key(state: Path) -> RootKey:
    """The key pair in the state directory, made there on the first start."""
    path = state / FILE
    if not path.exists():
        _create(path, fresh_key())
    path.chmod(0o600)
    return _read(path)


def _create(path: Path, key: RootKey) -> None:
    """All of the file or nothing, and never over another daemon's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{FILE}.{secrets.token_hex(4)}")
    text = f"[default]\naws_access_key_id = {key.access_key}\naws_secret_access_key = {key.secret_key}\n"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # another start was quicker: its keys are the keys
    finally:
        draft.unlink()


def _read(path: Path) -> RootKey:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text())
        section = parser["default"]
        return RootKey(section["aws_access_key_id"], section["aws_secret_access_key"])
    except (configparser.Error, KeyError) as error:
        raise BadCredentialsFile(
            f"{path} holds no [default] key pair; move it away to get a new one"
        ) from error
