"""Reads a buildspec (version 0.2); what is wrong is said with its line.

version: 0.2
env:      {shell, variables, exported-variables, ...}
phases:
  install | pre_build | build | post_build:
    on-failure: ABORT | CONTINUE
    commands: [...]
    finally: [...]
reports, artifacts, cache, proxy, batch: accepted, and the log says what is not done with them
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from bambe.services.codebuild.errors import BadBuildspec
from bambe.services.codebuild.model import IN_SCRIPT, PhaseType

TOP = ("version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache")
ENV = (
    "shell",
    "variables",
    "parameter-store",
    "secrets-manager",
    "exported-variables",
    "git-credential-helper",
)
PHASE = ("run-as", "on-failure", "runtime-versions", "commands", "finally")
PHASES = {phase.value.lower(): phase for phase in IN_SCRIPT}
SHELLS = {"bash": "bash", "/bin/bash": "bash", "/bin/sh": "/bin/sh", "sh": "/bin/sh"}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class PhaseSpec:
    """The commands of one phase."""

    commands: tuple[str, ...] = ()
    finally_commands: tuple[str, ...] = ()
    on_failure: str = ""


@dataclass(frozen=True, slots=True)
class Buildspec:
    """A buildspec, ready to be made a script. `notes` say what of it is not followed."""

    phases: Mapping[PhaseType, PhaseSpec]
    shell: str = "/bin/sh"
    variables: Mapping[str, str] = field(default_factory=dict)
    exported: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def is_inline(text: str) -> bool:
    """Whether a project's `buildspec` is the buildspec itself and not a path to one."""
    return "\n" in text or text.lstrip().startswith(("version:", "{"))


def parse(text: str) -> Buildspec:
    """The buildspec in `text`, or BadBuildspec."""
    top = _top(text)
    _known(top, TOP, "buildspec")
    version = _scalar(top["version"], "version") if "version" in top else ""
    if version != "0.2":
        raise BadBuildspec(f"Bambe runs buildspec version 0.2; this one says {version or 'none'}")
    env = _mapping(top.get("env"), "env")
    _known(env, ENV, "env")
    _refuse_secrets(env)
    phases = dict(_phases(top.get("phases")))
    if not any(phase.commands for phase in phases.values()):
        raise BadBuildspec("The buildspec has no commands: at least one phase must have some")
    return Buildspec(
        phases=phases,
        shell=_shell(env),
        variables=_variables(env),
        exported=_exported(env),
        notes=tuple(_notes(top, phases=_mapping(top.get("phases"), "phases"))),
    )


class _Entry:
    """A value and the line of its key."""

    __slots__ = ("line", "node")

    def __init__(self, line: int, node: yaml.Node) -> None:
        self.line = line
        self.node = node


def _top(text: str) -> dict[str, _Entry]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise BadBuildspec(_yaml_problem(error)) from error
    except RecursionError as error:
        raise BadBuildspec("The buildspec is nested too deeply") from error
    if root is None:
        raise BadBuildspec("The buildspec is empty")
    return _mapping(_Entry(1, root), "buildspec")


def _yaml_problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is no YAML"
    return f"{problem} at line {mark.line + 1}" if mark else str(problem)


def _mapping(entry: _Entry | None, where: str) -> dict[str, _Entry]:
    if entry is None or _is_empty(entry.node):
        return {}
    if not isinstance(entry.node, yaml.MappingNode):
        raise BadBuildspec(f"Expected {where} to be a mapping at line {_line(entry.node)}")
    found: dict[str, _Entry] = {}
    for key, value in entry.node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        if not name:
            raise BadBuildspec(f"Expected the keys of {where} to be strings at line {_line(key)}")
        if name in found:
            raise BadBuildspec(f"{where} has the key {name} twice, again at line {_line(key)}")
        found[name] = _Entry(_line(key), value)
    return found


def _known(mapping: Mapping[str, _Entry], names: tuple[str, ...], where: str) -> None:
    for name, entry in mapping.items():
        if name not in names:
            raise BadBuildspec(
                f"unknown key {name} in {where} at line {entry.line}; known: {', '.join(names)}"
            )


