"""Stack policies: which updates of which resources are allowed."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from typing import Any

from bambe.kernel.errors import ValidationError

MODIFY, REPLACE, DELETE = "Update:Modify", "Update:Replace", "Update:Delete"
ACTIONS = frozenset({MODIFY, REPLACE, DELETE, "Update:*"})
LONGEST = 16_384


def check_form(body: str) -> None:
    """ValidationError for what is no stack policy."""
    if len(body.encode()) > LONGEST:
        raise ValidationError("Error validating stack policy: the policy is too long")
    try:
        statements = _statements(body)
    except (ValueError, TypeError, AttributeError):
        raise ValidationError("Error validating stack policy: Invalid stack policy") from None
    for one in statements:
        if one.get("Effect") not in ("Allow", "Deny") or not {"Resource", "NotResource"} & set(one):
            raise ValidationError("Error validating stack policy: Invalid stack policy")
        if one.get("Principal") != "*":
            raise ValidationError("Error validating stack policy: Principal must be '*'")
        if not set(_list(one.get("Action", one.get("NotAction", [])))) <= ACTIONS:
            raise ValidationError("Error validating stack policy: Invalid action")


def denied(body: str, action: str, logical_id: str, kind: str) -> str:
    """Why `action` on a resource is not allowed, or nothing: without a policy everything is."""
    if not body:
        return ""
    allowed = False
    for number, one in enumerate(_statements(body), start=1):
        if not _concerns(one, action, logical_id, kind):
            continue
        if one["Effect"] == "Deny":
            return _said(f"Statement [#{number}] does not allow [{action}]", logical_id)
        allowed = True
    return "" if allowed else _said(f"no statement allows [{action}]", logical_id)


def _said(why: str, logical_id: str) -> str:
    return f"Action denied by stack policy: {why} for resource [LogicalResourceId/{logical_id}]"


def _statements(body: str) -> list[Mapping[str, Any]]:
    said = json.loads(body)["Statement"] if body.strip() else []
    return said if isinstance(said, list) else [said]


def _concerns(one: Mapping[str, Any], action: str, logical_id: str, kind: str) -> bool:
    if "NotAction" in one:
        names = not _matches(action, one["NotAction"])
    else:
        names = _matches(action, one.get("Action", []))
    whole = f"LogicalResourceId/{logical_id}"
    if "NotResource" in one:
        concerned = not _matches(whole, one["NotResource"])
    else:
        concerned = _matches(whole, one.get("Resource", []))
    return (
        names
        and concerned
        and all(_holds(operator, said, kind) for operator, said in one.get("Condition", {}).items())
    )


def _holds(operator: str, said: Mapping[str, Any], kind: str) -> bool:
    wanted = _list(said.get("ResourceType", []))
    if operator == "StringLike":
        return _matches(kind, wanted)
    if operator == "StringNotEquals":
        return kind not in wanted
    if operator == "StringNotLike":
        return not _matches(kind, wanted)
    return kind in wanted


def _matches(text: str, patterns: Any) -> bool:
    return any(fnmatch.fnmatchcase(text, one) for one in _list(patterns))


def _list(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [said]
