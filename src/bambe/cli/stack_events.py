"""What a stack's events say to a person: what became of resources, and why an operation failed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bambe.cli.advice import advice

DNS_RECORD = re.compile(r"Content of DNS Record is: \{Name: (\S+?)\.?, ?Type: CNAME, ?Value: (\S+?)\.?\}")
"""Of a certificate that is validated by DNS (AWS::CertificateManager::Certificate)."""
BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "REVIEW_IN_PROGRESS")
"""Statuses of a stack with which an operation begins."""


def told(event: Mapping[str, Any]) -> str:
    """What to tell a person of a resource's event; "" for nothing."""
    what, status, why = event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason")
    record = DNS_RECORD.search(why or "")
    if record and status.endswith("_IN_PROGRESS"):
        return f"{what} waits for a DNS record: {record[1]} CNAME {record[2]}"
    if status.endswith("_FAILED") and why and "cancelled" not in why:
        return f"{what} failed: {why}"
    if status.endswith("_COMPLETE") and "ROLLBACK" not in status:
        return f"{what} {status.lower().replace('_', ' ')}"
    return ""


def failed(name: str, status: str, reason: str) -> str:
    """What to say of a stack that failed: the reason, and what helps where that is known."""
    helps = advice(reason)
    end = f" ({helps})" if helps else ""
    return f"the stack {name} is {status}: {reason}{end}"


def why_it_failed(name: str, events: Sequence[Mapping[str, Any]]) -> str:
    """The first reason that the events of a stack's operation (oldest first) give for its failure: that of
    the resource which failed first, else the stack's own."""
    for event in events:
        status, why = event["ResourceStatus"], event.get("ResourceStatusReason")
        if not why or why.endswith(" cancelled"):
            continue
        if event["LogicalResourceId"] == name and ("ROLLBACK" in status or status.endswith("_FAILED")):
            return str(why)
        if status.endswith("_FAILED"):
            return f"{event['LogicalResourceId']}: {why}"
    return "see its events (bambe aws cloudformation describe-stack-events)."