def _scalar(entry: _Entry, where: str) -> str:
    """The text as it was written: values are literal."""
    if not isinstance(entry.node, yaml.ScalarNode):
        raise BadBuildspec(f"Expected {where} to be of string type at line {_line(entry.node)}")
    return str(entry.node.value)


def _strings(entry: _Entry | None, where: str) -> tuple[str, ...]:
    if entry is None or _is_empty(entry.node):
        return ()
    if not isinstance(entry.node, yaml.SequenceNode):
        raise BadBuildspec(f"Expected {where} to be a list at line {_line(entry.node)}")
    return tuple(_item(node, f"{where}[{number}]") for number, node in enumerate(entry.node.value))


def _item(node: yaml.Node, where: str) -> str:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    raise BadBuildspec(
        f"Expected {where} to be of string type: found subkeys instead at line {_line(node)}"
        " (a command with ': ' in it must be quoted)"
    )


def _phases(entry: _Entry | None) -> Iterator[tuple[PhaseType, PhaseSpec]]:
    for name, phase in _mapping(entry, "phases").items():
        if name not in PHASES:
            known = ", ".join(PHASES)
            raise BadBuildspec(f"unknown phase {name} at line {phase.line}; known: {known}")
        keys = _mapping(phase, name)
        _known(keys, PHASE, name)
        yield (
            PHASES[name],
            PhaseSpec(
                commands=_strings(keys.get("commands"), "Commands"),
                finally_commands=_strings(keys.get("finally"), "Finally"),
                on_failure=_on_failure(keys.get("on-failure")),
            ),
        )


def _on_failure(entry: _Entry | None) -> str:
    if entry is None:
        return ""
    value = _scalar(entry, "on-failure")
    if value.startswith("RETRY"):
        raise BadBuildspec(f"Bambe does not retry builds yet: on-failure {value} at line {entry.line}")
    if value not in ("ABORT", "CONTINUE"):
        raise BadBuildspec(f"on-failure must be ABORT or CONTINUE at line {entry.line}")
    return value


def _shell(env: Mapping[str, _Entry]) -> str:
    if "shell" not in env:
        return "/bin/sh"
    given = _scalar(env["shell"], "env/shell")
    if given not in SHELLS:
        raise BadBuildspec(f"env/shell must be bash or /bin/sh, not {given}, at line {env['shell'].line}")
    return SHELLS[given]


def _variables(env: Mapping[str, _Entry]) -> dict[str, str]:
    found = {}
    for name, entry in _mapping(env.get("variables"), "env/variables").items():
        if not NAME.fullmatch(name):
            raise BadBuildspec(f"{name} at line {entry.line} is no name for an environment variable")
        found[name] = _scalar(entry, f"env/variables/{name}")
    return found


def _exported(env: Mapping[str, _Entry]) -> tuple[str, ...]:
    names = _strings(env.get("exported-variables"), "env/exported-variables")
    for name in names:
        if not NAME.fullmatch(name):
            raise BadBuildspec(f"env/exported-variables: {name!r} is no name for an environment variable")
    return names


def _refuse_secrets(env: Mapping[str, _Entry]) -> None:
    for name in ("parameter-store", "secrets-manager"):
        if name in env and not _is_empty(env[name].node):
            raise BadBuildspec(
                f"env/{name} at line {env[name].line}: Bambe has no such service yet; give the value as an"
                " environment variable of the project or of StartBuild"
            )


def _notes(top: Mapping[str, _Entry], phases: Mapping[str, _Entry]) -> Iterator[str]:
    said = {
        "run-as": "run-as is not followed: every command runs as root",
        "artifacts": "artifacts are not uploaded: the project has NO_ARTIFACTS",
        "reports": "reports are not collected",
        "cache": "cache is not followed; the container engine keeps its own layer cache",
        "proxy": "proxy is not followed",
        "batch": "batch is for StartBuildBatch, which Bambe does not have yet",
    }
    for name, note in said.items():
        if name in top and not _is_empty(top[name].node):
            yield note
    for name, entry in phases.items():
        keys = _mapping(entry, name)
        if "run-as" in keys:
            yield f"{name}: {said['run-as']}"
        if "runtime-versions" in keys:
            yield f"{name}: runtime-versions are not installed: the build image brings its own"


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
