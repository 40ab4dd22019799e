"""Which repository of this installation a source names, and where its buildspec is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bambe.kernel.call import Site

GIT_TYPES = ("GITHUB", "GITHUB_ENTERPRISE", "BITBUCKET", "GITLAB", "GITLAB_SELF_MANAGED")
DOOR = "/git/"
DEFAULT_BUILDSPEC = "buildspec.yml"


def repository_of(source: Mapping[str, Any], site: Site) -> str:
    """The repository on this installation's git door that `source` names; "" for any other source."""
    if source.get("type") not in GIT_TYPES:
        return ""
    url = urlsplit(source.get("location") or "")
    if url.scheme not in ("http", "https") or not url.path.startswith(DOOR) or not _is_here(url, site):
        return ""
    return url.path.removeprefix(DOOR).rstrip("/").removesuffix(".git")


def problem(source: Mapping[str, Any], site: Site) -> str:
    """Why `source` cannot be built here; "" when it can."""
    kind, location = source.get("type"), source.get("location") or ""
    if kind == "NO_SOURCE" or repository_of(source, site):
        return ""
    if kind not in GIT_TYPES:
        return (
            f"Bambe has no source of the type {kind}: use GITHUB with a repository on {site.endpoint}{DOOR}"
        )
    where = f"{site.endpoint}{DOOR}<name>.git"
    return f"{location or 'The source'} is not on this installation: Bambe builds {where}"


def _is_here(url: Any, site: Site) -> bool:
    ours = [urlsplit(site.endpoint), urlsplit(site.inner_endpoint)]
    hosts = {"localhost", "127.0.0.1", *(our.hostname for our in ours)}
    return url.hostname in hosts and url.port in {our.port for our in ours}
