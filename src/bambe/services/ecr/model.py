"""Repositories, the images in them, and passwords for the registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of images. `lifecycle` and `policy` are recorded as they were given."""

    account: str
    region: str
    name: str
    created_at: datetime
    mutability: str = "MUTABLE"
    scan_on_push: bool = False
    encryption: str = "AES256"
    kms_key: str = ""
    exclusions: list[str] = field(default_factory=list)
    """Patterns of the tags to which `mutability` does not apply (`..._WITH_EXCLUSION`)."""
    lifecycle: str = ""
    policy: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:ecr:{self.region}:{self.account}:repository/{self.name}"

    def is_fixed(self, tag: str) -> bool:
        """Whether a tag stays with the image that has it."""
        excepted = any(fnmatchcase(tag, pattern) for pattern in self.exclusions)
        return self.mutability.startswith("IMMUTABLE") != excepted


@dataclass(frozen=True, slots=True)
class Image:
    """A manifest that was pushed; `tags` are those that name it now."""

    account: str
    region: str
    repository: str
    digest: str
    media_type: str
    size: int
    manifest: str
    pushed_at: datetime
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Password:
    """A password for the registry, kept as its SHA-256."""

    hash: str
    account: str
    region: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Removal:
    """Something the registry engine still has and should not: a tag, a digest, or ("") a whole repository."""

    account: str
    region: str
    repository: str
    reference: str
