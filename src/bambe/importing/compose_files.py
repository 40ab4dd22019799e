"""Compose files as one tree, by the Compose specification: variables, merged files, extended services."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from bambe.importing.account import Account, Note
from bambe.importing.draft import Files
from bambe.importing.tree import Node, Path, Unreadable, merge, read, spelled, words
from bambe.importing.words import variables_of

DEFAULTS = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
REPLACED = ("command", "entrypoint", "test")
"""Lists that another file replaces; all others it lengthens (Compose: merge)."""
VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)"
    r"(?:(?P<how>:?[-?+])(?P<rest>(?:[^{}$]|\$\{[^{}]*\}|\$)*))?\})"
)
DEEPEST = 20


@dataclass(slots=True)
class Reading:
    """Compose files on their way to one tree; `values` are those of `.env`."""

    files: Files
    account: Account
    values: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def all(self, names: list[str]) -> Node:
        """The tree of all `names`, later ones laid on earlier ones."""
        made = self.one(names[0])
        for name in names[1:]:
            made = merge(made, self.one(name), self._lost("another file says otherwise"), join)
        return made

    def one(self, name: str) -> Node:
        """The tree of one file, with its variables filled in."""
        text = self.files.read(name)
        if text is None:
            raise Unreadable(f"there is no {name}.")
        return self._filled_in(read(text, name))

    def extended(self, services: Mapping[str, Node], name: str, seen: tuple[str, ...] = ()) -> Node:
        """The service `name` with what it extends."""
        own = services[name]
        wish = own.get("extends")
        if wish is None:
            return own
        file = _word(wish.get("file"))
        other = _word(wish.get("service")) if wish.is_mapping else _word(wish)
        key = f"{file} {other}"
        if key in seen or len(seen) > DEEPEST:
            raise Unreadable(f"{own.file}:{wish.line}: services.{name} extends itself.")
        beside = services
        if file:
            found = self.one(posixpath.normpath(posixpath.join(posixpath.dirname(own.file), file)))
            inner = found.get("services")
            beside = inner.value if inner and inner.is_mapping else {}
        if other not in beside:
            raise Unreadable(
                f"{own.file}:{wish.line}: services.{name} extends {other!r}, which is not there."
            )
        base = self.extended(beside, other, (*seen, key))
        rest = replace(own, value={inner: part for inner, part in own.value.items() if inner != "extends"})
        lost = self._lost(f"{name} says otherwise")
        return merge(base, rest, lost, join, ("services", other))

    def _lost(self, says: str) -> Callable[[Path, Node, Node], None]:
        def lost(path: Path, base: Node, over: Node) -> None:
            for inner, word in words(base, path):
                says_where = f"{says} ({over.file}:{over.line})"
                self.account.add(Note("left", word.file, word.line, spelled(inner), says_where))

        return lost

    def _filled_in(self, node: Node) -> Node:
        if isinstance(node.value, dict):
            return replace(node, value={key: self._filled_in(one) for key, one in node.value.items()})
        if isinstance(node.value, list):
            return replace(node, value=[self._filled_in(one) for one in node.value])
        if "$" not in node.text:
            return node
        text = self._text(node.text, node)
        return replace(node, value=int(text) if re.fullmatch(r"\d+", text) else text, text=text)

    def _text(self, text: str, node: Node, depth: int = 0) -> str:
        def value(hit: re.Match[str]) -> str:
            if hit["escaped"]:
                return "$"
            name, how, rest = hit["name"] or hit["braced"], hit["how"] or "", hit["rest"] or ""
            found = self.values.get(name, (0, ""))[1] if name in self.values else None
            self.used.add(name)
            is_there = bool(found) if how.startswith(":") else found is not None
            if how.endswith("+"):
                return self._text(rest, node, depth + 1) if is_there and depth < DEEPEST else ""
            if is_there:
                return found or ""
            if how.endswith("-") and depth < DEEPEST:
                return self._text(rest, node, depth + 1)
            says = f"the variable {name} has no value in .env: it is empty"
            self.account.add(Note("guessed", node.file, node.line, "", says, "write its value in bambe.yml"))
            return ""

        return VARIABLE.sub(value, text)


def reading(files: Files, account: Account) -> Reading:
    """A reading with the variables of `.env`; the shell's are left out, so that all get the same."""
    return Reading(files, account, variables_of(files.read(".env") or ""))


def join(path: Path, base: Node, over: Node) -> Node | None:
    """Lists are lengthened; variables as a list and as a mapping are one mapping."""
    last = path[-1] if path else ""
    if last in REPLACED:
        return None
    if last in ("environment", "labels", "args") and {base.is_mapping, over.is_mapping} == {True, False}:
        return merge(_as_mapping(base), _as_mapping(over), lambda *_: None)
    if last == "environment" and base.is_list and over.is_list:
        named = {_name(one): one for one in (*base.value, *over.value)}
        return replace(base, value=list(named.values()))
    if base.is_list and over.is_list:
        return replace(base, value=[*base.value, *over.value])
    return None


def _as_mapping(node: Node) -> Node:
    if not node.is_list:
        return node
    pairs = {}
    for one in node.value:
        name, equals, value = one.text.partition("=")
        pairs[name] = replace(one, value=value if equals else None, text=value)
    return replace(node, value=pairs)


def _name(node: Node) -> str:
    return node.text.partition("=")[0]


def _word(node: Node | None) -> str:
    return node.text if node else ""
