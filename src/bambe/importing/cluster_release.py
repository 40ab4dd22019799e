"""How a running service is released: by CodeDeploy, by ECS's strategies, or in place."""

from __future__ import annotations

import re
from typing import Any

import yaml

from bambe.evidence.wishes import ANALYSIS, BY_PEOPLE, QUEUE, SYNTHETIC
from bambe.importing.account import Note, Part
from bambe.importing.cluster_running import Described, RunningService, wish_of
from bambe.importing.draft import Draft, Said
from bambe.importing.tree import from_data

PREDEFINED = re.compile(r"CodeDeployDefault\.ECS(Canary|Linear)(\d+)Percent(?:Every)?(\d+)Minutes")
EVENTS = ("BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic")
STAGES = {
    "PRE_SCALE_UP": "BeforeInstall",
    "POST_SCALE_UP": "AfterInstall",
    "POST_TEST_TRAFFIC_SHIFT": "AfterAllowTestTraffic",
    "PRE_PRODUCTION_TRAFFIC_SHIFT": "BeforeAllowTraffic",
    "POST_PRODUCTION_TRAFFIC_SHIFT": "AfterAllowTraffic",
}
"""ECS's stages and CodeDeploy's lifecycle events."""
STRATEGIES = {"CANARY": "canary", "LINEAR": "linear", "BLUE_GREEN": "all_at_once"}
LONGEST = 48 * 60


def put_release(draft: Draft, part: Part, one: RunningService, name: str) -> None:
    """`release`; with the tags that Bambe heeds, where there are any."""
    said = draft.services[name]
    kind = part.at("deploymentController", "type").take() or "ECS"
    part.at("deploymentController").take()
    configuration = part.at("deploymentConfiguration")
    strategy = configuration.at("strategy").text or "ROLLING"
    if kind == "CODE_DEPLOY":
        configuration.take()
        said["release"] = _by_codedeploy(draft, one, name)
    elif strategy in STRATEGIES:
        said["release"] = _by_ecs(configuration, strategy)
    else:
        _rolling(configuration)
        said["release"] = "rolling"
    if isinstance(said["release"], dict):
        said["release"] |= _heeded(one.tags, kind)
        _take_tags(part)


def _rolling(part: Part) -> None:
    part.at("strategy").take_if("ROLLING")
    part.at("minimumHealthyPercent").take_if(100)
    part.at("maximumPercent").take_if(200)
    part.at("bakeTimeInMinutes").take_if(0)
    part.at("deploymentCircuitBreaker", "enable").take_if(False)
    part.at("deploymentCircuitBreaker", "rollback").take_if(False)
    part.at("alarms", "enable").take_if(False)
    part.at("alarms", "rollback").take_if(False)
    advice = "with `release: {strategy: canary, alarms: [name]}`"
    part.at("alarms").leave("alarms stop releases that shift traffic", advice)
    part.at("minimumHealthyPercent").leave("100 % of the tasks stay ready")
    part.at("maximumPercent").leave("at most 200 % of the tasks run")


def _by_codedeploy(draft: Draft, one: RunningService, name: str) -> Said:
    if not one.group:
        says = "CodeDeploy releases it, by a deployment group that is not there or may not be read"
        draft.account.add(
            Note("guessed", f"ecs service {one.name}", 0, "release", says, "see `release`", name)
        )
        return {"strategy": "all_at_once"}
    file = f"codedeploy group {one.group.get('deploymentGroupName', '')}"
    part = draft.account.open(f"{file} of {name}", from_data(wish_of("group", one.group), file), name)
    release = _shifts(draft, one, name)
    waits = part.at("blueGreenDeploymentConfiguration")
    _ready(waits.at("deploymentReadyOption"), release)
    ending = waits.at("terminateBlueInstancesOnDeploymentSuccess")
    if ending.at("action").text == "KEEP_ALIVE":
        release["keep_old"] = "48h"
        ending.at("action").change("the old version is kept for ever: it ends after 48h, the longest wait")
    ending.at("action").take_if("TERMINATE")
    wait = ending.at("terminationWaitTimeInMinutes")
    if wait:
        release["keep_old"] = _minutes(wait, LONGEST)
    part.at("deploymentStyle", "deploymentType").take_if("BLUE_GREEN")
    part.at("deploymentStyle", "deploymentOption").take_if("WITH_TRAFFIC_CONTROL")
    _rollback(part.at("autoRollbackConfiguration"))
    _alarms(part.at("alarmConfiguration"), release, "alarms", "enabled")
    part.at("terminationHookEnabled").take_if(False)
    part.at("outdatedInstancesStrategy").take()
    part.at("triggerConfigurations").leave("notifications", "EventBridge gets every event of a release")
    hooks = _hooks(one.appspec)
    if hooks:
        release["hooks"] = hooks
    return release


def _shifts(draft: Draft, one: RunningService, name: str) -> Said:
    said = str(one.group.get("deploymentConfigName", ""))
    hit = PREDEFINED.fullmatch(said)
    if hit:
        return _shift(hit[1].lower(), int(hit[2]), int(hit[3]))
    file = f"codedeploy configuration {said}"
    part = draft.account.open(f"{file} of {name}", from_data(wish_of("config", one.config), file), name)
    routing = part.at("trafficRoutingConfig")
    for kind, member, prefix in (
        ("canary", "timeBasedCanary", "canary"),
        ("linear", "timeBasedLinear", "linear"),
    ):
        inner = routing.at(member)
        if inner:
            routing.take()
            return _shift(kind, inner.at(f"{prefix}Percentage").value, inner.at(f"{prefix}Interval").value)
    routing.take()
    return {"strategy": "all_at_once"}


