"""From the file to a checked project; every mistake is one sentence with its line."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from bambe.kernel.errors import BambeError
from bambe.project.alarms import Alarm
from bambe.project.environments import AWS, HERE, Environment, changed
from bambe.project.events import Events, Topic
from bambe.project.existing import Existing
from bambe.project.model import Health, Project, Service
from bambe.project.network import Network
from bambe.project.release import Release
from bambe.project.scaling import Scaling
from bambe.project.source import Source

EXAMPLE = Path(__file__).parent / "example.yml"
"""A bambe.yml with every key, annotated."""
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""LibYAML's where PyYAML was built with it: several times as fast."""
NAME_SENTENCE = "takes lower-case letters, digits and single dashes, 2 to 20 of them, beginning with a letter"
PARTS: dict[str, type[BaseModel]] = {"existing": Existing, "network": Network, "source": Source}
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
    regional = {"region": wish.region} if wish.region else {}
    return _validated(changed({**data, **regional}, wish.change), node, f"{file} (in {environment})")


def _validated(data: dict[str, Any], node: Any, file: str) -> Project:
    try:
        return Project.model_validate(data)
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        first = next((one for one in mistakes if one["type"] == "extra_forbidden"), mistakes[0])
        where = tuple(part for part in first["loc"] if part != "[key]")
        raise BadProject(f"{file}:{_line(node, where)}: {_sentence(first, where)}") from None


def _check_doubles(node: Any, file: str) -> None:
    """A key given twice is a mistake that YAML itself forgives."""
    if isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            _check_doubles(inner, file)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, inner in node.value:
        if key.value in seen:
            raise BadProject(f"{file}:{key.start_mark.line + 1}: `{key.value}` is given twice.")
        seen.add(str(key.value))
        _check_doubles(inner, file)


def _sentence(error: Any, where: Location) -> str:
    name = ".".join(str(part) for part in where)
    kind = error["type"]
    if kind == "extra_forbidden":
        known = _known_keys(where[:-1])
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
        said = NAME_SENTENCE if is_name else f"{error['input']!r} is not written as it should be"
    if kind in SHAPES:
        said = SHAPES[kind]
    return f"`{name}`: {said}." if name else f"{said}."


def _known_keys(where: Location) -> list[str]:
    model: type[BaseModel] = Project
    if len(where) >= 2 and where[0] == "services":
        model = Service
    if where and where[-1] == "release":
        model = Release
    if where and where[-1] == "health":
        model = Health
    if "alarms" in where:
        model = Alarm
    if len(where) == 2 and where[0] == "environments":
        model = Environment
    if where and where[-1] == "scaling":
        model = Scaling
    if where[:1] == ("events",):
        model = Topic if "topics" in where else Events
    if len(where) == 1 and where[0] in PARTS:
        model = PARTS[str(where[0])]
    return list(model.model_fields)


def _line(node: Any, where: Location) -> int:
    """The line of the deepest part of `where` that the file has, counted from 1."""
    line = 1
    for part in where:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
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
