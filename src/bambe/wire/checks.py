"""What a service's model forbids, found in AWS's own words.

A check is compiled once per shape and called with the value, where it stands (a chain of links that
is only spelled out when something is wrong) and the list of problems to add to.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from bambe.wire.description import Definition, Reference, Shapes
from bambe.wire.errors import SerializationException
from bambe.wire.shapes import inner

LONG = 10_000
Where = tuple[Any, str] | None
Check = Callable[[Any, Where, list[str]], None]

# Type names as AWS's JSON front end reports them, for "X can not be converted to a Y".
TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "string": (str, "a String"),
    "character": (str, "a String"),
    "integer": (int, "an Integer"),
    "long": (int, "a Long"),
    "float": ((int, float), "a Float"),
    "double": ((int, float), "a Double"),
    "boolean": (bool, "a Boolean"),
    "blob": ((bytes, str), "a Blob"),
    "timestamp": (datetime, "a Timestamp"),
    "structure": (Mapping, "a Structure"),
    "map": (Mapping, "a Map"),
    "list": ((list, tuple), "a List"),
}


class Checks:
    """Compiles checks for the shapes of one service."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._made: dict[str, Check] = {}

    def check(self, use: Reference) -> Check:
        """The check of one shape."""
        name = use.shape
        if name not in self._made:
            self._made[name] = lambda value, where, problems: made(value, where, problems)
            made = self._compile(self._shapes[name])
            self._made[name] = made
        return self._made[name]

    def _compile(self, shape: Definition) -> Check:
        if shape.document:
            return _anything
        if shape.type == "structure":
            return self._structure(shape)
        if shape.type == "list":
            return self._list(shape)
        if shape.type == "map":
            return self._map(shape)
        return _scalar(shape)

    def _structure(self, shape: Definition) -> Check:
        members = {name: self.check(use) for name, use in shape.members.items()}
        required = tuple(shape.required)
        union = shape.union

        def check(value: Any, where: Where, problems: list[str]) -> None:
            if not isinstance(value, dict) and not isinstance(value, Mapping):
                raise wrong_type(value, "a Structure")
            for name in required:
                if value.get(name) is None:
                    problems.append(missing((where, name)))
            for name, item in value.items():
                known = members.get(name)
                if known is None:
                    problems.append(unknown((where, name), members))
                elif item is not None:
                    known(item, (where, name), problems)
            if union and len(value) != 1:
                problems.append(f"Value at '{path(where)}' failed to satisfy constraint: {ONE_MEMBER}")

        return check

    def _list(self, shape: Definition) -> Check:
        each = self.check(inner(shape.member))
        least, most = shape.min, shape.max

        def check(value: Any, where: Where, problems: list[str]) -> None:
            if not isinstance(value, (list, tuple)):
                raise wrong_type(value, "a List")
            if least is not None or most is not None:
                _length(value, where, problems, least, most)
            for number, item in enumerate(value, 1):
                each(item, (where, f"{number}.member"), problems)

        return check

    def _map(self, shape: Definition) -> Check:
        each_key, each = self.check(inner(shape.key)), self.check(inner(shape.value))
        least, most = shape.min, shape.max

        def check(value: Any, where: Where, problems: list[str]) -> None:
            if not isinstance(value, Mapping):
                raise wrong_type(value, "a Map")
            if least is not None or most is not None:
                _length(value, where, problems, least, most)
            for key, item in value.items():
                each_key(key, (where, "key"), problems)
                each(item, (where, f"{key}.member"), problems)

        return check


ONE_MEMBER = "Member must have exactly one of its members set"


def path(where: Where) -> str:
    """Where a value stands, as AWS spells it: `tags.1.member.key`."""
    parts: list[str] = []
    while where is not None:
        where, name = where
        parts.append(name[0].lower() + name[1:])
    return ".".join(reversed(parts))


def missing(where: Where) -> str:
    """The problem of a required member that is not there."""
    return f"Value null at '{path(where)}' failed to satisfy constraint: Member must not be null"


def unknown(where: Where, known: Mapping[str, Any]) -> str:
    """The problem of a name that the model does not have (only code in this house can cause it)."""
    return f"Unknown parameter '{path(where)}', must be one of: {', '.join(known)}"


