"""The repository from which AWS builds: the part `source:` of a bambe.yml. Here it is pushed to Bambe."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from bambe.project.words import Strict

HOSTS = {"github.com": "github", "gitlab.com": "gitlab", "bitbucket.org": "bitbucket"}
CONNECTION = (
    r"^(arn:aws[a-z-]*:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:connection/[0-9a-f-]{36})?$"
)


class Source(Strict):
    """A repository, and the connection by which CodeBuild reads it."""

    repository: str = Field(
        pattern=r"^https://[^\s@]+$",
        examples=["https://github.com/acme/shop"],
        description="its HTTPS URL",
    )
    type: Literal["github", "gitlab", "bitbucket", "github_enterprise", "gitlab_self_managed"] | None = Field(
        default=None, description="where it lies; known by the host of github.com, gitlab.com, bitbucket.org"
    )
    connection: str = Field(
        default="",
        pattern=CONNECTION,
        examples=[
            "arn:aws:codeconnections:eu-central-1:123456789012:connection/01234567-89ab-cdef-0123-456789abcdef"
        ],
        description="the ARN of a connection of CodeConnections; else the account's credentials of CodeBuild",
    )

    @model_validator(mode="after")
    def _lies_somewhere_known(self) -> Source:
        host = urlsplit(self.repository).hostname or ""
        if self.type is None and host not in HOSTS:
            raise ValueError(f"what {host} is, nobody knows: say `type: github_enterprise` or the like")
        if self.type in HOSTS.values() and host in HOSTS and HOSTS[host] != self.type:
            raise ValueError(f"{host} is no {self.type}")
        if not re.search(r"[^/]/[^/]+$", urlsplit(self.repository).path):
            raise ValueError("repository is written like https://github.com/acme/shop")
        return self

    @property
    def kind(self) -> str:
        """CodeBuild's name of the type."""
        return (self.type or HOSTS[str(urlsplit(self.repository).hostname)]).upper()
