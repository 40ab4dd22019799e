"""Buildspecs as people write them, and what is wrong with the others, by line."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bambe.services.codebuild.buildspec import is_inline, parse
from bambe.services.codebuild.errors import BadBuildspec
from bambe.services.codebuild.model import PhaseType

FULL = """\
version: 0.2
run-as: builder
env:
  shell: bash
  variables:
    PORT: 0123
    ON: yes
    EMPTY: ""
  exported-variables: [TAG]
  git-credential-helper: no
phases:
  install:
    runtime-versions: {python: 3.11}
    commands:
      - echo one
  pre_build:
    on-failure: CONTINUE
    commands: []
  build:
    commands:
      - docker build -t "$IMAGE" .
      - |
        two
        lines
    finally:
      - true
reports:
  unit: {files: ["*.xml"]}
artifacts:
  files: ["**/*"]
cache:
  paths: ["/root/.cache"]
"""


def test_all_of_it() -> None:
    spec = parse(FULL)
    assert spec.shell == "bash"
    assert spec.variables == {"PORT": "0123", "ON": "yes", "EMPTY": ""}
    assert spec.exported == ("TAG",)
    build = spec.phases[PhaseType.BUILD]
    assert build.commands == ('docker build -t "$IMAGE" .', "two\nlines\n")
    assert build.finally_commands == ("true",)
    assert spec.phases[PhaseType.PRE_BUILD].on_failure == "CONTINUE"
    assert len(spec.notes) == 5
    assert any("artifacts" in note for note in spec.notes)


MINIMAL = "version: 0.2\nphases:\n  build:\n    commands:\n      - true\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("version: 0.1\nphases: {}", "version 0.2; this one says 0.1"),
        ("phases: {}", "says none"),
        ("version: 0.2\nphases: {}", "no commands"),
        ("version: 0.2\nphase: {}", "unknown key phase in buildspec at line 2"),
        (MINIMAL.replace("build:", "biuld:"), "unknown phase biuld at line 3"),
        (MINIMAL.replace("commands", "comands"), "unknown key comands in build at line 4"),
        (MINIMAL + "      - echo: x\n", r"Expected Commands\[1\] to be of string type: .* at line 6"),
        (MINIMAL.replace("\n      - true", " x"), "Expected Commands to be a list at line 4"),
        (MINIMAL + "    on-failure: RETRY-3\n", "RETRY-3 at line 6"),
        (MINIMAL + "    on-failure: x\n", "ABORT or CONTINUE at line 6"),
        (MINIMAL + "env: {shell: fish}\n", "not fish, at line 6"),
        (MINIMAL + "env: {parameter-store: {A: b}}\n", "env/parameter-store at line 6"),
        (MINIMAL + "env: {secrets-manager: {A: b}}\n", "env/secrets-manager at line 6"),
        (MINIMAL + "env: {variables: {'a b': c}}\n", "a b at line 6"),
        (MINIMAL + "env: {variables: {A: [c]}}\n", "env/variables/A to be of string type at line 6"),
        (MINIMAL + "phases: {}\n", "phases twice, again at line 6"),
        (MINIMAL + "\tx: y\n", "at line 6"),
        ("- a\n", "Expected buildspec to be a mapping at line 1"),
    ],
)
def test_says_what_is_wrong_and_where(text: str, says: str) -> None:
    with pytest.raises(BadBuildspec, match=says):
        parse(text)


def test_inline_or_path() -> None:
    assert is_inline(MINIMAL)
    assert is_inline("version: 0.2")
    assert not is_inline("services/orders/buildspec.yml")


@given(st.text())
def test_text_never_breaks_it(text: str) -> None:
    with pytest.raises(BadBuildspec):
        parse(text)


@given(
    st.dictionaries(
        st.sampled_from(["install", "pre_build", "build", "post_build"]),
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1), min_size=1
        ),
        min_size=1,
    )
)
def test_commands_come_through_as_written(phases: dict[str, list[str]]) -> None:
    text = yaml.safe_dump(
        {"version": 0.2, "phases": {name: {"commands": lines} for name, lines in phases.items()}}
    )
    spec = parse(text)
    assert {phase.value.lower(): list(found.commands) for phase, found in spec.phases.items()} == phases
