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

from bambe.kernel.call import Caller
from bambe.kernel.clock import Clock
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


@dataclass(frozen=True, slots=True)
class Session:
    """Credentials that run out, or the root's that do not (`expiration` None, no token)."""

    secret_key: str
    session_token: str
    expiration: datetime | None
    caller: Caller


Sessions = Callable[[str], Awaitable[Session | None]]


class KeyRing:
    """Finds the credentials behind an access key id.

    `sessions` is the daemon's way to the temporary ones. With `any_credentials` (a test double on
    loopback) every key is taken for one of the account it spells, or of our own.
    """

    def __init__(
        self,
        key: RootKey,
        account: str,
        region: str,
        *,
        sessions: Sessions | None = None,
        any_credentials: bool = False,
    ) -> None:
        self.key = key
        self.sessions = sessions
        self.any_credentials = any_credentials
        self._account = account
        self._region = region
        self._root = self._root_of(account, key)

    async def find(self, access_key: str) -> Session | None:
        """The credentials of `access_key`, or None. Compare the signature yourself."""
        if access_key == self.key.access_key:
            return self._root
        if self.sessions is not None:
            found = await self.sessions(access_key)
            if found is not None:
                return found
        if self.any_credentials:
            account = access_key if len(access_key) == 12 and access_key.isdigit() else self._account
            return self._root_of(account, RootKey(access_key, ANY_SECRET))
        return None

    async def authenticate(self, username: str, password: str, clock: Clock) -> Caller | None:
        """Who knows this key id and secret (Basic authentication of git); None for nobody."""
        found = await self.find(username)
        if found is None:
            return None
        if found.expiration is not None and found.expiration <= clock.now():
            return None
        if self.any_credentials or hmac.compare_digest(found.secret_key.encode(), password.encode()):
            return found.caller
        return None

    def anonymous(self) -> Caller:
        """Who calls the few operations that AWS takes unsigned."""
        return replace(self._root.caller, principal="anonymous", access_key="")

    def _root_of(self, account: str, key: RootKey) -> Session:
        caller = Caller(account, self._region, f"arn:aws:iam::{account}:root", key.access_key)
        return Session(key.secret_key, "", None, caller)


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
