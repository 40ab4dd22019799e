"""The rule of a composite alarm, read and judged; pure.

    rule   = all ("OR" all)*      all = one ("AND" one)*
    one    = "NOT" one | "(" rule ")" | "TRUE" | "FALSE" | state "(" alarm ")"
    state  = "ALARM" | "OK" | "INSUFFICIENT_DATA"

An alarm is a name or an ARN, in double quotes or not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bambe.kernel.errors import BambeError

MOST_ELEMENTS = 500
MOST_CHILDREN = 100
DEEPEST = 100
CALL = re.compile(r'(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]*)"|\'([^\']*)\'|([^)"\']+?))\s*\)')
WORD = re.compile(r"(AND|OR|NOT|TRUE|FALSE)\b|[()]", re.IGNORECASE)


class BadRule(BambeError):
    """The rule cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One part of a rule. `word`: AND, OR, NOT, TRUE, FALSE, or the state that is asked of `alarm`."""

    word: str
    alarm: str = ""
    inner: tuple[Rule, ...] = ()

    def holds(self, states: Mapping[str, str]) -> bool:
        """Whether it is true where the alarms are in these states; one that does not exist is in none."""
        if self.word in ("TRUE", "FALSE"):
            return self.word == "TRUE"
        if self.word == "NOT":
            return not self.inner[0].holds(states)
        if self.word in ("AND", "OR"):
            return (all if self.word == "AND" else any)(one.holds(states) for one in self.inner)
        return states.get(self.alarm) == self.word

    def alarms(self) -> tuple[str, ...]:
        """The names of the alarms it asks, each once."""
        own = (self.alarm,) if self.alarm else ()
        return tuple(dict.fromkeys((*own, *(name for one in self.inner for name in one.alarms()))))


def read(text: str) -> Rule:
    """The rule; BadRule."""
    reader = _Reader(_tokens(text))
    rule = reader.rule(0)
    if reader.at != len(reader.tokens):
        raise BadRule("the rule goes on after its end")
    if len(rule.alarms()) > MOST_CHILDREN:
        raise BadRule(f"a rule names at most {MOST_CHILDREN} alarms")
    return rule


Token = tuple[str, str]


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    at = 0
    text = text.strip()
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        call, word = CALL.match(text, at), WORD.match(text, at)
        if call:
            named = next(group for group in call.groups()[1:] if group is not None)
            found.append((call[1], named.split(":alarm:", 1)[-1] if named.startswith("arn:") else named))
        elif word:
            found.append((word[0].upper(), ""))
        else:
            raise BadRule(f"unexpected '{text[at : at + 20]}'")
        at = (call or word).end()  # type: ignore[union-attr]
    if len(found) > MOST_ELEMENTS:
        raise BadRule(f"a rule has at most {MOST_ELEMENTS} elements")
    return found


class _Reader:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    def _take(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at][0] == word and not self.tokens[self.at][1]:
            self.at += 1
            return True
        return False

    def rule(self, depth: int) -> Rule:
        return self._joined("OR", depth)

    def _joined(self, word: str, depth: int) -> Rule:
        found = [self._joined("AND", depth) if word == "OR" else self._one(depth)]
        while self._take(word):
            found.append(self._joined("AND", depth) if word == "OR" else self._one(depth))
        return found[0] if len(found) == 1 else Rule(word, inner=tuple(found))

    def _one(self, depth: int) -> Rule:
        if depth > DEEPEST:
            raise BadRule("the rule is nested too deeply")
        if self._take("NOT"):
            return Rule("NOT", inner=(self._one(depth + 1),))
        if self._take("("):
            inner = self.rule(depth + 1)
            if not self._take(")"):
                raise BadRule("a parenthesis is not closed")
            return inner
        if self.at >= len(self.tokens):
            raise BadRule("the rule ends too early")
        word, alarm = self.tokens[self.at]
        self.at += 1
        if word in ("TRUE", "FALSE") or alarm:
            return Rule(word, alarm)
        raise BadRule(f"unexpected {word}")
