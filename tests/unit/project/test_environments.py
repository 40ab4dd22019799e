"""What is otherwise in an environment than bambe.yml says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.project import BadProject, parse
from bambe.project.environments import changed

TEXT = """
project: shop
environments:
  prod:
    region: us-east-1
    change: {host: shop.example, services: {web: {tasks: 4, environment: {DEBUG: null, LEVEL: info}}}}
  twin: {change: {project: shop-two}}
  wrong: {change: {services: {web: {tasks: many}}}}
  nested: {change: {environments: {}}}
  typo: {change: {services: {wed: {tasks: 4}}}}
  more: {change: {services: {jobs: {path: jobs, port: 81, release: rolling}}}}
services:
  web: {path: web, port: 80, route: default, tasks: 2, environment: {DEBUG: "1", NAME: web}}
"""


def test_an_environment_lays_its_changes_over_the_file() -> None:
    here, there = parse(TEXT), parse(TEXT, environment="prod")
    assert (here.region, here.services["web"].tasks) == ("eu-central-1", 2)
    assert (there.region, there.host, there.services["web"].tasks) == ("us-east-1", "shop.example", 4)
    assert there.services["web"].environment == {"NAME": "web", "LEVEL": "info"}
    assert parse(TEXT, environment="twin").project == "shop-two"
    assert parse(TEXT, environment="aws") == here
    assert list(parse(TEXT, environment="more").services) == ["web", "jobs"]


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ("staging", "has no environment 'staging'; there is: aws, more, nested, prod, twin, typo, wrong"),
        ("wrong", r"\(in wrong\).*services\.web\.tasks"),
        ("typo", r"change\.services\.wed` changes a service that is not there: did you mean `web`\?"),
        ("nested", "cannot change environments"),
    ],
)
def test_what_cannot_be_gets_one_sentence(environment: str, says: str) -> None:
    with pytest.raises(BadProject, match=says):
        parse(TEXT, environment=environment)


TREES = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)
MAPPINGS = st.dictionaries(st.sampled_from("abc"), TREES, max_size=3)


@given(MAPPINGS, MAPPINGS)
def test_changing_twice_is_changing_once_and_what_is_not_named_stays(data: Any, change: Any) -> None:
    once = changed(data, change)
    assert changed(once, change) == once
    assert changed(data, {}) == data
    assert {key: once[key] for key in data if key not in change} == {
        key: value for key, value in data.items() if key not in change
    }
