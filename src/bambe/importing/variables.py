"""Variables that stand in files of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bambe.importing.account import Part
from bambe.importing.draft import Draft, Files, Said
from bambe.importing.fields import put_variable
from bambe.importing.tree import Node
from bambe.importing.words import VARIABLE, is_secretive, variables_of


def put_env_files(
    draft: Draft,
    files: Files,
    wanted: Sequence[tuple[Part, str]],
    said: Said,
    hosts: Mapping[str, str],
    given: Collection[str],
) -> None:
    """The variables of all `wanted` files, by path; later files and those `given` elsewhere go before."""
    before = set(given)
    for part, path in reversed(wanted):
        before |= _put_env_file(draft, files, part, path, said, hosts, before)


def _put_env_file(
    draft: Draft, files: Files, part: Part, path: str, said: Said, hosts: Mapping[str, str], before: set[str]
) -> set[str]:
    """Every variable of the file; a value that looks secret is not copied."""
    text = files.read(path) if path else None
    if text is None:
        part.leave("there is no such file", "write its variables in `environment`")
        return set()
    part.take()
    nodes = {name: Node(value, value, path, line) for name, (line, value) in variables_of(text).items()}
    file = draft.account.open(f"{path} of {part.root} {part.service}", Node(nodes, "", path), part.service)
    for name, value in file.items():
        if name in before:
            value.leave(f"{name} is given elsewhere, which goes before")
        else:
            put_file_variable(draft, value, name, said, hosts)
    return set(nodes)


def put_file_variable(draft: Draft, part: Part, name: str, said: Said, hosts: Mapping[str, str]) -> None:
    """One variable of a file that may be kept out of git, so that its secrets stay out of bambe.yml."""
    if not (part.text and is_secretive(name) and VARIABLE.fullmatch(name)):
        put_variable(said, part, name, part.text, hosts)
        return
    source = f"/{draft.top['project']}/{part.service}/{name}"
    said.setdefault("secrets", {})[name] = f"ssm:{source}"
    put = f"bambe aws ssm put-parameter --type SecureString --name {source} --value ..."
    part.change(f"{name} looks like a secret: its value is not copied, but looked up in {source}", put)
