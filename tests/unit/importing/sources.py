"""Sources made of a grammar: every path a source may have, with values that it may have there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml
from hypothesis import strategies as st

from bambe.importing import Imported

Grammar = Mapping[str, list[Any]]
Paths = dict[str, Any]
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Memory(dict[str, str]):
    """Files by path."""

    def read(self, path: str) -> str | None:
        return self.get(path)

    def below(self, folder: str) -> list[str]:
        return sorted(path for path in self if path.startswith(f"{folder}/"))


def keys(path: str) -> list[str | int]:
    """`a.b[0]` as a, b, 0."""
    return [int(part[1:-1]) if part[0] == "[" else part for part in re.findall(r"\[\d+\]|[^.\[]+", path)]


def document(paths: Paths) -> dict[str, Any]:
    """The data that has these values at these paths; lists have one entry."""
    made: dict[str, Any] = {}
    for path, value in paths.items():
        inner: Any = made
        *before, last = keys(path)
        for key, following in zip(before, [*before, last][1:], strict=True):
            empty: Any = [] if isinstance(following, int) else {}
            if isinstance(inner, list):
                inner.extend([empty] if not inner else [])
                inner = inner[0]
            else:
                inner = inner.setdefault(key, empty)
        if isinstance(inner, list):
            inner.append(value)
        else:
            inner[last] = value
    return made


def covers(key: str, path: str) -> bool:
    """Whether a line on `key` is one on `path`: it is the same, or above it."""
    return path == key or path.startswith((f"{key}.", f"{key}["))


def _collide(one: str, other: str) -> bool:
    """Whether one is below the other, or is in a list where the other is in a mapping."""
    if covers(one, other) or covers(other, one):
        return True
    for mine, theirs in zip(keys(one), keys(other), strict=False):
        if type(mine) is not type(theirs):
            return True
        if mine != theirs:
            return False
    return False


def dumped(data: Any) -> str:
    return str(yaml.dump(data, Dumper=DUMPER, sort_keys=False))


def outcome(imported: Imported) -> str:
    """All that came of an import, to be compared."""
    notes = sorted(repr(note) for note in imported.notes)
    return repr((imported.data, sorted(imported.builds.items()), notes))


@st.composite
def some_of(draw: st.DrawFn, grammar: Grammar) -> Paths:
    """Values at some of the grammar's paths, of which none is below another."""
    chosen: Paths = {}
    for path in draw(st.lists(st.sampled_from(sorted(grammar)), unique=True, max_size=14)):
        if not any(_collide(path, other) for other in chosen):
            chosen[path] = draw(st.sampled_from(grammar[path]))
    return {path: chosen[path] for path in grammar if path in chosen}


UNKNOWN = st.dictionaries(
    st.sampled_from(["odd", "strange", "deep.odd", "new[0].odd"]).map(lambda name: f"zz_{name}"),
    st.sampled_from([1, "x", True, None, 1.5]),
    max_size=2,
)


def unaccounted(before: str, named: list[str], paths: Paths, grammar: Grammar, again: Any) -> list[str]:
    """Paths that are not named and of which no other value would make a difference."""
    found = []
    for path, value in paths.items():
        if any(covers(key, path) for key in named):
            continue
        others = [other for other in grammar.get(path, []) if other != value]
        if not others or all(again(paths | {path: other}) == before for other in others):
            found.append(path)
    return found
