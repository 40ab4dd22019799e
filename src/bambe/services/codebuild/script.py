"""Makes a buildspec one shell script that reports its phases, and reads those reports.

One shell runs every command, so `cd`, variables and functions persist. A command that ends that shell
(`exit 1`) has failed: the script is entered again behind it, in the directory and with the exported
variables it left, since post_build and `finally` are still to come.

    <build directory>/run/build.sh       the script
    <build directory>/run/phases.jsonl   one report per line, written by the script
    <build directory>/run/exported       name NUL value NUL ..., at the end
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bambe.services.codebuild.buildspec import Buildspec, PhaseSpec
from bambe.services.codebuild.model import IN_SCRIPT, PhaseRecord, PhaseType, Status

OUTPUT = "/codebuild/output"
SOURCE = f"{OUTPUT}/src"
RUN = f"{OUTPUT}/run"

_PRELUDE = """\
#!%(shell)s
# Made by Bambe from the buildspec.
_bambe_resume=${_BAMBE_RESUME:-0}; unset _BAMBE_RESUME
_bambe_phase=${_BAMBE_PHASE:-}; unset _BAMBE_PHASE
_bambe_bad=${_BAMBE_BAD:-0}; unset _BAMBE_BAD
_bambe_skip=${_BAMBE_SKIP:-0}; unset _BAMBE_SKIP
_bambe_over=${_BAMBE_OVER:-0}; unset _BAMBE_OVER
_bambe_wrong=${_BAMBE_WRONG:-0}; unset _BAMBE_WRONG
_bambe_now=0
: "${CODEBUILD_BUILD_SUCCEEDING:=1}"; export CODEBUILD_BUILD_SUCCEEDING

_bambe_say() { printf '[Container] %%s %%s\\n' "$(date '+%%Y/%%m/%%d %%H:%%M:%%S.%%6N')" "$1"; }
_bambe_report() { printf '{"at": "%%s", %%s}\\n' "$(date '+%%s.%%6N')" "$1" >> %(run)s/phases.jsonl; }

# A phase begins, unless an earlier one ended the build or we come back into the middle of it.
_bambe_begin() {
  _bambe_phase=$1
  [ "$2" -le "$_bambe_resume" ] && return
  _bambe_bad=0; _bambe_skip=0
  [ "$_bambe_over" = 1 ] && return
  _bambe_say "Entering phase $1"
  _bambe_report "\\"phase\\": \\"$1\\", \\"event\\": \\"start\\""
}

# Whether step $1 is to run; $2 is the command, $3 its failure as JSON.
_bambe_step() {
  _bambe_now=$1; _bambe_text=$2; _bambe_json=$3
  [ "$1" -gt "$_bambe_resume" ] && [ "$_bambe_over" = 0 ] && [ "$_bambe_skip" = 0 ] || return 1
  _bambe_say "Running command $2"
  trap _bambe_exited EXIT
}

_bambe_done() {
  set +eu
  trap - EXIT
  [ "$1" = 0 ] && return
  _bambe_say "Command did not exit successfully $_bambe_text exit status $1"
  [ "$_bambe_bad" = 0 ] && _bambe_report "$_bambe_json, \\"exit\\": $1"
  _bambe_bad=1; _bambe_skip=1
}

# The finally block runs whatever became of the commands.
_bambe_finally() { [ "$1" -le "$_bambe_resume" ] || _bambe_skip=0; }

# $2: what a failure of this phase means (abort: the build ends, go: on to the next, continue: it counts not).
_bambe_end() {
  [ "$3" -le "$_bambe_resume" ] && return
  [ "$_bambe_over" = 1 ] && return
  _bambe_state=SUCCEEDED
  if [ "$_bambe_bad" = 1 ]; then
    _bambe_state=FAILED
    [ "$2" = continue ] || { _bambe_wrong=1; CODEBUILD_BUILD_SUCCEEDING=0; }
    [ "$2" = abort ] && _bambe_over=1
  fi
  _bambe_say "Phase complete: $1 State: $_bambe_state"
  _bambe_report "\\"phase\\": \\"$1\\", \\"event\\": \\"end\\", \\"status\\": \\"$_bambe_state\\""
}

# A command ended this shell: it has failed, and the rest goes on in a new one.
_bambe_exited() {
  _bambe_code=$?
  set +eu
  trap - EXIT
  [ "$_bambe_code" = 0 ] || _bambe_done "$_bambe_code"
  export _BAMBE_RESUME="$_bambe_now" _BAMBE_PHASE="$_bambe_phase" _BAMBE_BAD="$_bambe_bad"
  export _BAMBE_SKIP="$_bambe_skip" _BAMBE_OVER="$_bambe_over" _BAMBE_WRONG="$_bambe_wrong"
  exec %(shell)s %(run)s/build.sh
}

