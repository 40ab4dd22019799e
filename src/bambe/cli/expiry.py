"""What a project asks for that its provider will soon no longer support, said wherever bambe.yml is read to
change something."""

from __future__ import annotations

from datetime import date

from bambe.kernel.clock import SystemClock
from bambe.project import Project


def expiring(project: Project, today: date | None = None) -> list[str]:
    """One sentence each, with the date and what to take instead."""
    day = today or SystemClock().now().date()
    said = project.events.ended(day) if project.events else ""
    return [said] if said else []
