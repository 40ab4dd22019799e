"""What a push builds, and the one line that says why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.services.codebuild.filters import Push, compile_pattern, judge


def push(*files: str, ref: str = "refs/heads/main", message: str = "Change orders") -> Push:
    return Push("shop", ref, "old", "new", message, "000000000000", files)


def folder(path: str, *more: dict[str, Any], events: str = "PUSH") -> dict[str, Any]:
    group = [{"type": "EVENT", "pattern": events}, {"type": "FILE_PATH", "pattern": f"^{path}/"}, *more]
    return {"filterGroups": [group]}


def test_the_service_whose_folder_changed_builds() -> None:
    change = push("services/orders/app.py")
    built = judge("orders", folder("services/orders"), change)
    assert built.build
    assert built.reason == "orders: builds, services/orders/app.py matches ^services/orders/"
    left = judge("inventory", folder("services/inventory"), change)
    assert not left.build
    assert left.reason == "inventory: no build, none of 1 changed file matches ^services/inventory/"


@pytest.mark.parametrize(
    ("item", "builds"),
    [
        ({"type": "HEAD_REF", "pattern": "^refs/heads/main$"}, True),
        ({"type": "HEAD_REF", "pattern": "^refs/heads/main$", "excludeMatchedPattern": True}, False),
        ({"type": "HEAD_REF", "pattern": "release"}, False),
        ({"type": "COMMIT_MESSAGE", "pattern": r"\[skip ci\]", "excludeMatchedPattern": True}, True),
        ({"type": "ACTOR_ACCOUNT_ID", "pattern": "^0+$"}, True),
        ({"type": "REPOSITORY_NAME", "pattern": "^shop$"}, True),
        ({"type": "FILE_PATH", "pattern": "app", "excludeMatchedPattern": True}, False),
        ({"type": "FILE_PATH", "pattern": "test", "excludeMatchedPattern": True}, True),
        ({"type": "BASE_REF", "pattern": "main"}, False),
        ({"type": "TAG_NAME", "pattern": ".*"}, False),
    ],
)
def test_every_filter(item: dict[str, Any], builds: bool) -> None:
    verdict = judge("orders", folder("services/orders", item), push("services/orders/app.py"))
    assert verdict.build is builds, verdict.reason
    assert "\n" not in verdict.reason


def test_only_pull_requests() -> None:
    verdict = judge("orders", folder("x", events="PULL_REQUEST_CREATED"), push("x/y"))
    assert verdict.reason == "orders: no build, a push is not one of PULL_REQUEST_CREATED"


def test_groups_are_alternatives() -> None:
    both = {"filterGroups": [*folder("a")["filterGroups"], *folder("b")["filterGroups"]]}
    assert judge("x", both, push("b/c")).build
    assert judge("x", both, push("c")).reason.count("none of 1 changed file") == 2


def test_without_groups_every_push_builds() -> None:
    assert judge("x", {}, push("a")).build
    assert not judge("x", {"branchFilter": "^release"}, push("a")).build


def test_says_where_aws_would_differ() -> None:
    many = [f"docs/{n}" for n in range(100)]
    built = judge("orders", folder("services/orders"), push(*many, "services/orders/app.py"))
    assert built.build
    assert "AWS looks at the first 100 of 101 changed files only and would not build" in built.reason
    same = judge("orders", folder("docs"), push(*many, "services/orders/app.py"))
    assert "AWS" not in same.reason


def test_patterns_are_re2() -> None:
    with pytest.raises(ValueError, match="invalid perl operator"):
        compile_pattern("(?=x)")


@given(st.lists(st.text(min_size=1), max_size=150), st.sampled_from(["a", "^b", "c$", "."]), st.booleans())
def test_always_one_line_and_exclusion_is_the_opposite(
    files: list[str], pattern: str, excludes: bool
) -> None:
    def verdict(flag: bool) -> bool:
        item = {"type": "FILE_PATH", "pattern": pattern, "excludeMatchedPattern": flag}
        webhook = {"filterGroups": [[{"type": "EVENT", "pattern": "PUSH"}, item]]}
        found = judge("p", webhook, push(*files))
        assert found.reason.startswith("p: builds" if found.build else "p: no build")
        assert len(found.reason.splitlines()) == 1
        return found.build

    assert verdict(excludes) is not verdict(not excludes)
