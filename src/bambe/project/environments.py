"""Accounts and regions of AWS that a project also runs in: the part `environments:` of a bambe.yml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from bambe.project.words import Strict

AWS = "aws"
"""The environment that is always there: where the credentials of the AWS CLI lead."""
HERE = ""
"""This machine."""
REGION = r"^[a-z]{2}(-[a-z]+)+-\d$"
EnvironmentName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,19}$")]


class Environment(Strict):
    """One account and region; what is not given is as the AWS CLI would have it."""

    account: str = Field(
        default="",
        pattern=r"^(\d{12})?$",
        examples=["123456789012"],
        description="twelve digits, in quotes",
    )
    region: str = Field(default="", pattern=f"{REGION}|^$", examples=["eu-central-1"])
    profile: str = Field(default="", description="of the AWS CLI's configuration; SSO and roles work there")
    role: str = Field(
        default="",
        pattern=r"^(arn:[a-z-]+:iam::\d{12}:role/\S{1,512})?$",
        examples=["arn:aws:iam::123456789012:role/deployer"],
        description="the ARN of a role to take on with these credentials",
    )
    change: dict[str, Any] = Field(
        default={}, description="what is otherwise there than bambe.yml says, in its own words"
    )


def changed(data: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """`data` with `change` laid over it: mappings go into each other, null takes away, all else replaces."""
    made = dict(data)
    for key, value in change.items():
        there = made.get(key)
        if value is None:
            made.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(there, Mapping):
            made[key] = changed(there, value)
        else:
            made[key] = value
    return made
