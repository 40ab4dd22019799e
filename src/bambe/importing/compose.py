"""From Compose files: services, with the brokers among them as `events`."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bambe.importing import kafka
from bambe.importing.account import Account, Part
from bambe.importing.compose_files import Reading, reading
from bambe.importing.compose_service import Place, service
from bambe.importing.draft import Draft, Files, Imported, names_for
from bambe.importing.fields import leave_known
from bambe.importing.tree import Node, Unreadable
from bambe.importing.words import legal_name

TOP_LEFT = {
    "version": ("Compose ignores it too", ""),
    "include": ("files that are included", "give them as arguments, after this one"),
    "volumes.*": ("a volume: a task keeps nothing on its disk when it ends", "use S3 or a database"),
    "networks.*": ("every service reaches every other", ""),
    "configs.*": ("a file that is put into containers", "put it into the image, or into variables"),
    "secrets.*": ("a secret that is put into containers as a file",
                  "give its value as a variable: `secrets: {NAME: ssm:/name}`"),
    "models.*": ("a language model", "give its address as a variable"),
}  # fmt: skip


def from_compose(files: Files, names: list[str], folder: str, profiles: Collection[str] = ()) -> Imported:
    """The project of the Compose files `names`; `folder` is what the directory is called."""
    account = Account()
    found = reading(files, account)
    tree = found.all(names)
    source = names[0]
    rest = Node({key: one for key, one in tree.value.items() if key != "services"}, "", source, 1)
    top = account.open(source, rest)
    draft = Draft(account)
    _head(draft, top, folder)
    _services(draft, files, _wanted(found, tree, source, profiles), source)
    leave_known(top, TOP_LEFT)
    for key, part in top.items():
        if key.startswith("x-"):
            part.leave("an extension, which Compose does not read either")
    return draft.finish(source)


def _head(draft: Draft, top: Part, folder: str) -> None:
    named = top.at("name")
    wished = named.text or folder
    made = draft.top["project"] = legal_name(wished)
    if named and made == wished:
        named.take()
    elif named:
        named.change(f"the project {wished!r} is called {made}: bambe.yml's names are stricter")
    else:
        top.guess(f"no name is said: the project is called {made}, as the folder is")
    top.guess("the region is eu-central-1 unless you write `region`")


def _wanted(found: Reading, tree: Node, source: str, profiles: Collection[str]) -> dict[str, Part]:
    services = tree.get("services")
    if services is None or not services.is_mapping or not services.value:
        raise Unreadable(f"{source}: there are no services.")
    wanted: dict[str, Part] = {}
    for name, node in services.value.items():
        if not node.is_mapping:
            raise Unreadable(f"{source}:{node.line}: services.{name} should be a mapping.")
        beside = Node({name: found.extended(services.value, name)}, "", node.file, node.line)
        whole = Node({"services": beside}, "", node.file, node.line)
        part = found.account.open(f"{source} {name}", whole).at("services", name)
        asked = part.at("profiles")
        in_profiles = {one.text for one in asked.each()}
        if in_profiles and not in_profiles & set(profiles):
            part.leave("it is in a profile that was not asked for", "--profile NAME imports it")
            continue
        asked.leave("it runs always: bambe.yml has no profiles")
        wanted[name] = part
    return wanted


def _services(draft: Draft, files: Files, wanted: Mapping[str, Part], source: str) -> None:
    brokers = [name for name, part in wanted.items() if kafka.is_broker(part.at("image").text)]
    keepers = [name for name, part in wanted.items() if kafka.is_keeper(part.at("image").text)]
    stores = [name for name, part in wanted.items() if name not in brokers + keepers and keeps_data(part)]
    ours = [name for name in wanted if name not in brokers + keepers + stores]
    if not ours:
        raise Unreadable(f"{source}: none of its services can be carried.")
    names = names_for(ours, ("events",) if brokers else ())
    domain = f"{draft.top['project']}.local"
    place = Place(
        draft, files, {name: f"{made}.{domain}" for name, made in names.items()}, frozenset(brokers)
    )
    for name, made in names.items():
        service(place, wanted[name].of(made), name, made)
    for number, name in enumerate(brokers):
        kafka.broker(draft, wanted[name], is_first=number == 0)
    for name in keepers:
        wanted[name].leave("it keeps Kafka's own data", "the cluster of `events` has what it needs")
    for name in stores:
        wanted[name].leave(
            "it keeps data in a volume, and a task keeps nothing on its disk when it ends",
            "run it elsewhere (RDS, ElastiCache), and give its address to the others as a variable",
        )
    _give_default_route(draft, source)


def keeps_data(part: Part) -> bool:
    """Whether it is an image of others that writes to a volume with a name, as databases do."""
    return not part.at("build") and any(_is_kept(one) for one in part.at("volumes").each())


def _is_kept(volume: Part) -> bool:
    if volume.is_mapping:
        is_named = volume.at("type").text in ("", "volume") and bool(volume.at("source"))
        return is_named and volume.at("read_only").value is not True
    name, _, rest = volume.text.partition(":")
    return bool(rest) and name[:1] not in ("/", ".", "~") and "ro" not in rest.split(":")[1:]


def _give_default_route(draft: Draft, source: str) -> None:
    """The load balancer leads to what Compose publishes; the first of them takes all other paths."""
    public = [name for name, said in draft.services.items() if said.get("route") == "default"]
    for name in public[1:]:
        draft.services[name]["route"] = f"/{name}*"
