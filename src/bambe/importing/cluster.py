"""From a running ECS cluster, as the AWS API describes it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bambe.importing.account import Account, Note, Part
from bambe.importing.cluster_network import Traffic, put_traffic
from bambe.importing.cluster_release import put_release
from bambe.importing.cluster_running import Running, RunningService, wish_of
from bambe.importing.cluster_scaling import put_scaling
from bambe.importing.cluster_source import put_source
from bambe.importing.cluster_task import main_container, put_task
from bambe.importing.draft import Draft, Imported, Said, names_for
from bambe.importing.fields import leave_known, put_tasks
from bambe.importing.tree import Unreadable, from_data
from bambe.importing.words import legal_name

LEFT = {
    "networkConfiguration": (
        "Bambe makes the network and its security groups",
        "see what of it others rely on",
    ),
    "capacityProviderStrategy.*": ("tasks run on Fargate", ""),
    "launchType": ("tasks run on Fargate", ""),
    "serviceConnectConfiguration": ("Service Connect", "others call it http://<service>.<domain>:<port>"),
    "volumeConfigurations.*": (
        "a volume: a task keeps nothing on its disk when it ends",
        "use S3 or a database",
    ),
    "placementConstraints.*": ("tasks run on Fargate", ""),
    "placementStrategy.*": ("tasks run on Fargate", ""),
    "healthCheckGracePeriodSeconds": ("the grace period is 60 s", ""),
    "platformVersion": ("tasks run on Fargate's latest", ""),
    "tags.*": ("a tag", ""),
    "loadBalancers.*": ("a service has one load balancer", "make it a service of its own"),
    "serviceRegistries.*": ("a service has one name in Cloud Map", ""),
    "schedulingStrategy": ("a service has so many tasks", "write `tasks`"),
}
IMPLIED: dict[str, tuple[Any, ...]] = {
    "launchType": ("FARGATE",),
    "schedulingStrategy": ("REPLICA",),
    "platformVersion": ("LATEST", "1.4.0"),
    "platformFamily": ("Linux",),
    "propagateTags": ("NONE",),
    "enableECSManagedTags": (False,),
    "healthCheckGracePeriodSeconds": (0, 60),
    "availabilityZoneRebalancing": ("DISABLED", "ENABLED"),
}
"""What is so under Bambe without being said."""


def from_cluster(running: Running) -> Imported:
    """The project of a cluster and of what its services hang on."""
    account = Account()
    draft = Draft(account)
    draft.top |= {"project": legal_name(running.name), "region": running.region}
    source = f"ecs cluster {running.name}"
    if draft.top["project"] != running.name:
        says = f"it is called {draft.top['project']}: bambe.yml's names are stricter"
        account.add(Note("changed", source, 0, "", says))
    for says in running.unseen:
        account.add(Note("left", source, 0, "", f"it may not be read: {says}", "see what of it is missing"))
    services = [one for one in running.services if _is_ours(one, account)]
    if not services:
        raise Unreadable(f"the cluster {running.name} has no service that can be imported.")
    traffic = Traffic(draft)
    names = _names(services)
    for one in services:
        _service(draft, traffic, one, names[one.name])
    traffic.settle_domain(running, names)
    _say_release_once(draft)
    return draft.finish(source)


def _is_ours(one: RunningService, account: Account) -> bool:
    kind = one.service.get("deploymentController", {}).get("type", "ECS")
    daemon = one.service.get("schedulingStrategy") == "DAEMON"
    if kind != "EXTERNAL" and not daemon:
        return True
    says = "a daemon: one task on each machine" if daemon else "another tool deploys it (EXTERNAL)"
    account.add(Note("left", f"ecs service {one.name}", 0, "", f"{says}: not carried"))
    return False


def _names(services: list[RunningService]) -> dict[str, str]:
    """A service is called as it is; a name that is not legal gives way to Cloud Map's, or a container's."""
    wished: dict[str, str] = {}
    for one in services:
        container = main_container(one.definition, one.service).get("name", "")
        candidates = (one.name, one.registry.get("Name", ""), container)
        wished[one.name] = next(
            (
                name
                for name in candidates
                if name and legal_name(name) == name and name not in wished.values()
            ),
            one.name,
        )
    made = names_for(list(wished.values()))
    return {name: made[wish] for name, wish in wished.items()}


def _service(draft: Draft, traffic: Traffic, one: RunningService, name: str) -> None:
    said: Said = {}
    draft.services[name] = said
    file = f"ecs service {one.name}"
    part = draft.account.open(file, from_data(wish_of("service", one.service), file), name)
    part.at("serviceName").take()
    if name != one.name:
        part.at("serviceName").change(f"{one.name!r} is called {name}")
    put_source(draft, one, name)
    put_task(draft, part, one, name)
    put_traffic(traffic, part, one, name)
    _count(part, said)
    put_scaling(draft, one, name)
    put_release(draft, part, one, name)
    if part.at("enableExecuteCommand"):
        said["exec"] = part.at("enableExecuteCommand").take() is True
    for key, values in IMPLIED.items():
        part.at(*key.split(".")).take_if(*values)
    leave_known(part, LEFT)


def _count(part: Part, said: Said) -> None:
    count = part.at("desiredCount")
    if count:
        put_tasks(said, count, int(count.value))


def _say_release_once(draft: Draft) -> None:
    """What most services do is said once, at the top; so is what nobody says otherwise."""
    releases = [repr(one["release"]) for one in draft.services.values() if isinstance(one["release"], dict)]
    if not releases:
        return
    common = Counter(releases).most_common(1)[0][0]
    for said in draft.services.values():
        if repr(said["release"]) == common:
            draft.top["release"] = said.pop("release")
