"""Filter patterns of unstructured events: `error`, `"two words"`, `?this ?that`, `-not`.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bambe.services.logs.errors import InvalidParameterException

Matches = Callable[[str], bool]
TERM = re.compile(r'\s*(?P<sign>[?-]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|%(?P<regex>[^%]*)%|(?P<word>[^\s"]+))')


def parse(pattern: str) -> Matches:
    """What says whether a message matches; InvalidParameterException for what it cannot read."""
    text = pattern.strip()
    if text.startswith(("{", "[")):
        kind = "JSON" if text.startswith("{") else "space-delimited"
        raise InvalidParameterException(
            f"Invalid filter pattern: {kind} patterns are not supported here; use terms."
        )
    wanted: list[Matches] = []
    either: list[Matches] = []
    unwanted: list[Matches] = []
    lists = {"": wanted, "?": either, "-": unwanted}
    for sign, term in _terms(text):
        lists[sign].append(term)

    def matches(message: str) -> bool:
        # With a plain term beside them, AWS ignores the ?terms.
        return (
            all(term(message) for term in wanted)
            and not any(term(message) for term in unwanted)
            and (bool(wanted) or not either or any(term(message) for term in either))
        )

    return matches


def _terms(text: str) -> list[tuple[str, Matches]]:
    found, at = [], 0
    while at < len(text):
        term = TERM.match(text, at)
        if term is None:
            raise InvalidParameterException("Invalid filter pattern")
        if term["regex"] is not None:
            raise InvalidParameterException(
                "Invalid filter pattern: regular expressions are not supported here."
            )
        phrase = term["phrase"]
        word = re.sub(r"\\(.)", r"\1", phrase) if phrase is not None else term["word"]
        found.append((term["sign"], _contains(word)))
        at = term.end()
        while at < len(text) and text[at].isspace():
            at += 1
    return found


def _contains(word: str) -> Matches:
    return lambda message: word in message
