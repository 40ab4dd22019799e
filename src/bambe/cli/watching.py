"""A release as it is now: phase, weights, health, errors, and what happens next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bambe.cli import ledgers
from bambe.cli.by_codedeploy import READY, SHIFT, WAIT, ByCodeDeploy, codedeploy_under_way
from bambe.cli.coming import native_next, share, when
from bambe.cli.ledgers import Ledger
from bambe.cli.look import Look, Version
from bambe.cli.native import native_under_way
from bambe.cli.phases import phase_of
from bambe.cli.stages import says
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two versions. `healthy` of `targets` targets; `errors` of `requests` since it began, None
    where nobody counts them."""

    name: str
    version: str
    weight: float
    running: int
    desired: int
    healthy: int
    targets: int
    requests: int | None = None
    errors: int | None = None
    dropped: int | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A release at a moment; `says` is where it is, `next` what comes and when."""

    service: str
    deployment: str
    says: str
    sides: tuple[Side, ...]
    verdict: str
    next: str
    queued: tuple[str, ...]
    hindrances: tuple[str, ...] = ()


def scene(target: Target, look: Look, scale: float, now: datetime) -> Scene | None:
    """The release under way of the service that was looked at, or None."""
    service = look.service
    if not look.release or target.project.is_rolling(service):
        return None
    if target.is_by_ecs(service):
        return _by_ecs(target, look, scale, now)
    found = codedeploy_under_way(target, service)
    if found is None:
        return None
    shown = target.releases(service).target(found.deployment)
    ledger = _ledger(target, found.deployment)
    return Scene(
        service=service,
        deployment=found.deployment,
        says=phase_of(found.info, shown, found.is_held),
        sides=tuple(_sides(target, shown, ledger, look.versions)),
        verdict=_verdict(ledger),
        next=what_next(found, ledger, scale, now),
        queued=look.queued,
        hindrances=look.hindrances,
    )


def _by_ecs(target: Target, look: Look, scale: float, now: datetime) -> Scene | None:
    """A service deployment that shifts traffic."""
    found = native_under_way(target, look.service)
    if found is None or found.is_rolling:
        return None
    ledger = _ledger(target, found.name)
    old = [_revision(target, "old", one, ledger) for one in found.shown.get("sourceServiceRevisions", ())]
    new = _revision(target, "new", found.shown["targetServiceRevision"], ledger)
    following, where = native_next(found, scale, now), says(found.shown, found.about)
    return Scene(
        service=look.service,
        deployment=found.name,
        says=f"paused ({where})" if found.is_held else where,
        sides=(*old, new),
        verdict=_verdict(ledger),
        next=following,
        queued=(),
        hindrances=look.hindrances,
    )


def _ledger(target: Target, deployment: str) -> Ledger:
    """What is written of a release so far."""
    try:
        return ledgers.find(target.client("logs"), deployment)
    except Trouble:
        return Ledger(deployment, (), "")


def _verdict(ledger: Ledger) -> str:
    verdicts = [record.body for record in ledger.records if record.kind == "verdict"]
    return f"{verdicts[-1]['verdict']}: {verdicts[-1]['why']}" if verdicts else ""


def _revision(target: Target, name: str, shown: Mapping[str, Any], ledger: Ledger) -> Side:
    ecs, arn = target.client("ecs"), shown["arn"]
    (found,) = ecs.describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"]
    balancers = found.get("resolvedConfiguration", {}).get("loadBalancers", ())
    states = [state for one in balancers for state in _states(target, one["targetGroupArn"])]
    return Side(
        name=name,
        version=found["taskDefinition"].rsplit("/", 1)[-1],
        weight=shown["requestedProductionTrafficWeight"],
        running=shown["runningTaskCount"],
        desired=shown["requestedTaskCount"],
        healthy=states.count("healthy"),
        targets=len(states),
        **_counted(ledger, name),
    )


def _counted(ledger: Ledger, name: str) -> dict[str, int]:
    """What the old or the new version had of requests, errors and drops."""
    counted = ledger.last.get("counts", {}).get({"old": "blue", "new": "green"}[name], {})
    return {
        "requests": counted.get("requests", 0),
        "errors": counted.get("by_class", {}).get("5xx", 0),
        "dropped": counted.get("dropped", 0),
    }


def what_next(found: ByCodeDeploy, ledger: Ledger, scale: float, now: datetime) -> str:
    """What the release does next, and when."""
    if found.is_way_back:
        return "the new version ends"
    if found.is_held:
        return f"paused: `bambe approve {found.service}` lets it go on"
    if found.phase == READY:
        return f"waits for `bambe approve {found.service}`; nobody gets the new version yet"
    if found.phase == WAIT:
        minutes = found.info["blueGreenDeploymentConfiguration"][
            "terminateBlueInstancesOnDeploymentSuccess"
        ].get("terminationWaitTimeInMinutes", 0)
        return f"the old version ends {when(_weighed_at(ledger, 100), minutes, scale, now)}"
    if found.phase == SHIFT:
        return _next_step(ledger, scale, now)
    running = [name for name, status in found.events.items() if status == "InProgress"]
    return f"after {running[0]}: traffic" if running else "it begins"


def _next_step(ledger: Ledger, scale: float, now: datetime) -> str:
    steps: Sequence[Sequence[int]] = ledger.records[0].body["steps"] if ledger.records else ()
    done = [record.body["weight"] for record in ledger.records if record.kind == "weight"]
    for number, (percent, minutes) in enumerate(steps[:-1]):
        if percent in done and steps[number + 1][0] not in done:
            moment = when(_weighed_at(ledger, percent), minutes, scale, now)
            return f"{share(steps[number + 1][0])} to the new version {moment}"
    return "the first traffic to the new version"


def _weighed_at(ledger: Ledger, percent: int) -> datetime | None:
    moments = [
        record.at for record in ledger.records if record.kind == "weight" and record.body["weight"] == percent
    ]
    return datetime.fromisoformat(moments[-1]) if moments else None


def _sides(
    target: Target, shown: Mapping[str, Any], ledger: Ledger, versions: Sequence[Version]
) -> list[Side]:
    tags = {one.id: one.tag for one in versions}
    found = []
    for one in sorted(shown.get("taskSetsInfo", ()), key=lambda one: str(one["taskSetLabel"])):
        name = "old" if one["taskSetLabel"] == "Blue" else "new"
        states = _health(target, one["targetGroup"]["name"])
        found.append(
            Side(
                name=name,
                version=tags.get(one["identifer"], ""),
                weight=one["trafficWeight"],
                running=one["runningCount"],
                desired=one["desiredCount"],
                healthy=states.count("healthy"),
                targets=len(states),
                **_counted(ledger, name),
            )
        )
    return found


def _health(target: Target, group: str) -> list[str]:
    found = target.client("elbv2").describe_target_groups(Names=[group])["TargetGroups"]
    return _states(target, found[0]["TargetGroupArn"])


def _states(target: Target, group: str) -> list[str]:
    answer = target.client("elbv2").describe_target_health(TargetGroupArn=group)
    return [one["TargetHealth"]["State"] for one in answer["TargetHealthDescriptions"]]


def waits(look: Look, seen: str) -> list[str]:
    """What a service without a release to be shown waits for, in sentences: no build once a release has
    been `seen`, since the one that began it may still be tidying up."""
    found = []
    if look.release and look.release != seen:
        found.append(f"{look.release} {look.release_says} ({look.running} of {look.desired} tasks run)")
    found += [f"{one} waits for its turn" for one in look.queued]
    if not found and look.is_building and not seen:
        found.append(f"{look.build}; its release follows")
    return [*found, *look.hindrances] if found else []