def wrong_type(value: Any, expected: str) -> SerializationException:
    """What the JSON front end says of a value of another type."""
    return SerializationException(f"{_json_kind(value)} can not be converted to {expected}")


def _json_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    if isinstance(value, (int, float)):
        return "NUMBER_VALUE"
    if isinstance(value, str):
        return "STRING_VALUE"
    if isinstance(value, (list, tuple)):
        return "START_ARRAY"
    return "START_OBJECT" if isinstance(value, Mapping) else "NULL_VALUE"


def _sentence(value: Any, where: Where, broken: str) -> str:
    return f"Value '{value}' at '{path(where)}' failed to satisfy constraint: Member must {broken}"


def _discreet(value: Any, where: Where, broken: str) -> str:
    """The sentence for what the model calls sensitive: AWS leaves the value out."""
    return f"Value at '{path(where)}' failed to satisfy constraint: Member must {broken}"


def _anything(value: Any, where: Where, problems: list[str]) -> None:
    pass


def _scalar(shape: Definition) -> Check:
    kind, spelled = TYPES.get(shape.type, (object, "a value"))
    numeric = shape.type in ("integer", "long", "float", "double")
    rules = _rules(shape)
    sentence = _discreet if shape.sensitive else _sentence

    def check(value: Any, where: Where, problems: list[str]) -> None:
        if not isinstance(value, kind) or (numeric and isinstance(value, bool)):
            raise wrong_type(value, spelled)
        for rule in rules:
            broken = rule(value)
            if broken:
                problems.append(sentence(value, where, broken))

    return check


def _rules(shape: Definition) -> tuple[Callable[[Any], str], ...]:
    rules: list[Callable[[Any], str]] = []
    numeric = shape.type in ("integer", "long", "float", "double")
    if shape.min is not None or shape.max is not None:
        rules.append((_range_rule if numeric else _length_rule)(shape.min, shape.max))
    if shape.enum:
        rules.append(_enum_rule(shape.enum))
    if shape.pattern and shape.type == "string":
        rules.append(_pattern_rule(shape.pattern, max(LONG, shape.max or 0)))
    return tuple(rules)


def _range_rule(least: float | None, most: float | None) -> Callable[[Any], str]:
    def rule(value: Any) -> str:
        if least is not None and value < least:
            return f"have value greater than or equal to {least:.0f}"
        if most is not None and value > most:
            return f"have value less than or equal to {most:.0f}"
        return ""

    return rule


def _length_rule(least: float | None, most: float | None) -> Callable[[Any], str]:
    def rule(value: Any) -> str:
        if least is not None and len(value) < least:
            return f"have length greater than or equal to {least:.0f}"
        if most is not None and len(value) > most:
            return f"have length less than or equal to {most:.0f}"
        return ""

    return rule


def _length(value: Any, where: Where, problems: list[str], least: float | None, most: float | None) -> None:
    broken = _length_rule(least, most)(value)
    if broken:
        shown = list(value) if isinstance(value, (list, tuple)) else dict(value)
        problems.append(_sentence(shown, where, broken))


def _enum_rule(values: list[str]) -> Callable[[Any], str]:
    allowed = frozenset(values)
    return lambda value: "" if value in allowed else f"satisfy enum value set: [{', '.join(values)}]"


def _pattern_rule(pattern: str, most: float) -> Callable[[Any], str]:
    """A text of more than `most` characters is not looked at: its length says enough."""

    def rule(value: Any) -> str:
        if len(value) > most:
            return ""
        matches = _matcher(pattern)
        if matches is None or matches(value):
            return ""
        return f"satisfy regular expression pattern: {pattern}"

    return rule


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> Callable[[str], Any] | None:
    """A matcher for a Java pattern; None for the few that no library here understands."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)  # Java's nested sets, which Python reads otherwise
        try:
            return re.compile(pattern).fullmatch
        except (re.error, FutureWarning):
            pass
    import re2  # only some models need Unicode classes, so most processes never load it

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options).fullmatch  # type: ignore[no-any-return]
    except re2.error:
        return None
