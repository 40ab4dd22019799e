"""Values that nobody may read in the file: AES-256-GCM under a key that lies beside the store.

The key file is made when the first value is sealed. A copy of the store without it is worth nothing, and
whoever loses it has lost every sealed value.
"""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from bambe.kernel.errors import BambeError

KEY_FILE = "secrets.key"
KEY_BYTES = 32
NONCE_BYTES = 12


class Unreadable(BambeError):
    """A sealed value cannot be opened: another key sealed it, or it belongs elsewhere."""


def seal(state: str, place: str, value: bytes) -> str:
    """`value` as it may be stored. It opens only with the same `place` (an ARN and version)."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # slow to import, not needed to start

    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(_key(Path(state))).encrypt(nonce, value, place.encode())
    return base64.b64encode(nonce + sealed).decode()


def unseal(state: str, place: str, sealed: str) -> bytes:
    """What `seal` was given; `Unreadable`."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    raw = base64.b64decode(sealed)
    try:
        return AESGCM(_key(Path(state))).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode())
    except InvalidTag:
        raise Unreadable(f"{place} was sealed with another key than {Path(state) / KEY_FILE}.") from None


def _key(state: Path) -> bytes:
    file = state / KEY_FILE
    if not file.exists():
        _make(file)
    key = file.read_bytes()
    if len(key) != KEY_BYTES:
        raise Unreadable(f"{file} is not a key: restore it from where it was saved.")
    return key


def _make(file: Path) -> None:
    """A fresh key, whole and private from its first moment on; one that is there already stays."""
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(secrets.token_bytes(KEY_BYTES))
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(fresh, file)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
