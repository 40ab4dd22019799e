"""Log groups, kept as long as `log_retention` says."""

from __future__ import annotations

from typing import Any

from bambe.project import Project


def log_group(project: Project, name: str) -> dict[str, Any]:
    """The log group of that name."""
    days = project.log_days
    kept = {"RetentionInDays": days} if days else {}
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name, **kept}}
