"""Turns what other tools wrote, or what runs, into a project, and says what it could not carry."""

from bambe.importing.account import Note
from bambe.importing.buildspec import buildspec
from bambe.importing.cluster import from_cluster
from bambe.importing.cluster_running import Running, RunningService
from bambe.importing.compose import from_compose
from bambe.importing.compose_files import DEFAULTS
from bambe.importing.copilot import from_copilot
from bambe.importing.draft import Build, Files, Imported
from bambe.importing.tree import Unreadable
from bambe.importing.writing import text

__all__ = [
    "DEFAULTS",
    "Build",
    "Files",
    "Imported",
    "Note",
    "Running",
    "RunningService",
    "Unreadable",
    "buildspec",
    "from_cluster",
    "from_compose",
    "from_copilot",
    "text",
]
