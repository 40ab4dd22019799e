"""Metric math: expressions over metrics, read and calculated; pure.

    sum     = product (("+" | "-") product)*         compared = sum ((">" | ">=" | "<" | ...) sum)?
    product = signed (("*" | "/") signed)*           whole    = compared (("AND" | "OR") compared)*
    signed  = "-" signed | number | id | "(" whole ")" | "[" whole, ... "]" | FUNCTION "(" whole, ... ")"

A series is its values by the beginning of their windows; `grid` are all the windows that are asked for. What
is missing in one operand is missing in the result. Source: "Using math expressions with CloudWatch metrics".
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from bambe.kernel.errors import BambeError

Series = Mapping[int, float]
Value: TypeAlias = "float | Series | tuple[Value, ...]"
TOKEN = re.compile(
    r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_]\w*)|(>=|<=|==|!=|&&|\|\||[-+*/()\[\],<>]))"
)
FUNCTIONS = ("SUM", "AVG", "MIN", "MAX", "IF", "FILL", "METRICS")
OTHERS = re.compile(r"[A-Z][A-Z_0-9]+")
DEEPEST = 50

ARITHMETIC: Mapping[str, Callable[[float, float], float | None]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: left / right if right else None,
    ">": lambda left, right: float(left > right),
    ">=": lambda left, right: float(left >= right),
    "<": lambda left, right: float(left < right),
    "<=": lambda left, right: float(left <= right),
    "==": lambda left, right: float(left == right),
    "!=": lambda left, right: float(left != right),
    "AND": lambda left, right: float(bool(left) and bool(right)),
    "OR": lambda left, right: float(bool(left) or bool(right)),
}
COMPARISONS = (">", ">=", "<", "<=", "==", "!=")


class BadExpression(BambeError):
    """It cannot be read, or calculates with what it must not; the message says why."""


class UnknownFunction(BadExpression):
    """It uses a function of CloudWatch's that Bambe does not have."""


@dataclass(frozen=True, slots=True)
class Node:
    """One step: a number, an id, an operator, a function, or "[" for a list."""

    kind: str
    value: Any = None
    inner: tuple[Node, ...] = ()

    def ids(self) -> frozenset[str]:
        """The ids it names; "*" where METRICS() takes them all."""
        nodes = self.nodes()
        named = {str(one.value) for one in nodes if one.kind == "id"}
        return frozenset(named | {"*" for one in nodes if one.kind == "METRICS"})

    def steps(self) -> int:
        """How often something is calculated, at least once."""
        return max(1, sum(bool(one.inner) for one in self.nodes()))

    def nodes(self) -> list[Node]:
        """The parts it is made of, itself among them."""
        found = [self]
        for one in found:
            found += one.inner
        return found


def read(text: str) -> Node:
    """The expression; BadExpression."""
    reader = _Reader(_tokens(text))
    node = reader.whole(0)
    if reader.at != len(reader.tokens):
        raise BadExpression(f"unexpected '{reader.tokens[reader.at]}'")
    return node


def calculate(
    node: Node, values: Mapping[str, Value], grid: Sequence[int], metrics: Sequence[Series]
) -> Value:
    """Its value; `values` are those of the ids it names, `metrics` those that METRICS() stands for."""
    if node.kind == "number":
        return float(node.value)
    if node.kind == "id":
        if node.value not in values:
            raise BadExpression(f"'{node.value}' is not the id of a query")
        return values[node.value]
    if node.kind == "METRICS":
        return tuple(metrics)
    if node.kind in ARITHMETIC:
        return _chained(node, values, grid, metrics)
    inner = [calculate(one, values, grid, metrics) for one in node.inner]
    if node.kind == "[":
        return tuple(inner)
    if node.kind == "IF":
        return _chosen(inner, grid)
    return _filled(inner, grid) if node.kind == "FILL" else _reduced(node.kind, inner)


