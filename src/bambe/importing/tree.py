"""What another tool's file says, with the place of every word: read, merged, walked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from bambe.kernel.errors import BambeError

Path = tuple[str | int, ...]
MOST = 200_000
"""Words of a file with its aliases written out; more is no configuration."""
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
INT = re.compile(r"[-+]?[0-9]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


class Unreadable(BambeError):
    """A source that cannot be imported; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Node:
    """A mapping, a list or one word of the source.

    `text` is the word as written, so that `1.10` and `on` stay what they are; `replaces` marks a part that
    takes the place of another in a merge (Compose's `!override`), or nothing's (`!reset`).
    """

    value: Any
    text: str = ""
    file: str = ""
    line: int = 0
    replaces: str = ""

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self.value, list)

    def get(self, key: str | int) -> Node | None:
        """What is below `key`."""
        if isinstance(self.value, dict):
            return self.value.get(str(key))
        if isinstance(self.value, list) and isinstance(key, int) and key < len(self.value):
            found: Node = self.value[key]
            return found
        return None


def read(text: str, file: str) -> Node:
    """The tree of a YAML file, by the rules of YAML 1.2 (what Go's tools read): `on` and `22:22` are text."""
    try:
        found = yaml.compose(text, Loader=LOADER)
        return Node({}, file=file, line=1) if found is None else _Reading(file).node(found)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Unreadable(f"{file}:{line}: this is no YAML: {error.problem}.") from None
    except (yaml.YAMLError, RecursionError) as error:
        said = str(error).partition("\n")[0]
        raise Unreadable(f"{file}: this is no YAML: {said}.") from None


class _Reading:
    """One file on its way from YAML to a tree."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.seen = 0

    def node(self, found: Any, line: int = 0) -> Node:
        self.seen += 1
        if self.seen > MOST:
            raise Unreadable(f"{self.file}: more than {MOST} words once its aliases are written out.")
        line = line or found.start_mark.line + 1
        tag = found.tag if found.tag in ("!reset", "!override") else ""
        if isinstance(found, yaml.MappingNode):
            value: Any = self._mapping(found)
        elif isinstance(found, yaml.SequenceNode):
            value = [self.node(one) for one in found.value]
        else:
            return Node(_word(found), found.value, self.file, line, tag)
        return Node(value, "", self.file, line, tag)

    def _mapping(self, found: Any) -> dict[str, Node]:
        own: dict[str, Node] = {}
        inherited: dict[str, Node] = {}
        for key, value in found.value:
            if key.value == "<<":
                parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for part in parts:
                    inherited = (self.node(part).value or {}) | inherited
                continue
            own[str(key.value)] = self.node(value, key.start_mark.line + 1)
        return inherited | own


def _word(found: Any) -> Any:
    text = found.value
    if found.style:
        return text
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    if INT.fullmatch(text):
        return int(text)
    return float(text) if FLOAT.fullmatch(text) else text


def from_data(data: Any, file: str) -> Node:
    """The tree of plain data, such as an API's answer."""
    if isinstance(data, Mapping):
        return Node({str(key): from_data(value, file) for key, value in data.items()}, "", file)
    if isinstance(data, Sequence) and not isinstance(data, str):
        return Node([from_data(value, file) for value in data], "", file)
    return Node(data, _text(data), file)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def plain(node: Node) -> Any:
    """The tree as data."""
    if isinstance(node.value, dict):
        return {key: plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [plain(value) for value in node.value]
    return node.value


def words(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Every word with its path; an empty mapping or list is none."""
    below: Iterator[tuple[str | int, Node]]
    if isinstance(node.value, dict):
        below = iter(node.value.items())
    elif isinstance(node.value, list):
        below = iter(enumerate(node.value))
    else:
        yield path, node
        return
    for key, value in below:
        yield from words(value, (*path, key))


def spelled(path: Path) -> str:
    """A path for a person: `services.api.ports[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


Lost = Callable[[Path, Node, Node], None]
Join = Callable[[Path, Node, Node], Node | None]


def merge(base: Node, over: Node, lost: Lost, join: Join = lambda *_: None, path: Path = ()) -> Node:
    """`over` laid on `base`: mappings key by key, all else replaced, which `lost` hears of.

    `join` may have another rule for a path: what it returns is taken.
    """
    if over.replaces or not (base.is_mapping and over.is_mapping):
        joined = None if over.replaces else join(path, base, over)
        if joined is None:
            lost(path, base, over)
            return replace(over, replaces="")
        return joined
    made = dict(base.value)
    for key, value in over.value.items():
        if key in made:
            made[key] = merge(made[key], value, lost, join, (*path, key))
        else:
            made[key] = value
        if value.replaces == "!reset":
            del made[key]
    return Node(made, "", base.file, base.line)