def _shift(strategy: str, percent: Any, minutes: Any) -> Said:
    return {"strategy": strategy, "percent": int(percent), "interval": f"{int(minutes)}m"}


def _ready(part: Part, release: Said) -> None:
    minutes = part.at("waitTimeInMinutes")
    if part.at("actionOnTimeout").take() == "STOP_DEPLOYMENT" and minutes.value:
        release["approval"] = _minutes(minutes, LONGEST)
    else:
        minutes.take()


def _rollback(part: Part) -> None:
    wanted = {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"}
    if part.at("enabled").value and set(part.at("events").value or ()) == wanted:
        part.take()
    else:
        part.change("every release that fails, is stopped or has an alarm goes back")


def _alarms(part: Part, release: Said, key: str, enabled: str) -> None:
    names = [one.at("name") if one.is_mapping else one for one in part.at(key).each()]
    part.at("ignorePollAlarmFailure").take_if(False)
    part.at("rollback").take_if(True)
    if names and part.at(enabled).value is not True:
        part.leave("alarms that are not heeded")
        return
    part.at(enabled).take()
    if names:
        release["alarms"] = list(dict.fromkeys(one.take_text() for one in names))
        names[0].review("alarms are carried by name", "they must exist where this bambe.yml is brought up")


def _minutes(part: Part, most: int) -> str:
    minutes = int(part.value)
    if minutes > most:
        part.change(f"{minutes} minutes are {most}, the longest wait")
    else:
        part.take()
    return f"{min(minutes, most)}m"


def _hooks(appspec: str) -> dict[str, str]:
    """Functions that the last release's AppSpec names."""
    try:
        said = yaml.safe_load(appspec) if appspec else None
    except yaml.YAMLError:
        return {}
    hooks = said.get("Hooks") if isinstance(said, dict) else None
    pairs = [pair for one in hooks or () if isinstance(one, dict) for pair in one.items()]
    return {event: str(function) for event, function in pairs if event in EVENTS}


MEMBERS = {
    "CANARY": ("canaryConfiguration", "canaryPercent", "canaryBakeTimeInMinutes"),
    "LINEAR": ("linearConfiguration", "stepPercent", "stepBakeTimeInMinutes"),
}


def _by_ecs(part: Part, strategy: str) -> Said:
    release: Said = {"controller": "ecs", "strategy": STRATEGIES[strategy]}
    part.at("strategy").take()
    if strategy in MEMBERS:
        member, percent, bake = MEMBERS[strategy]
        _steps(part.at(member, percent), part.at(member, bake), release)
    if part.at("bakeTimeInMinutes"):
        release["keep_old"] = _minutes(part.at("bakeTimeInMinutes"), 24 * 60)
    for hook in part.at("lifecycleHooks").each():
        _stage(hook, release)
    _alarms(part.at("alarms"), release, "alarmNames", "enable")
    part.at("minimumHealthyPercent").take_if(100)
    part.at("maximumPercent").take_if(200)
    part.at("deploymentCircuitBreaker", "enable").take_if(True)
    part.at("deploymentCircuitBreaker", "rollback").take_if(True)
    return release


def _steps(share: Part, wait: Part, release: Said) -> None:
    if share:
        release["percent"] = max(1, min(99, round(float(share.value))))
        if release["percent"] == share.value:
            share.take()
        else:
            share.change(f"{share.text} % is {release['percent']} %: whole percents from 1 to 99")
    if wait.value == 0:
        release["interval"] = "1m"
        wait.change("no wait is 1m, the shortest")
    elif wait:
        release["interval"] = _minutes(wait, 24 * 60)


def _stage(hook: Part, release: Said) -> None:
    stages = [one.text for one in hook.at("lifecycleStages").each()]
    if hook.at("targetType").text == "PAUSE":
        minutes = hook.at("timeoutConfiguration", "timeoutInMinutes")
        release["approval"] = _minutes(minutes, LONGEST) if minutes else "24h"
        hook.take()
        return
    target = hook.at("hookTargetArn").text
    events = [STAGES[stage] for stage in stages if stage in STAGES]
    if not events or len(events) < len(stages) or not re.fullmatch(r"[A-Za-z0-9:_-]{1,140}", target):
        hook.leave("a hook that bambe.yml cannot say")
        return
    release.setdefault("hooks", {}).update(dict.fromkeys(events, target))
    hook.take()


def _heeded(tags: Described, kind: str) -> Said:
    """What is not among the tags is off, where Bambe has made them."""
    if not {QUEUE, ANALYSIS, SYNTHETIC} & set(tags):
        return {}
    made: Said = {"analysis": tags.get(ANALYSIS, "off")}
    if kind == "CODE_DEPLOY":
        made["queue"] = tags.get(QUEUE, "off")
    if tags.get(SYNTHETIC):
        made["synthetic"] = tags[SYNTHETIC].split()
    return made


def _take_tags(part: Part) -> None:
    for tag in part.at("tags").each():
        if tag.at("key").text in {QUEUE, ANALYSIS, SYNTHETIC, *BY_PEOPLE}:
            tag.take()
