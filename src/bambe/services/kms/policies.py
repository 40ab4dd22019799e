"""Key policies: the one a key has by default, and whether a text is one; pure."""

from __future__ import annotations

import json
from typing import Any

from bambe.services.kms.errors import MalformedPolicyDocumentException

NAME = "default"
"""The only policy a key has (KMS API, GetKeyPolicy)."""


def default(account: str) -> str:
    """What a key created without a policy gets (KMS: Default key policy)."""
    whole = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [whole]}, indent=2)


def checked(text: str) -> str:
    """The policy; MalformedPolicyDocumentException where it is none."""
    try:
        said = json.loads(text)
    except ValueError:
        raise MalformedPolicyDocumentException() from None
    statements = said.get("Statement") if isinstance(said, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements or not all(map(_is_statement, statements)):
        raise MalformedPolicyDocumentException()
    return text


def _is_statement(said: Any) -> bool:
    """A key policy's statement has all of these (KMS: Key policies, elements)."""
    if not isinstance(said, dict) or said.get("Effect") not in ("Allow", "Deny"):
        return False
    return all(
        any(said.get(one) for one in (name, f"Not{name}")) for name in ("Principal", "Action", "Resource")
    )
