"""Where the folder of a service is, from where its image is built."""

from __future__ import annotations

from typing import Any

from bambe.importing.account import Part
from bambe.importing.draft import Build, Draft


def put_folder(draft: Draft, name: str, build: Build, image: Part) -> None:
    """`path` of the service; the words of `image` that say how it is built are for its buildspec.yml.

    A service has a folder below bambe.yml of its own, so one that is built in the root, or in the folder of
    another, gets a new one.
    """
    said = draft.services[name]
    folder = build.dockerfile.rpartition("/")[0]
    taken = {one.get("path") for one in draft.services.values() if one is not said}
    is_ours = _is_folder(folder) and folder not in taken
    said["path"] = folder if is_ours else _free(f"services/{name}", taken)
    shared = [one for one in (folder, build.context) if _is_folder(one) and one != said["path"]]
    if not is_ours and not build.base and shared:
        said["also"] = list(dict.fromkeys(shared))
    draft.builds[name] = build
    _tell(said["path"], build, image, is_ours)


def _free(path: str, taken: set[Any]) -> str:
    return path if path not in taken else _free(f"{path}-service", taken)


def _is_folder(path: str) -> bool:
    return bool(path) and path != "." and not path.startswith("/") and ".." not in path.split("/")


def _tell(path: str, build: Build, image: Part, is_ours: bool) -> None:
    inner = image.at("build")
    buildspec = f"{path}/buildspec.yml"
    if build.base:
        if not image.at("location"):
            return
        image.at("location").change(
            f"an image that is not built here: Bambe builds one from {path}/Dockerfile",
            f"write it: `FROM {build.base}`",
        )
        return
    moved = f"{build.dockerfile} is built for it, by {buildspec} (--buildspecs writes it)"
    named = inner.at("dockerfile") if inner.is_mapping else inner
    if not is_ours:
        named = named or inner.at("context") or inner or image
        named.change(f"its folder is {path}, for it needs one of its own; {moved}")
    elif build.dockerfile.rpartition("/")[2] != "Dockerfile":
        named.change(f"Bambe wants {path}/Dockerfile to be there; {moved}", "call it Dockerfile")
    for part in [named, inner.at("context"), inner.at("target"), inner.at("args")]:
        _settle(part, inner, buildspec, named)
    if build.context == ".":
        (inner.at("context") or inner or image).review(
            "it is built in the root, from any folder", "name those that it is built from in `also`"
        )


def _settle(part: Part, inner: Part, buildspec: str, named: Part) -> None:
    if not part:
        return
    if part is named or part == inner:
        part.take()
        return
    for each in [one for _, one in part.items()] or [part]:
        each.change(f"is said in {buildspec}", "--buildspecs writes it")
