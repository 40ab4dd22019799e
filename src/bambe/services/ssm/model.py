"""A parameter and its versions. Values of every type are stored sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

STRING, STRING_LIST, SECURE = "String", "StringList", "SecureString"
STANDARD, ADVANCED, INTELLIGENT = "Standard", "Advanced", "Intelligent-Tiering"
DEFAULT_KEY = "alias/aws/ssm"
LIMITS: Mapping[str, int] = {STANDARD: 4096, ADVANCED: 8192}
"""Bytes of a value in each tier (AWS: "Managing parameter tiers")."""
VERSIONS_KEPT = 100
LABELS = 10
TAGS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A name, and which version is the latest."""

    account: str
    region: str
    name: str
    version: int
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a parameter was from one PutParameter to the next; `sealed` is the value."""

    account: str
    region: str
    name: str
    version: int
    type: str
    sealed: str
    description: str = ""
    key_id: str = ""
    pattern: str = ""
    tier: str = STANDARD
    data_type: str = "text"
    modified_at: datetime
    modified_by: str
    labels: list[str] = field(default_factory=list)


def arn(account: str, region: str, name: str) -> str:
    """A parameter's ARN, in which a leading slash counts once."""
    return f"arn:aws:ssm:{region}:{account}:parameter/{name.lstrip('/')}"


def place(account: str, region: str, name: str, version: int) -> str:
    """To what a sealed value is bound."""
    return f"arn:aws:ssm:{region}:{account}:parameter/{name}:{version}"
