"""The documents Envoy reads: that they refer only to one another, and change only where they must."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bambe.engines.proxy.failures import FAILED
from bambe.engines.proxy.files import Files
from bambe.engines.proxy.naming import EMPTY
from bambe.engines.proxy.port import (
    Certificate,
    Check,
    Condition,
    FixedResponse,
    Forward,
    Listener,
    LoadBalancer,
    Redirect,
    Rule,
    Target,
    TargetGroup,
    World,
)
from bambe.engines.proxy.render import CLUSTERS, LISTENERS, Documents, render, text
from bambe.kernel.errors import Refused

ROOT = Path("/state/envoy")
IDS = ["a", "b", "c"]

targets = st.builds(
    Target, st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3"]), st.integers(1, 3), st.booleans()
)
checks = st.none() | st.builds(
    Check, st.sampled_from(["HTTP", "HTTPS", "TCP"]), interval=st.floats(0.1, 300), port=st.integers(0, 9)
)
groups = st.lists(st.sampled_from(IDS), unique=True).flatmap(
    lambda ids: st.tuples(
        *(
            st.builds(
                TargetGroup,
                st.just(id),
                st.just(id),
                st.sampled_from(["HTTP", "HTTPS"]),
                st.lists(targets, max_size=4).map(tuple),
                checks,
                st.sampled_from(["round_robin", "least_outstanding_requests", "weighted_random"]),
                st.sampled_from([0, 60]),
            )
            for id in ids
        )
    )
)


def forwards(ids: list[str]) -> st.SearchStrategy[Any]:
    if not ids:
        return st.just(FixedResponse(404))
    weights = st.dictionaries(st.sampled_from(ids), st.integers(0, 999), min_size=1)
    return st.builds(Forward, weights, st.sampled_from([0, 60]))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    some = draw(groups)
    actions = forwards([group.id for group in some]) | st.just(Redirect(301, "HTTPS"))
    rules = st.builds(
        Rule, st.just("r"), st.just(()) | st.just((Condition("path-pattern", ("/a*",)),)), actions
    )
    listeners = tuple(
        Listener(
            str(port), port, protocol, tuple(draw(st.lists(rules, min_size=1, max_size=3))), certificates
        )
        for port, protocol, certificates in (
            (80, "HTTP", ()),
            (443, "HTTPS", (Certificate("x", "chain", "key"),)),
        )
    )
    addresses = tuple(draw(st.lists(st.sampled_from(["127.0.1.1", "10.0.9.9"]), unique=True)))
    return World((LoadBalancer("lb", "lb", addresses, listeners),), some)


def names_in(value: Any, key: str) -> set[str]:
    """Every text found under `key`, at any depth."""
    if isinstance(value, dict):
        own = {value[key]} if isinstance(value.get(key), str) else set()
        return own.union(*(names_in(inner, key) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(names_in(inner, key) for inner in value))
    return set()


def check_whole(documents: Documents) -> None:
    """Every file referred to is there, and every cluster routes send to."""
    files = names_in(list(documents.values()), "path")
    assert {f for f in files if f.startswith(str(ROOT))} <= {f"{ROOT}/{path}" for path in documents}
    clusters = {cluster["name"] for cluster in documents[CLUSTERS]}
    for path, resources in documents.items():
        if path.startswith("routes/"):
            assert names_in([r["virtual_hosts"] for r in resources], "name") - {"all"} <= clusters | {
                "AWSALB",
                "cookie",
                "envoy.http.stateful_session.cookie",
                "envoy.retry_host_predicates.previous_hosts",
                ":method",
            }


@settings(max_examples=50, deadline=None)
@given(worlds())
def test_documents_refer_only_to_one_another(world: World) -> None:
    documents = render(world, ROOT)
    check_whole({path: found for path, found in documents.items() if path != LISTENERS})
    for resources in documents.values():
        assert json.loads(text(resources)[1])["resources"] == resources


@settings(max_examples=50, deadline=None)
@given(worlds())
def test_rendering_is_steady(world: World) -> None:
    assert render(world, ROOT) == render(world, ROOT)


@settings(max_examples=50, deadline=None)
@given(worlds(), st.integers(0, 999))
def test_a_weight_touches_routes_only(world: World, weight: int) -> None:
    (balancer,) = world.load_balancers
    changed = replace(balancer, listeners=tuple(_reweighted(one, weight) for one in balancer.listeners))
    before, after = render(world, ROOT), render(replace(world, load_balancers=(changed,)), ROOT)
    assert {p for p in before | after if before.get(p) != after.get(p)} <= {
        p for p in after if "routes/" in p
    }


def _reweighted(listener: Listener, weight: int) -> Listener:
    rules = tuple(
        replace(rule, action=replace(rule.action, weights=dict.fromkeys(rule.action.weights, weight)))
        if isinstance(rule.action, Forward)
        else rule
        for rule in listener.rules
    )
    return replace(listener, rules=rules)


@settings(max_examples=25, deadline=None)
@given(st.lists(worlds(), min_size=1, max_size=3))
def test_files_never_dangle_on_the_way(tmp_path_factory: pytest.TempPathFactory, told: list[World]) -> None:
    """After each step, what is on disk holds together: nothing is needed before it is there."""
    root = tmp_path_factory.mktemp("envoy")
    for world in told:
        files = Files(root)
        files.prepare()
        documents = render(world, root)
        for step in (files.add, files.turn, files.clear):
            step(documents)
            _check_disk(root)
        assert {p for p in _on_disk(root)} == set(documents)


def _on_disk(root: Path) -> dict[str, Any]:
    return {
        str(file.relative_to(root)): json.loads(file.read_text())["resources"]
        for file in root.rglob("*.json")
    }


def _check_disk(root: Path) -> None:
    found = _on_disk(root)
    for path in names_in(found[CLUSTERS], "path") | names_in(found[LISTENERS], "path"):
        if path.startswith(str(root)) and not path.endswith(FAILED):
            assert Path(path).exists(), path
    clusters = {cluster["name"] for cluster in found[CLUSTERS]}
    for path, resources in found.items():
        if path.startswith("routes/"):
            shares = [s["name"] for s in _shares(resources)]
            assert set(shares) <= clusters


def _shares(value: Any) -> list[Any]:
    if isinstance(value, dict):
        own = list(value.get("clusters", ()))
        return own + [share for inner in value.values() for share in _shares(inner)]
    return [share for inner in value for share in _shares(inner)] if isinstance(value, list) else []


def test_a_group_with_nowhere_to_send_gets_its_share_of_503() -> None:
    gone = TargetGroup("a", "a", targets=(Target("10.0.0.1", 80, draining=True),))
    live = TargetGroup("b", "b", targets=(Target("10.0.0.2", 80),))
    listener = Listener("l", 80, "HTTP", (Rule("r", (), Forward({"a": 9, "b": 1})),))
    documents = render(World((LoadBalancer("lb", "lb", ("127.0.1.1",), (listener,)),), (gone, live)), ROOT)
    (routes,) = (found for path, found in documents.items() if path.startswith("routes/"))
    assert [share["name"].startswith(EMPTY) for share in _shares(routes)[:2]] == [True, False]


@pytest.mark.parametrize(
    "listener",
    [
        Listener("l", 80, "TCP", ()),
        Listener("l", 443, "HTTPS", ()),
        Listener("l", 80, "HTTP", (Rule("r", (), Forward({"nobody": 1})),)),
        Listener("l", 80, "HTTP", (Rule("r", (Condition("moon", ("full",)),), FixedResponse(200)),)),
        Listener("l", 80, "HTTP", (Rule("r", (), Redirect(301, host="x.#{host}")),)),
        Listener("l", 80, "HTTP", (Rule("r", (), Redirect(307)),)),
        Listener("l", 80, "HTTP", (Rule("r", (Condition("source-ip", ("x",)),), FixedResponse(200)),)),
    ],
)
def test_what_cannot_be_said_is_refused(listener: Listener) -> None:
    with pytest.raises(Refused):
        render(World((LoadBalancer("lb", "lb", ("127.0.1.1",), (listener,)),)), ROOT)