"""

_EPILOGUE = """\
if [ "$_bambe_wrong" = 1 ]; then _bambe_state=FAILED; else _bambe_state=SUCCEEDED; fi
_bambe_report "\\"event\\": \\"complete\\", \\"status\\": \\"$_bambe_state\\""
[ "$_bambe_wrong" = 0 ]
"""


def render(spec: Buildspec) -> str:
    """The script of `spec`."""
    shell = "/usr/bin/env bash" if spec.shell == "bash" else spec.shell
    lines = [_PRELUDE % {"shell": shell, "run": RUN}]
    lines += [f"[ $_bambe_resume = 0 ] && _bambe_say {shlex.quote(note)}" for note in spec.notes]
    lines += [f"[ $_bambe_resume = 0 ] && {{ cd {SOURCE} || exit 1; }}"]
    lines += _steps(spec)
    lines += [_export(name) for name in spec.exported]
    return "\n".join([*lines, _EPILOGUE])


def _steps(spec: Buildspec) -> Iterator[str]:
    """Numbered steps in order; what was done before the shell ended is skipped by number."""
    number = 0
    for phase in IN_SCRIPT:
        block = spec.phases.get(phase, PhaseSpec())
        yield f"_bambe_begin {phase} {number + 1}"
        for command in block.commands:
            number += 1
            yield _step(number, phase, command)
        number += 1
        yield f"_bambe_finally {number}"
        for command in block.finally_commands:
            number += 1
            yield _step(number, phase, command)
        number += 1
        yield f"_bambe_end {phase} {_meaning(phase, block)} {number}"


def _step(number: int, phase: PhaseType, command: str) -> str:
    report = json.dumps({"phase": phase, "event": "failed", "command": command})[1:-1]
    return (
        f"_bambe_step {number} {shlex.quote(command)} {shlex.quote(report)}"
        f' && {{ eval "$_bambe_text"; _bambe_done $?; }}'
    )


def _meaning(phase: PhaseType, block: PhaseSpec) -> str:
    """AWS's default transitions: after a failed build post_build still runs, after others nothing does."""
    if block.on_failure:
        return {"ABORT": "abort", "CONTINUE": "continue"}[block.on_failure]
    return "go" if phase in (PhaseType.BUILD, PhaseType.POST_BUILD) else "abort"


def _export(name: str) -> str:
    return f'[ -z "${{{name}+x}}" ] || printf \'%s\\0%s\\0\' {name} "${name}" >> {RUN}/exported'


@dataclass(frozen=True, slots=True)
class Report:
    """What the script has reported so far; `status` None: it is not done."""

    phases: tuple[PhaseRecord, ...] = ()
    status: Status | None = None


def read_report(text: str) -> Report:
    """The reports in `text`; a last line that is still being written does not count."""
    phases: dict[PhaseType, PhaseRecord] = {}
    status = None
    for line in text.splitlines():
        said = _line(line)
        if said is None:
            continue
        at = _moment(said["at"])
        if said["event"] == "complete":
            status = Status(said["status"])
            continue
        phase = PhaseType(said["phase"])
        phases[phase] = _record(phases.get(phase) or PhaseRecord(phase, at), said, at)
    return Report(tuple(phases.values()), status)


def _moment(text: str) -> datetime:
    """Seconds since 1970; without fractions where the image's `date` knows none."""
    return datetime.fromtimestamp(float(text.partition("%")[0]), UTC)


def _line(line: str) -> Mapping[str, Any] | None:
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, dict) and {"at", "event"} <= said.keys() else None


def _record(was: PhaseRecord, said: Mapping[str, Any], at: datetime) -> PhaseRecord:
    code, message, end, status = was.code, was.message, was.end, was.status
    if said["event"] == "failed":
        code = "COMMAND_EXECUTION_ERROR"
        message = f"Error while executing command: {said['command']}. Reason: exit status {said['exit']}"
    elif said["event"] == "end":
        end, status = at, Status(said["status"])
    return PhaseRecord(was.type, was.start, end, status, code, message)


def read_exported(data: bytes) -> dict[str, str]:
    """The exported variables the script left behind."""
    parts = data.decode(errors="replace").split("\0")
    return dict(zip(parts[0::2], parts[1::2], strict=False))
