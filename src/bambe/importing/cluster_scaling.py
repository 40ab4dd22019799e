"""Application Auto Scaling of a running service: what goes by the hour is `schedule`."""

from __future__ import annotations

import re

from bambe.importing.account import Part
from bambe.importing.cluster_running import RunningService, wish_of
from bambe.importing.draft import Draft
from bambe.importing.tree import from_data
from bambe.kernel import cron

MOST = 20


def put_scaling(draft: Draft, one: RunningService, name: str) -> None:
    """`schedule`; scaling by load is left."""
    said = draft.services[name]
    times: list[dict[str, object]] = []
    for action in one.actions:
        file = f"application-autoscaling action {action.get('ScheduledActionName', '')}"
        part = draft.account.open(f"{file} of {name}", from_data(wish_of("action", action), file), name)
        made = _hours(part)
        if made and len(times) < MOST:
            part.take()
            times.append(made)
        else:
            part.leave("a scheduled action that is not `cron` with one number of tasks", "write `schedule`")
    if times:
        said["schedule"] = times
    for number, policy in enumerate(one.policies):
        file = f"application-autoscaling policy {policy.get('PolicyName', number)}"
        node = from_data({"Policy": policy.get("PolicyType", "") or "policy"}, file)
        draft.account.open(f"{file} of {name}", node, name).at("Policy").leave(
            "there is no scaling by load", "`tasks`, or `schedule` by the hour"
        )
    _bounds(draft, one, name)


def _bounds(draft: Draft, one: RunningService, name: str) -> None:
    if not one.scaling:
        return
    said = draft.services[name]
    file = f"application-autoscaling target {one.name}"
    part = draft.account.open(f"{file} of {name}", from_data(wish_of("scaling", one.scaling), file), name)
    counts = [said.get("tasks", 1), *(hours["tasks"] for hours in said.get("schedule", ()))]
    for key, count in (("MinCapacity", min(counts)), ("MaxCapacity", max(counts))):
        if not part.at(key).take_if(count):
            part.at(key).leave(f"there is no scaling by load: {count} is what `tasks` and `schedule` come to")


def _hours(part: Part) -> dict[str, object] | None:
    hit = re.fullmatch(r"cron\((.+)\)", part.at("Schedule").text)
    least, most = (part.at("ScalableTargetAction", key).value for key in ("MinCapacity", "MaxCapacity"))
    if hit is None or least is None or least != most or not 0 <= least <= 100:
        return None
    if part.at("StartTime") or part.at("EndTime"):
        return None
    try:
        cron.parse(hit[1])
    except cron.BadCron:
        return None
    zone = part.at("Timezone").text
    return {"cron": hit[1], "tasks": least} | ({"timezone": zone} if zone and zone != "UTC" else {})
