"""Policy documents: checked for their form, given back URL-encoded as AWS does."""

from __future__ import annotations

import json
from urllib.parse import quote

from bambe.services.iam.errors import MalformedPolicyDocumentException


def checked(document: str) -> str:
    """`document` when it is a policy's JSON; MalformedPolicyDocument otherwise."""
    try:
        policy = json.loads(document)
    except ValueError:
        raise MalformedPolicyDocumentException("This policy contains invalid Json") from None
    if not isinstance(policy, dict) or not policy.get("Statement"):
        raise MalformedPolicyDocumentException("Syntax errors in policy.")
    statements = policy["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            raise MalformedPolicyDocumentException("Syntax errors in policy.")
    return document


def encoded(document: str) -> str:
    """As IAM answers documents (RFC 3986)."""
    return quote(document, safe="")
