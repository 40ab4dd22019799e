"""SCRAM users of a cluster on ZooKeeper: its brokers before 2.7 have no requests for them.

    /config/users/<name>          {"version":1,"config":{"SCRAM-SHA-512":"salt=...,stored_key=..."}}
    /config/changes/config_change_<n>   tells brokers which user to read again

As `kafka-configs.sh --zookeeper` writes them (KIP-84, RFC 5802).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from bambe.kernel.errors import Unavailable

if TYPE_CHECKING:
    from kazoo.client import KazooClient

USERS, CHANGES = "/config/users", "/config/changes/config_change_"
MECHANISM = "SCRAM-SHA-512"
ITERATIONS = 4096
TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Keeper:
    """Where ZooKeeper is (host:port), and the files (PEM) by which it and the engine know each other."""

    address: str
    authority: Path
    certificate: Path
    key: Path


def credential(password: str, salt: bytes) -> str:
    """A password as brokers keep it."""
    salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha512(hmac.digest(salted, b"Client Key", "sha512")).digest()
    server = hmac.digest(salted, b"Server Key", "sha512")
    fields = {"salt": salt, "stored_key": stored, "server_key": server}
    encoded = ",".join(f"{name}={b64encode(value).decode()}" for name, value in fields.items())
    return f"{encoded},iterations={ITERATIONS}"


def node_name(user: str) -> str:
    """A user's name as a part of a path."""
    return quote(user, safe="-_.")


def apply_users(keeper: Keeper, users: Mapping[str, str], kept: Collection[str] = ()) -> None:
    """Let exactly these users (name -> password) in, and those in `kept` as before."""
    from kazoo.client import KazooClient
    from kazoo.exceptions import KazooException
    from kazoo.handlers.threading import KazooTimeoutError

    client = KazooClient(
        hosts=keeper.address,
        timeout=TIMEOUT,
        use_ssl=True,
        verify_certs=True,
        ca=str(keeper.authority),
        certfile=str(keeper.certificate),
        keyfile=str(keeper.key),
    )
    try:
        client.start(timeout=TIMEOUT)
        known = {unquote(name) for name in client.get_children(USERS)} if client.exists(USERS) else set()
        for user in sorted(users):
            _set(client, user, {MECHANISM: credential(users[user], secrets.token_bytes(24))})
        for user in sorted(known - set(users) - set(kept)):
            _set(client, user, {})
    except (KazooException, KazooTimeoutError) as raised:
        raise Unavailable(f"ZooKeeper does not answer at {keeper.address}: {raised}") from raised
    finally:
        client.stop()
        client.close()


def _set(client: KazooClient, user: str, config: Mapping[str, str]) -> None:
    path = f"{USERS}/{node_name(user)}"
    content = json.dumps({"version": 1, "config": dict(config)}).encode()
    if client.exists(path):
        client.set(path, content)
    else:
        client.create(path, content, makepath=True)
    change = {"version": 2, "entity_path": f"users/{node_name(user)}"}
    client.create(CHANGES, json.dumps(change).encode(), sequence=True, makepath=True)
