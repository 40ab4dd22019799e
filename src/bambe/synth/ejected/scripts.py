"""The scripts: what is the same for every project lies beside this module, the steps are written here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from bambe.project import Project
from bambe.synth.ejected.texts import needs_bucket
from bambe.synth.events import AUTHORITY, SERVERS, STRINGS, SYSTEM, parameter
from bambe.synth.names import Names
from bambe.synth.stacks import Output, Stack

HERE = Path(__file__).parent
STRICT = 'set -euo pipefail\ncd "$(dirname "$0")"\n'
READ_LIB = "# shellcheck source=lib.sh\n. ./lib.sh\n"
TITLES = {
    "network": "The network.",
    "shared": "What the services share.",
    "events": "Events.",
    "build": "What builds each service, and its tasks' roles; then the first images, side by side.",
    "service": "The services.",
}


def lib(project: Project, account: str = "") -> str:
    """What the scripts share; they refuse any account but `account`, if one is given."""
    begins = (
        "# shellcheck shell=bash\n"
        "# What the scripts beside it share: they read it, and it does nothing by itself.\n"
        "# They need bash (3.2 or later), the AWS CLI (version 2) and its credentials.\n\n"
        f'export AWS_REGION="${{REGION:-{project.region}}}"\n'
    )
    return begins + _text("lib.sh") + _only(account)


def deploy(project: Project, every: Sequence[Stack]) -> str:
    """Every stack of the project in order."""
    begins = (
        "#!/usr/bin/env bash\n"
        f"# Deploys {project.project}: every stack in order, and the first image of each service.\n"
        "# Run it again at any time but while a release is under way: what has not changed stays as it is.\n"
        "#\n"
        "#   ./deploy.sh\n"
        "#   BUCKET=NAME ./deploy.sh     templates go by this S3 bucket of yours\n"
        f"{STRICT}{READ_LIB}\n"
        f"PROJECT={project.project}\n"
        f"CLUSTER={shlex.quote(Names.of(project).cluster)}\n"
    )
    functions = _text("deploy.sh") + (_text("tell.sh") if project.events else "")
    return f"{begins}{_needs_bucket(every)}{functions}{_steps(project, every)}"


def release(project: Project) -> str:
    """A release by hand."""
    begins = (
        "#!/usr/bin/env bash\n"
        f"# Releases an image of a service of {project.project}: ./release.sh SERVICE IMAGE\n"
        f"{STRICT}\n"
        f"CLUSTER={shlex.quote(Names.of(project).cluster)}\n"
        f'SERVICES="{" ".join(sorted(project.services))}"\n'
    )
    return begins + _text("release.sh")


def down(project: Project, every: Sequence[Stack]) -> str:
    """Every stack in reverse."""
    groups = _backwards(every)
    said = [f"Takes {project.project} down: services, images, logs, network."]
    if project.events:
        said.append("The Kafka cluster goes with everything that is in it.")
    lines = [
        "#!/usr/bin/env bash",
        *(f"# {one}" for one in said),
        STRICT + READ_LIB,
        'if [ "${1:-}" != --yes ]; then',
        '  say "In the account $ACCOUNT, in $AWS_REGION, this deletes for good:"',
        *(f'  say "  {" ".join(names)}"' for names in groups),
        *(f'  say "{one}"' for one in said[1:]),
        '  fail "nothing is deleted; ./down.sh --yes does it"',
        "fi",
        "",
        *(f"delete {' '.join(names)}" for names in groups),
        *_forgets(project),
        'say "Gone. Task definitions are left, which cost nothing: aws ecs list-task-definitions"',
    ]
    return "\n".join(lines) + "\n"


def variable(wish: Output) -> str:
    """The name in deploy.sh of what a stack puts out: shop-network and VpcId give SHOP_NETWORK_VPC_ID."""
    said = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", wish.name)
    return f"{wish.stack.replace('-', '_')}_{said}".upper()


def _text(name: str) -> str:
    return (HERE / name).read_text()


def _only(account: str) -> str:
    """The line that refuses another account."""
    if not account:
        return ""
    return f'\n[ "$ACCOUNT" = {account} ] || fail "these credentials are of $ACCOUNT, not of {account}"\n'


def _needs_bucket(every: Sequence[Stack]) -> str:
    if not (names := needs_bucket(every)):
        return ""
    said = f"too long for a call to CloudFormation: {', '.join(names)}; BUCKET=NAME gives an S3 bucket"
    return f'[ -n "${{BUCKET:-}}" ] || fail "{said}"\n'


def _steps(project: Project, every: Sequence[Stack]) -> str:
    """A call for each stack. What one puts out is read as soon as the stack is there."""
    wanted = list(dict.fromkeys(_read(every)))
    lines: list[str] = []
    for kind, group in groupby(every, key=lambda one: one.kind):
        lines += ["", f"# {TITLES[kind]}"]
        for one in group:
            lines.append(_call(one))
            lines += [f"{variable(w)}=$(output {w.stack} {w.name})" for w in wanted if w.stack == one.name]
            lines += [f"begin_first_build {one.service}"] if kind == "build" else []
        lines += ["await_builds"] if kind == "build" else []
        lines += _told(project) if kind == "events" else []
    return "\n".join(lines) + "\n"


def _read(every: Sequence[Stack]) -> list[Output]:
    return [value for one in every for value in one.parameters.values() if isinstance(value, Output)]


def _call(stack: Stack) -> str:
    words = [f"deploy_service {stack.service}" if stack.kind == "service" else f"deploy {stack.name}"]
    for name, value in stack.parameters.items():
        if isinstance(value, Output):
            words.append(f'{name}="${variable(value)}"')
        elif isinstance(value, str):
            words.append(f"{name}={shlex.quote(value)}")
    return " \\\n  ".join(words)


def _told(project: Project) -> list[str]:
    """Tasks look up where the brokers are when they start."""
    if project.events is None:
        return []
    names, access = Names.of(project), project.events.access
    return [
        f"KAFKA=$(output {names.events_stack} Cluster)",
        'BROKERS=$(aws kafka get-bootstrap-brokers --cluster-arn "$KAFKA" \\',
        f"  --query {STRINGS[access]} --output text)",
        f'[ "$BROKERS" != None ] || fail "the Kafka cluster lets nobody in by {access}"',
        f'tell {parameter(names, SERVERS[access])} "$BROKERS"',
        f"tell {parameter(names, AUTHORITY)} {SYSTEM}",
    ]


def _forgets(project: Project) -> list[str]:
    if project.events is None:
        return []
    names = Names.of(project)
    said = [parameter(names, SERVERS[project.events.access]), parameter(names, AUTHORITY)]
    return [f"aws ssm delete-parameters --names {' '.join(said)} > /dev/null"]


def _backwards(every: Sequence[Stack]) -> list[list[str]]:
    """Stacks by their kind, those first that need the others; those of a kind need none of each other."""
    grouped = groupby(reversed(every), key=lambda one: one.kind)
    return [sorted(one.name for one in group) for _, group in grouped]
