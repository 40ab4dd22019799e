"""Amazon Resource Names: `arn:partition:service:region:account:resource`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Arn:
    """One ARN taken apart. `region` and `account` are empty where AWS leaves them empty (IAM)."""

    service: str
    region: str
    account: str
    resource: str
    partition: str = "aws"

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Take `text` apart; `ValueError` when it is no ARN."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn" or not parts[2] or not parts[5]:
            raise ValueError(f"not an ARN: {text!r}")
        return cls(parts[2], parts[3], parts[4], parts[5], parts[1])

    @property
    def name(self) -> str:
        """What follows the last slash: the resource's own name or id."""
        return self.resource.rsplit("/", 1)[-1]


def is_arn(text: str) -> bool:
    """Whether `text` is spelled as an ARN."""
    return text.startswith("arn:") and text.count(":") >= 5