def _chained(
    node: Node, values: Mapping[str, Value], grid: Sequence[int], metrics: Sequence[Series]
) -> Value:
    """Operators one after the other, a + b - c: as many as there are, without calls within calls."""
    steps = []
    while node.kind in ARITHMETIC:
        steps.append(node)
        node = node.inner[0]
    value = calculate(node, values, grid, metrics)
    for step in reversed(steps):
        right = calculate(step.inner[1], values, grid, metrics)
        value = _combined(ARITHMETIC[step.kind], value, right)
    return value


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        hit = TOKEN.match(text, at)
        if hit is None:
            raise BadExpression(f"unexpected '{text[at:].strip()[:1]}'")
        found.append(hit[0].strip())
        at = hit.end()
    return found


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def _next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self, *wanted: str) -> str:
        found = self._next()
        if found in wanted and found:
            self.at += 1
            return found
        return ""

    def _expect(self, wanted: str) -> None:
        if not self._take(wanted):
            raise BadExpression(
                f"'{wanted}' expected" + (f" before '{self._next()}'" if self._next() else "")
            )

    def whole(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise BadExpression("it is nested too deeply")
        node = self._compared(depth)
        while found := self._take("AND", "OR", "&&", "||"):
            kind = {"&&": "AND", "||": "OR"}.get(found, found)
            node = Node(kind, inner=(node, self._compared(depth)))
        return node

    def _compared(self, depth: int) -> Node:
        node = self._sum(depth)
        if found := self._take(*COMPARISONS):
            node = Node(found, inner=(node, self._sum(depth)))
        return node

    def _sum(self, depth: int) -> Node:
        node = self._product(depth)
        while found := self._take("+", "-"):
            node = Node(found, inner=(node, self._product(depth)))
        return node

    def _product(self, depth: int) -> Node:
        node = self._signed(depth)
        while found := self._take("*", "/"):
            node = Node(found, inner=(node, self._signed(depth)))
        return node

    def _signed(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise BadExpression("it is nested too deeply")
        if self._take("-"):
            return Node("-", inner=(Node("number", 0), self._signed(depth + 1)))
        if self._take("("):
            node = self.whole(depth + 1)
            self._expect(")")
            return node
        if self._take("["):
            return Node("[", inner=self._list("]", depth))
        return self._leaf(depth)

    def _leaf(self, depth: int) -> Node:
        found = self._next()
        self.at += 1
        if found[:1].isdigit() or found[:1] == ".":
            return Node("number", float(found))
        if not found[:1].isalpha():
            raise BadExpression(f"unexpected '{found}'" if found else "something is missing at the end")
        if self._next() != "(" and not OTHERS.fullmatch(found):
            return Node("id", found)
        return self._call(found, depth)

    def _call(self, name: str, depth: int) -> Node:
        if name not in FUNCTIONS:
            raise UnknownFunction(f"Bambe does not have {name} of metric math")
        self._expect("(")
        inner = self._list(")", depth)
        counts = {"IF": (2, 3), "FILL": (2,), "METRICS": (0,)}.get(name, (1,))
        if len(inner) not in counts:
            raise BadExpression(f"{name} takes {' or '.join(map(str, counts))} parameters, not {len(inner)}")
        return Node(name, inner=inner)

    def _list(self, end: str, depth: int) -> tuple[Node, ...]:
        if self._take(end):
            return ()
        found = [self.whole(depth + 1)]
        while self._take(","):
            found.append(self.whole(depth + 1))
        self._expect(end)
        return tuple(found)


def _combined(how: Callable[[float, float], float | None], left: Value, right: Value) -> Value:
    if isinstance(left, tuple) or isinstance(right, tuple):
        lefts = left if isinstance(left, tuple) else (left,) * len(right)  # type: ignore[arg-type]
        rights = right if isinstance(right, tuple) else (right,) * len(lefts)
        if len(lefts) != len(rights):
            raise BadExpression("lists of different lengths cannot be combined")
        return tuple(_combined(how, one, other) for one, other in zip(lefts, rights, strict=True))
    if isinstance(left, float) and isinstance(right, float):
        result = how(left, right)
        if result is None:
            raise BadExpression("a number is divided by 0")
        return result
    made = {at: how(_at(left, at), _at(right, at)) for at in _moments(left, right)}
    return {at: value for at, value in made.items() if value is not None}


def _moments(*values: Value) -> list[int]:
    """The windows in which every series among them has a value."""
    series = [value for value in values if isinstance(value, Mapping)]
    shared = set(series[0]).intersection(*series[1:]) if series else set()
    return sorted(shared)


def _at(value: Value, at: int) -> float:
    if isinstance(value, tuple):
        raise BadExpression("a list stands where one series is needed")
    return value[at] if isinstance(value, Mapping) else value


def _chosen(inner: Sequence[Value], grid: Sequence[int]) -> Value:
    """IF(condition, then, otherwise); without `otherwise` there is no value."""
    condition, then = inner[0], inner[1]
    otherwise = inner[2] if len(inner) > 2 else None
    if isinstance(condition, float):
        chosen = then if condition else otherwise
        return {} if chosen is None else chosen
    if isinstance(condition, tuple):
        raise BadExpression("the condition of IF is a number or one series")
    made: dict[int, float] = {}
    for at, holds in condition.items():
        picked = then if holds else otherwise
        if isinstance(picked, float):
            made[at] = picked
        elif isinstance(picked, Mapping) and at in picked:
            made[at] = picked[at]
    return made


def _filled(inner: Sequence[Value], grid: Sequence[int]) -> Value:
    """FILL(series or list, number)."""
    filled, filler = inner
    if not isinstance(filler, float):
        raise BadExpression("Bambe's FILL takes a number")
    if isinstance(filled, tuple):
        return tuple(_filled((one, filler), grid) for one in filled)
    return filled if isinstance(filled, float) else {**dict.fromkeys(grid, filler), **filled}


REDUCTIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "SUM": lambda numbers: sum(numbers),
    "AVG": lambda numbers: sum(numbers) / len(numbers),
    "MIN": lambda numbers: min(numbers),
    "MAX": lambda numbers: max(numbers),
}


def _reduced(name: str, inner: Sequence[Value]) -> Value:
    """SUM and its like: of a list window by window, of what there is; of one series over its windows."""
    how = REDUCTIONS[name]
    (value,) = inner
    if isinstance(value, float):
        return value
    if not isinstance(value, tuple):
        return float(how(list(value.values()))) if value else {}
    plain = [one for one in value if isinstance(one, float)]
    series = [one for one in value if isinstance(one, Mapping)]
    if not series:
        return float(how(plain)) if plain else {}
    moments = sorted(set().union(*series))
    return {at: float(how([*(one[at] for one in series if at in one), *plain])) for at in moments}
