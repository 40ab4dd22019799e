"""Where the code of a running service is, if a CodeBuild project says so."""

from __future__ import annotations

import re

from bambe.importing.account import Note
from bambe.importing.cluster_running import Described, RunningService
from bambe.importing.cluster_task import main_container
from bambe.importing.draft import Build, Draft

FILE = "buildspec.yml"


def put_source(draft: Draft, one: RunningService, name: str) -> None:
    """`path`, `also` and `branch`; a made-up folder where nobody says."""
    said = draft.services[name]
    file = f"ecs service {one.name}"
    spec = str(one.builder.get("source", {}).get("buildspec", ""))
    image = str(main_container(one.definition, one.service).get("image", ""))
    branch = str(one.builder.get("sourceVersion", "")).removeprefix("refs/heads/")
    if spec.endswith(f"/{FILE}") and not spec.startswith("arn:"):
        said["path"] = spec.removesuffix(f"/{FILE}")
        folders = [folder for folder in _watched(one.builder) if folder != said["path"]]
        if folders:
            said["also"] = folders
        if re.fullmatch(r"[A-Za-z0-9._/-]+", branch) and branch != "main":
            draft.top.setdefault("branch", branch)
    else:
        said["path"] = f"services/{name}"
        says = f"AWS does not say where its code is: {said['path']} is written"
        draft.account.add(Note("guessed", file, 0, "", says, "put its folder there, or correct `path`", name))
    draft.builds[name] = Build(f"{said['path']}/Dockerfile", ".", base=image)


def _watched(builder: Described) -> list[str]:
    """The folders whose changes start a build, of filters that name folders."""
    found = []
    for filters in builder.get("webhook", {}).get("filterGroups", ()):
        for one in filters:
            if one.get("type") == "FILE_PATH" and not one.get("excludeMatchedPattern"):
                found += [_folder(pattern) for pattern in str(one.get("pattern", "")).split("|")]
    return [folder for folder in dict.fromkeys(found) if folder]


def _folder(pattern: str) -> str:
    hit = re.fullmatch(r"\^((?:[A-Za-z0-9_/-]|\\.)+?)/(?:\.\*)?", pattern)
    return re.sub(r"\\(.)", r"\1", hit[1]) if hit else ""
