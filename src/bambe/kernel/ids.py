"""Fresh identifiers, in the alphabets AWS uses."""

from __future__ import annotations

import hashlib
import secrets
import string
import uuid

_UPPER = string.ascii_uppercase + string.digits


def hex_id(length: int = 32) -> str:
    """Lower-case hexadecimal, as in ECS task ids (32) and ELB ids (16)."""
    return secrets.token_hex((length + 1) // 2)[:length]


def upper_id(length: int) -> str:
    """Upper-case letters and digits, as in CodeDeploy's `d-XXXXXXXXX` (9)."""
    return "".join(secrets.choice(_UPPER) for _ in range(length))


def uuid_id() -> str:
    """A random UUID, as in request ids and ACM certificates."""
    return str(uuid.uuid4())


def digest_id(*parts: str, length: int = 32) -> str:
    """A stable identifier made of `parts`: the same parts always give the same one."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:length]
