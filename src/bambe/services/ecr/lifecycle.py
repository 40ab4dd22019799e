"""Lifecycle policies: what they say, and which images expire under them; pure.

Rules identify images by themselves and take effect by priority: an image expires by at most one rule, and
one whose tags a rule of higher priority names is left to that rule ("Lifecycle policy evaluation").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bambe.services.ecr.model import Image

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
TAGGED, UNTAGGED, ANY = "tagged", "untagged", "any"
BY_COUNT, BY_AGE = "imageCountMoreThan", "sinceImagePushed"


class BadPolicy(Exception):
    """The text is no lifecycle policy; the message says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`number` are images (BY_COUNT) or days (BY_AGE). `patterns`: tags an image has all of, with `*`."""

    priority: int
    status: str
    patterns: tuple[str, ...]
    count_type: str
    number: int

    def names(self, image: Image) -> bool:
        """Whether the rule is about this image."""
        if self.status == ANY:
            return True
        if self.status == UNTAGGED:
            return not image.tags
        return bool(image.tags) and all(
            any(_fits(pattern, tag) for tag in image.tags) for pattern in self.patterns
        )

    def identifies(self, images: Sequence[Image], now: datetime) -> list[Image]:
        """Those of `images` it would expire if it were alone."""
        mine = sorted((one for one in images if self.names(one)), key=lambda one: one.pushed_at, reverse=True)
        if self.count_type == BY_COUNT:
            return mine[self.number :]
        return [one for one in mine if now - one.pushed_at > timedelta(days=self.number)]


@dataclass(frozen=True, slots=True)
class Expiry:
    """`image` expires by the rule of that priority."""

    image: Image
    priority: int


def expiries(rules: Sequence[Rule], images: Sequence[Image], now: datetime) -> list[Expiry]:
    """The images that expire now, oldest first."""
    found: list[Expiry] = []
    ordered = sorted(rules, key=lambda rule: rule.priority)
    for place, rule in enumerate(ordered):
        for image in rule.identifies(images, now):
            if not any(before.names(image) for before in ordered[:place]):
                found.append(Expiry(image, rule.priority))
    return sorted(found, key=lambda one: (one.image.pushed_at, one.image.digest))


def parts(images: Sequence[Image]) -> frozenset[str]:
    """Digests of manifests that others name (the platforms of an index): they go with those."""
    return frozenset(digest for image in images for digest in _named_in(image))


def indexes_of(image: Image, images: Sequence[Image]) -> list[str]:
    """Digests of the indexes among `images` that name `image`."""
    return sorted(one.digest for one in images if image.digest in _named_in(one))


def _named_in(image: Image) -> set[str]:
    return set(DIGEST.findall(image.manifest)) - {image.digest}


def read(text: str) -> tuple[Rule, ...]:
    """The rules of a policy; BadPolicy for what ECR would refuse."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise BadPolicy("the text is not valid JSON") from None
    rules = said.get("rules") if isinstance(said, dict) else None
    if not isinstance(rules, list) or not rules:
        raise BadPolicy("the policy needs at least one rule in 'rules'")
    made = tuple(_rule(one) for one in rules)
    priorities = [rule.priority for rule in made]
    if len(set(priorities)) < len(priorities):
        raise BadPolicy("each rule needs a 'rulePriority' of its own")
    any_ones = [rule for rule in made if rule.status == ANY]
    if len(any_ones) > 1 or (any_ones and any_ones[0].priority < max(priorities)):
        raise BadPolicy("only one rule may have the tagStatus 'any', and it needs the highest rulePriority")
    return made


def _rule(said: Any) -> Rule:
    if not isinstance(said, dict):
        raise BadPolicy("a rule is an object")
    chosen, action = _object(said, "selection"), _object(said, "action")
    if action.get("type") != "expire":
        raise BadPolicy("the action's type is 'expire'")
    priority, status = _number(said, "rulePriority"), chosen.get("tagStatus")
    if status not in (TAGGED, UNTAGGED, ANY):
        raise BadPolicy("'tagStatus' is one of tagged, untagged, any")
    kind = chosen.get("countType")
    if kind not in (BY_COUNT, BY_AGE):
        raise BadPolicy(f"'countType' is one of {BY_COUNT}, {BY_AGE}")
    if (kind == BY_AGE) != (chosen.get("countUnit") == "days"):
        raise BadPolicy(f"'countUnit' is 'days' with {BY_AGE}, and is left out otherwise")
    return Rule(priority, status, tuple(_patterns(chosen, status)), kind, _number(chosen, "countNumber"))


def _patterns(chosen: Mapping[str, Any], status: str) -> Iterator[str]:
    lists = [name for name in ("tagPrefixList", "tagPatternList") if chosen.get(name)]
    if (status == TAGGED) != (len(lists) == 1):
        raise BadPolicy(
            "a 'tagged' rule has either 'tagPrefixList' or 'tagPatternList', and no other rule has one"
        )
    for name in lists:
        for pattern in chosen[name]:
            if not isinstance(pattern, str) or not pattern or pattern.count("*") > 4:
                raise BadPolicy(f"'{name}' has texts with at most four '*'")
            yield pattern if name == "tagPatternList" else f"{pattern}*"


def _object(said: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    found = said.get(member)
    if not isinstance(found, dict):
        raise BadPolicy(f"a rule needs '{member}'")
    return found


def _number(said: Mapping[str, Any], member: str) -> int:
    found = said.get(member)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise BadPolicy(f"'{member}' is a whole number of at least 1")
    return found


def _fits(pattern: str, tag: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), tag) is not None
