"""Passwords of the registry: random, kept as hashes only."""

from __future__ import annotations

import hashlib
import secrets

USERNAME = "AWS"


def fresh_secret() -> str:
    """A new password."""
    return secrets.token_urlsafe(48)


def hashed(secret: str) -> str:
    """What is kept of it: random passwords need no salt and no stretching."""
    return hashlib.sha256(secret.encode()).hexdigest()
