"""The account of an import: what became of every word of the source.

A reader walks the source through `Part`s. It takes a word, which carries it into bambe.yml, or leaves it with
a reason; what it does neither with is found at the end and named too. So nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from bambe.importing.tree import Node, Path, plain, spelled, words

Kind = Literal["left", "changed", "guessed", "missing", "review"]
NO_COUNTERPART = "has no counterpart in bambe.yml"


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the list.

    left: not carried; changed: carried in another form; guessed: the source does not say it; missing: a file
    that bambe.yml needs; review: carried, but worth a look. `file`, `line` and `key` are its place.
    """

    kind: Kind
    file: str
    line: int
    key: str
    says: str
    advice: str = ""
    service: str = ""

    @property
    def place(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where} {self.key}".strip()

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"place": self.place}


@dataclass(slots=True)
class Account:
    """Notes so far, and which words are accounted for."""

    notes: list[Note] = field(default_factory=list)
    done: set[tuple[str, Path]] = field(default_factory=set)
    entered: set[tuple[str, Path]] = field(default_factory=set)
    roots: list[Part] = field(default_factory=list)

    def open(self, name: str, node: Node, service: str = "") -> Part:
        """The root of a source; `name` is unique to it."""
        made = Part(node, (), name, self, service)
        self.roots.append(made)
        return made

    def add(self, note: Note) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def close(self) -> tuple[Note, ...]:
        """All notes; what nobody took or left is left by now, by its highest part of which all is left."""
        for root in self.roots:
            for path in list(_untouched(root.node, (), root.root, self)) if root.node else ():
                root.at(*path).leave(NO_COUNTERPART)
        return tuple(self.notes)


def _untouched(node: Node, path: Path, name: str, account: Account) -> Iterator[Path]:
    below = [(name, inner) for inner, _ in words(node, path)]
    open_ones = [one for one in below if one not in account.done]
    if not open_ones:
        return
    if path and (name, path) not in account.entered and len(open_ones) == len(below):
        yield path
        return
    items = node.value.items() if node.is_mapping else enumerate(node.value) if node.is_list else ()
    for key, value in items:
        yield from _untouched(value, (*path, key), name, account)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the source, which may not be there: then it is false, and all that it does is nothing."""

    node: Node | None
    path: Path
    root: str
    account: Account
    service: str = ""

    def __bool__(self) -> bool:
        return self.node is not None

    def at(self, *keys: str | int) -> Part:
        """The part below."""
        node, path = self.node, self.path
        for key in keys:
            node, path = (node.get(key) if node else None), (*path, key)
        return Part(node, path, self.root, self.account, self.service)

    def of(self, service: str) -> Part:
        """The same as a part that is carried, whatever becomes of its words; its notes are of `service`."""
        self.account.entered |= {(self.root, self.path[:depth]) for depth in range(len(self.path) + 1)}
        return Part(self.node, self.path, self.root, self.account, service)

    def items(self) -> list[tuple[str, Part]]:
        """The parts of a mapping."""
        return [(key, self.at(key)) for key in self.node.value] if self.node and self.node.is_mapping else []

    def each(self) -> list[Part]:
        """The parts of a list; of anything else that is there, itself."""
        if self.node is None:
            return []
        return [self.at(number) for number in range(len(self.node.value))] if self.node.is_list else [self]

    @property
    def is_mapping(self) -> bool:
        return bool(self.node and self.node.is_mapping)

    @property
    def is_list(self) -> bool:
        return bool(self.node and self.node.is_list)

    @property
    def value(self) -> Any:
        """What is there as data, which takes nothing."""
        return plain(self.node) if self.node else None

    @property
    def text(self) -> str:
        """A word as it is written, which takes nothing; "" for anything else."""
        return self.node.text if self.node else ""

    def take(self) -> Any:
        """What is there as data: it is in bambe.yml from now on."""
        self._mark()
        return self.value

    def take_text(self) -> str:
        """A word as it is written: it is in bambe.yml from now on."""
        self._mark()
        return self.text

    def take_if(self, *implied: Any) -> bool:
        """Take it where bambe.yml means the same without saying so."""
        if self.node is not None and self.value in implied:
            self._mark()
            return True
        return False

    def leave(self, says: str = NO_COUNTERPART, advice: str = "") -> None:
        """It is not carried."""
        if self._mark():
            self.note("left", says, advice)

    def change(self, says: str, advice: str = "") -> None:
        """It is carried in another form."""
        self._mark()
        self.note("changed", says, advice)

    def review(self, says: str, advice: str = "") -> None:
        """It is worth a look; whether it is carried is another matter."""
        self.note("review", says, advice)

    def guess(self, says: str, advice: str = "") -> None:
        """Something that the source does not say, at the part where it would be."""
        self.note("guessed", says, advice)

    def _file(self) -> str:
        """The file of the whole, for a part that is not there."""
        roots = (one for one in self.account.roots if one.root == self.root)
        return next((one.node.file for one in roots if one.node), self.root)

    def _mark(self) -> bool:
        """Whether anything below was open, or nothing is below but the name."""
        if self.node is None:
            return False
        below = {(self.root, path) for path, _ in words(self.node, self.path)}
        news = not below or not below <= self.account.done
        self.account.done |= below
        return news

    def note(self, kind: Kind, says: str, advice: str = "") -> None:
        """A line on it, which accounts for nothing."""
        file, line = (self.node.file, self.node.line) if self.node else (self._file(), 0)
        note = Note(kind, file, line, spelled(self.path), says, advice, self.service)
        self.account.add(note)
