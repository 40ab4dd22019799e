"""From the file to a checked project; every mistake is one sentence with its line."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from bambe.kernel.errors import BambeError
from bambe.project.environments import AWS, HERE, changed
from bambe.project.model import Project, Service
from bambe.project.schema import part_of_schema

EXAMPLE = Path(__file__).parent / "example.yml"
"""A bambe.yml with every key, annotated."""
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""LibYAML's where PyYAML was built with it: several times as fast."""
NAME_SENTENCE = "takes lower-case letters, digits and single dashes, 2 to 20 of them, beginning with a letter"
SHAPES = {
    "tuple_type": "this should be a list",
    "dict_type": "this should be a mapping",
    "model_type": "this should be a mapping with its keys below it",
}
Location = tuple[str | int, ...]


class BadProject(BambeError):
    """A bambe.yml that cannot be used; the message says where and what to do."""


def load(path: Path, environment: str = HERE) -> Project:
    """The project of `path` as it is in an environment, with its folders checked; `BadProject` otherwise."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadProject(f"{path} cannot be read: {error}") from None
    project = parse(text, path.name, environment)
    for name, service in project.services.items():
        _check_folder(path.parent, name, service)
    return project


def parse(text: str, file: str = "bambe.yml", environment: str = HERE) -> Project:
    """The project `text` describes in an environment, without looking at folders."""
    try:
        node = yaml.compose(text, Loader=LOADER)
        data = LOADER("").construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadProject(f"{file}:{line}: this is no YAML: {error.problem}.") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        said = str(error).partition("\n")[0]
        raise BadProject(f"{file}: this is no YAML: {said}.") from None
    _check_doubles(node, file)
    if not isinstance(data, dict):
        raise BadProject(f"{file}:1: this must be a mapping that begins with `project:` and `services:`.")
    project = _validated(data, node, file)
    if environment == HERE:
        return project
    wish = project.environments.get(environment)
    if wish is None and environment != AWS:
        known = ", ".join(sorted({AWS, *project.environments}))
        raise BadProject(f"{file} has no environment {environment!r}; there is: {known}.")
    if wish is None:
        return project
    if "environments" in wish.change:
        raise BadProject(f"{file}: `environments.{environment}.change` cannot change environments.")
    _check_added(data, wish.change, f"{file}: `environments.{environment}.change.services")
    regional = {"region": wish.region} if wish.region else {}
    return _validated(changed({**data, **regional}, wish.change), node, f"{file} (in {environment})")


def _check_added(data: dict[str, Any], change: dict[str, Any], where: str) -> None:
    """A service that only a change names is a new one, and has all that a service needs; or a mistake."""
    there, wanted = data["services"], change.get("services")
    for name, said in wanted.items() if isinstance(wanted, dict) else ():
        if name not in there and isinstance(said, dict) and "path" not in said:
            close = difflib.get_close_matches(str(name), there, 1)
            hint = f"did you mean `{close[0]}`?" if close else f"bambe.yml has {', '.join(there)}."
            raise BadProject(f"{where}.{name}` changes a service that is not there: {hint}")


def _validated(data: dict[str, Any], node: Any, file: str) -> Project:
    try:
        return Project.model_validate(data)
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        first = next((one for one in mistakes if one["type"] == "extra_forbidden"), mistakes[0])
        where = tuple(part for part in first["loc"] if part != "[key]")
        raise BadProject(f"{file}:{_line(node, where)}: {_sentence(first, where)}") from None


def _check_doubles(node: Any, file: str, around: tuple[Any, ...] = ()) -> None:
    """A key given twice is a mistake that YAML itself forgives; so is a part that holds itself."""
    if any(node is one for one in around):
        raise BadProject(f"{file}:{node.start_mark.line + 1}: this part holds itself: write it out.")
    around = (*around, node)
    if isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            _check_doubles(inner, file, around)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, inner in node.value:
        if key.value in seen:
            raise BadProject(f"{file}:{key.start_mark.line + 1}: `{key.value}` is given twice.")
        seen.add(str(key.value))
        _check_doubles(inner, file, around)


def _sentence(error: Any, where: Location) -> str:
    name = ".".join(str(part) for part in where)
    kind = error["type"]
    if kind == "extra_forbidden":
        known = list(part_of_schema(where[:-1]).get("properties", ()))
        close = difflib.get_close_matches(str(where[-1]), known, 1)
        hint = f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(known)}."
        return f"`{name}` is not a key: {hint}"
    if kind == "literal_error":
        close = difflib.get_close_matches(str(error["input"]), re.findall(r"'(\w+)'", error["msg"]), 1)
        hint = f" Did you mean `{close[0]}`?" if close else ""
        return f"`{name}`: this should be {error['ctx']['expected']}.{hint}"
    if kind == "missing":
        return f"`{name}` is missing."
    said = str(error["msg"]).removeprefix("Value error, ").replace("Input should be", "this should be")
    if kind in ("string_pattern_mismatch", "string_too_long", "string_too_short"):
        is_name = "[key]" in error["loc"] or where == ("project",)
        said = NAME_SENTENCE if is_name else _not_like(error["input"], where)
    if kind in SHAPES:
        said = SHAPES[kind]
    return f"`{name}`: {said}." if name else f"{said}."


def _not_like(given: str, where: Location) -> str:
    """What a text of a form should be like."""
    like = next(iter(part_of_schema(where).get("examples", ())), "")
    return f"{given!r} is not written like {like!r}" if like else f"{given!r} is not written as it should be"


def _line(node: Any, where: Location) -> int:
    """The line of the deepest part of `where` that the file has, counted from 1."""
    line = 1
    for part in where:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = (node.value[part], node.value[part])
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def _check_folder(root: Path, name: str, service: Service) -> None:
    folder = root / service.path
    if not folder.is_dir():
        raise BadProject(f"services.{name}.path: there is no folder {service.path} beside bambe.yml.")
    for file in ("Dockerfile", "buildspec.yml"):
        if not (folder / file).is_file():
            raise BadProject(
                f"services.{name}: {service.path}/{file} is missing: write one, or correct `path`."
            )
    for shared in service.also:
        if not (root / shared).exists():
            raise BadProject(f"services.{name}.also: there is no {shared} beside bambe.yml.")
