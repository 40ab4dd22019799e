"""From a Copilot application: the folder `copilot/` with its workspace, environments and services."""

from __future__ import annotations

import re
from dataclasses import replace

from bambe.importing.account import Account, Note, Part
from bambe.importing.copilot_service import Place, service
from bambe.importing.draft import Draft, Files, Imported, names_for
from bambe.importing.tree import Lost, Node, Path, Unreadable, merge, read, spelled, words
from bambe.importing.words import legal_name

WORKSPACE = "copilot/.workspace"
SERVICE = re.compile(r"copilot/([^/]+)/manifest\.ya?ml")
ENVIRONMENT = re.compile(r"copilot/environments/([^/]+)/manifest\.ya?ml")
FILLED_IN = re.compile(r"(?<!\\)\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
CARRIED = ("Load Balanced Web Service", "Backend Service", "Worker Service")
OTHERS = {
    "Request-Driven Web Service": "App Runner has no counterpart: make it a Load Balanced Web Service first",
    "Static Site": "keep it in S3 and CloudFront, or serve its files from a service",
    "Scheduled Job": "run it from EventBridge Scheduler, or as a service that keeps time itself",
}
FILES = {
    r"copilot/environments/addons/.+": ("an environment's addon", "keep it as a stack of its own"),
    r"copilot/environments/(.+/)?overrides/.+": (
        "an override of an environment's template",
        "see what it changes",
    ),
    r"copilot/[^/]+/addons/.+": ("an addon", "keep it as a stack; give what it exports as variables"),
    r"copilot/[^/]+/overrides/.+": ("an override of Copilot's template", "see what it changes"),
    r"copilot/pipelines/.+": ("a pipeline", "a push builds and releases: delete it"),
}


def from_copilot(files: Files, environment: str = "") -> Imported:
    """The project of the workspace, as it is in `environment`; with one environment only, in that."""
    workspace = files.read(WORKSPACE)
    if workspace is None:
        raise Unreadable(f"there is no {WORKSPACE}: name the folder that has `copilot/`.")
    account = Account()
    told = account.open(WORKSPACE, read(workspace, WORKSPACE))
    paths = files.below("copilot")
    manifests = {path: read(files.read(path) or "", path) for path in paths if _is_manifest(path)}
    known = _environments(manifests)
    chosen = environment or (known[0] if len(known) == 1 else "")
    if environment and environment not in known:
        raise Unreadable(f"there is no environment {environment!r}; there are: {', '.join(known) or 'none'}.")
    draft = Draft(account)
    application = str(told.at("application").value or "")
    _head(draft, told, application, chosen, known)
    place = Place(draft, files, application, chosen, {})
    _services(place, {path: node for path, node in manifests.items() if SERVICE.fullmatch(path)})
    for path, node in manifests.items():
        if found := ENVIRONMENT.fullmatch(path):
            _environment(account.open(path, node), found[1], chosen)
    for path in paths:
        if path != WORKSPACE and path not in manifests:
            account.add(_left_file(path))
    return draft.finish("copilot")


def _is_manifest(path: str) -> bool:
    found = SERVICE.fullmatch(path)
    return bool(ENVIRONMENT.fullmatch(path) or (found and found[1] not in ("environments", "pipelines")))


def _environments(manifests: dict[str, Node]) -> list[str]:
    found = {match[1] for path in manifests if (match := ENVIRONMENT.fullmatch(path))}
    for node in manifests.values():
        overridden = node.get("environments")
        if overridden and overridden.is_mapping:
            found |= set(overridden.value)
    return sorted(found)


def _head(draft: Draft, told: Part, application: str, chosen: str, known: list[str]) -> None:
    part = told.at("application")
    if not application:
        raise Unreadable(f"{WORKSPACE} names no application.")
    name = legal_name(application)
    draft.top |= {"project": name, "release": "rolling"}
    if name == application:
        part.take()
    else:
        part.change(f"the application {application!r} is called {name}: bambe.yml's names are stricter")
    if chosen:
        draft.top["domain"] = f"{chosen}.{application}.local".lower()
    elif known:
        part.guess(
            f"there are the environments {', '.join(known)}: no override of one is in this bambe.yml",
            "choose one with --env",
        )
    part.guess("Copilot's files name no region: it is eu-central-1 unless you write `region`")
    part.guess(
        "all services are updated in place, as Copilot does",
        "for releases that shift traffic step by step, write `release: {strategy: canary}`",
    )
    part.review(
        "Copilot gives every container variables COPILOT_*; Bambe does not",
        "write those that your code reads in `environment`",
    )


def _services(place: Place, manifests: dict[str, Node]) -> None:
    account = place.draft.account
    ours: dict[str, tuple[str, Node]] = {}
    for path, node in manifests.items():
        named, kind = node.get("name"), node.get("type")
        said = str(kind.value) if kind else ""
        if said in CARRIED:
            folder = path.split("/")[1]
            ours[str(named.value) if named else folder] = (path, node)
            continue
        advice = OTHERS.get(said, f"bambe.yml knows: {', '.join(CARRIED)}")
        account.open(path, node).leave(f"a {said or 'manifest without a type'}", advice)
    if not ours:
        raise Unreadable(f"no service in copilot/ can be carried: none is a {' or a '.join(CARRIED)}.")
    names = names_for(list(ours))
    domain = place.draft.top.get("domain") or f"{place.draft.top['project']}.local"
    hosts = {name: f"{made}.{domain}" for name, made in names.items()}
    environment = place.environment or "${COPILOT_ENVIRONMENT_NAME}"
    for name, made in names.items():
        hosts[f"{name}.{environment}.{place.application}.local"] = f"{made}.{domain}"
    place = replace(place, hosts=hosts)
    for name, (path, node) in ours.items():
        part = account.open(path, _merged(node, path, names[name], place), names[name])
        service(place, part, names[name])
        for inner in _with_unknown_words(part):
            part.at(*inner).review(
                "Copilot fills a variable in here, from the shell", "write its value instead"
            )


def _merged(node: Node, path: str, name: str, place: Place) -> Node:
    """The manifest with the chosen environment's overrides, and Copilot's own variables filled in."""
    account = place.draft.account
    overrides = node.get("environments")
    chosen = overrides.get(place.environment) if overrides and place.environment else None
    for environment, part in overrides.value.items() if overrides and overrides.is_mapping else ():
        if environment != place.environment:
            _leave_environment(account, part, environment, name)

    def lost(at: Path, base: Node, over: Node) -> None:
        says = f"the environment {place.environment} says otherwise (line {over.line})"
        for inner, word in words(base, at):
            account.add(Note("left", path, word.line, spelled(inner), says, "", name))

    made = Node({key: value for key, value in node.value.items() if key != "environments"}, "", path, 1)
    if chosen and chosen.is_mapping:
        made = merge(_without_rival(made, chosen, lost), chosen, lost)
    known = {"COPILOT_APPLICATION_NAME": place.application}
    if place.environment:
        known["COPILOT_ENVIRONMENT_NAME"] = place.environment
    return _filled_in(made, known)


def _without_rival(base: Node, over: Node, lost: Lost) -> Node:
    """An image is built or taken: an override that says one takes the other away."""
    for one, other in (("build", "location"), ("location", "build")):
        image, changed = base.get("image"), over.get("image")
        if image and changed and changed.get(one) and (rival := image.get(other)):
            lost(("image", other), rival, changed)
            kept = replace(image, value={key: part for key, part in image.value.items() if key != other})
            base = replace(base, value=base.value | {"image": kept})
    return base


def _leave_environment(account: Account, part: Node, environment: str, service: str) -> None:
    says = f"an override for the environment {environment}, which this bambe.yml is not for"
    advice = f"import again with --env {environment} into another file"
    for path, word in words(part, ("environments", environment)):
        account.add(Note("left", word.file, word.line, spelled(path), says, advice, service))


def _filled_in(node: Node, values: dict[str, str]) -> Node:
    if isinstance(node.value, dict):
        return replace(node, value={key: _filled_in(one, values) for key, one in node.value.items()})
    if isinstance(node.value, list):
        return replace(node, value=[_filled_in(one, values) for one in node.value])
    text = FILLED_IN.sub(lambda hit: values.get(hit[1], hit[0]), node.text)
    return node if text == node.text else replace(node, value=text, text=text)


def _with_unknown_words(part: Part) -> list[Path]:
    return [path for path, word in words(part.node) if FILLED_IN.search(word.text)] if part.node else []


def _environment(part: Part, name: str, chosen: str) -> None:
    if name != chosen:
        part.leave(f"the environment {name}: this bambe.yml is not for it", f"import again with --env {name}")
        return
    part.at("name").take_if(name)
    part.at("type").take_if("Environment")
    part.at("network").leave("Bambe makes the network itself", "see what of it others rely on")
    part.at("http").leave("Bambe makes the load balancer and its certificate itself", "the name is `host`")
    part.at("cdn").leave("there is no CloudFront in front of Bambe's load balancer")
    part.at("observability").leave("Bambe has its metrics itself", "see `bambe status` and CloudWatch")


def _left_file(path: str) -> Note:
    for pattern, (says, advice) in FILES.items():
        if re.fullmatch(pattern, path):
            return Note("left", path, 0, "", says, advice)
    return Note("left", path, 0, "", "a file that is no manifest", "see whether anybody needs it")
