"""The deployment configuration of a service: what may be asked for, AWS's defaults, what follows; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from bambe.services.ecs.errors import InvalidParameterException
from bambe.services.ecs.model import Shape
from bambe.services.ecs.service_deployment import WITHOUT_HOOKS, Hook, ShiftStep, Stage

ROLLING, BLUE_GREEN, LINEAR, CANARY = "ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"
SHIFTING = frozenset({BLUE_GREEN, LINEAR, CANARY})
DAY = 1440
LONGEST_PAUSE = 20160
MOST_HOOKS = 10
DEFAULT_BAKE = 15
"""Minutes, where none are given (CloudFormation: AWS::ECS::Service BakeTimeInMinutes)."""
BLOCKING, DEFERRED = "BLOCKING", "DEFERRED"
NOT_PAUSED = frozenset({Stage.TEST_TRAFFIC_SHIFT, Stage.PRODUCTION_TRAFFIC_SHIFT})
"""They also run during a rollback, which nothing may hold up."""


@dataclass(frozen=True, slots=True)
class EarlySuccess:
    """A rolling deployment is successful with so many percent of its tasks healthy, before (`blocks`) or
    after the tasks of the earlier ones are removed."""

    percent: int
    blocks: bool


def checked(said: Mapping[str, Any]) -> Shape:
    """The configuration whole; InvalidParameterException for what cannot be."""
    strategy = said.get("strategy", ROLLING)
    _percents(said)
    made = {
        **said,
        "strategy": strategy,
        "maximumPercent": said.get("maximumPercent", DEFAULTS["maximumPercent"]),
        "minimumHealthyPercent": said.get("minimumHealthyPercent", DEFAULTS["minimumHealthyPercent"]),
        "deploymentCircuitBreaker": _breaker(said.get("deploymentCircuitBreaker") or {}),
    }
    _only_with(said, "canaryConfiguration", strategy, CANARY)
    _only_with(said, "linearConfiguration", strategy, LINEAR)
    _only_with(said, "earlySuccessCriteria", strategy, ROLLING)
    _early(made)
    if strategy in SHIFTING:
        made["bakeTimeInMinutes"] = _minutes("bakeTimeInMinutes", said.get("bakeTimeInMinutes", DEFAULT_BAKE))
    elif said.get("lifecycleHooks"):
        raise InvalidParameterException("Lifecycle hooks are not supported with the ROLLING strategy.")
    if strategy == CANARY:
        made["canaryConfiguration"] = _canary(said.get("canaryConfiguration") or {})
    if strategy == LINEAR:
        made["linearConfiguration"] = _linear(said.get("linearConfiguration") or {})
    hooks(made)
    return made


OF_STRATEGY = {
    "canaryConfiguration": {CANARY},
    "linearConfiguration": {LINEAR},
    "lifecycleHooks": SHIFTING,
    "bakeTimeInMinutes": SHIFTING,
    "earlySuccessCriteria": {ROLLING},
}


DEFAULTS: dict[str, Any] = {
    "strategy": ROLLING,
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "alarms": {"alarmNames": [], "enable": False, "rollback": False},
    "earlySuccessCriteria": {"enable": False},
    "bakeTimeInMinutes": DEFAULT_BAKE,
    "lifecycleHooks": [],
    "canaryConfiguration": {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 10},
    "linearConfiguration": {"stepPercent": 10.0, "stepBakeTimeInMinutes": 6},
}
"""What AWS takes where nothing is said, as an update can say it."""


def defaults(names: Iterable[str], strategy: str) -> Shape:
    """The settings of these names as an update says them that is to undo them; a strategy that does not know
    one loses it anyway."""
    known = {name for name in DEFAULTS if strategy in OF_STRATEGY.get(name, {strategy})}
    return {name: DEFAULTS[name] for name in sorted(known & set(names))}


def changed(known: Mapping[str, Any], said: Mapping[str, Any]) -> Shape:
    """The configuration with what an update says. A setting it does not name stays, and one that it names is
    replaced whole; what belongs to another strategy than its own goes."""
    strategy = said.get("strategy", known.get("strategy", ROLLING))
    kept = {name: value for name, value in known.items() if strategy in OF_STRATEGY.get(name, {strategy})}
    return checked({**kept, **said})


def steps(configuration: Mapping[str, Any]) -> tuple[ShiftStep, ...]:
    """What the target revision gets, step by step; the last one is always 100 percent."""
    strategy = configuration.get("strategy", ROLLING)
    if strategy == CANARY:
        canary = configuration["canaryConfiguration"]
        first = ShiftStep(float(canary["canaryPercent"]), canary["canaryBakeTimeInMinutes"])
        return (first, ShiftStep(100.0)) if first.percent < 100 else (ShiftStep(100.0),)
    if strategy == LINEAR:
        linear = configuration["linearConfiguration"]
        tenths, minutes = round(float(linear["stepPercent"]) * 10), linear["stepBakeTimeInMinutes"]
        return (*(ShiftStep(n / 10, minutes) for n in range(tenths, 1000, tenths)), ShiftStep(100.0))
    return (ShiftStep(100.0),)


def hooks(configuration: Mapping[str, Any]) -> tuple[Hook, ...]:
    """The lifecycle hooks; InvalidParameterException for those that cannot be."""
    made = tuple(_hook(said) for said in configuration.get("lifecycleHooks") or ())
    functions = sum(bool(hook.function) for hook in made)
    if max(functions, len(made) - functions) > MOST_HOOKS:
        raise InvalidParameterException(
            f"At most {MOST_HOOKS} lifecycle hooks of a target type are possible."
        )
    return made


def threshold(configuration: Mapping[str, Any], desired: int) -> int:
    """How many failed tasks open the circuit breaker (ECS guide: deployment circuit breaker)."""
    said = (configuration.get("deploymentCircuitBreaker") or {}).get("thresholdConfiguration") or {}
    kind, value = said.get("type", "BOUNDED_PERCENT"), int(said.get("value", 50))
    if kind == "COUNT":
        return max(1, value)
    share = ceil(desired * value / 100)
    return max(1, share) if kind == "UNBOUNDED_PERCENT" else min(200, max(3, share))


def resets(configuration: Mapping[str, Any]) -> bool:
    """Whether a healthy task forgives the failures before it."""
    return bool((configuration.get("deploymentCircuitBreaker") or {}).get("resetOnHealthyTask", True))


def alarms(configuration: Mapping[str, Any]) -> tuple[str, ...]:
    """The alarms that fail a deployment."""
    said = configuration.get("alarms") or {}
    return tuple(said.get("alarmNames") or ()) if said.get("enable") else ()


def takes_back(configuration: Mapping[str, Any]) -> bool:
    """Whether an alarm takes a deployment back."""
    return bool(alarms(configuration)) and bool(configuration["alarms"].get("rollback"))


def early_success(configuration: Mapping[str, Any]) -> EarlySuccess | None:
    """When a rolling deployment is successful before all its tasks are healthy, if it may be."""
    said = configuration.get("earlySuccessCriteria") or {}
    if not said.get("enable"):
        return None
    return EarlySuccess(said["healthyPercent"], said["sourceServiceRevisionCleanup"] == BLOCKING)


def check_balancers(strategy: str, balancers: Sequence[Mapping[str, Any]]) -> None:
    """A strategy that shifts traffic needs both target groups and the rule between them."""
    for said in balancers:
        advanced = said.get("advancedConfiguration")
        if strategy in SHIFTING and not advanced:
            raise InvalidParameterException(
                f"The advancedConfiguration of the load balancer is required for the {strategy} deployment"
                " strategy."
            )
        for member in ("alternateTargetGroupArn", "productionListenerRule", "roleArn"):
            if advanced and not advanced.get(member):
                raise InvalidParameterException(f"advancedConfiguration.{member} is required.")
        if advanced and advanced["alternateTargetGroupArn"] == said.get("targetGroupArn"):
            raise InvalidParameterException(
                "The targetGroupArn and the alternateTargetGroupArn must be different target groups."
            )


def _percents(said: Mapping[str, Any]) -> None:
    low, high = said.get("minimumHealthyPercent", 100), said.get("maximumPercent", 200)
    if low < 0 or high < 100:
        raise InvalidParameterException(
            "maximumPercent must be at least 100 and minimumHealthyPercent must not be negative."
        )
    if low >= 100 and high <= 100:
        raise InvalidParameterException(
            "The maximumPercent must be greater than the minimumHealthyPercent, or no deployment can proceed."
        )


def _early(made: Mapping[str, Any]) -> None:
    """ECS API, DeploymentEarlySuccessCriteria."""
    said = made.get("earlySuccessCriteria") or {}
    if not said.get("enable"):
        return
    percent, cleanup = said.get("healthyPercent"), said.get("sourceServiceRevisionCleanup")
    if percent is None or not cleanup:
        raise InvalidParameterException(
            "earlySuccessCriteria needs healthyPercent and sourceServiceRevisionCleanup when it is enabled."
        )
    if not made["minimumHealthyPercent"] <= percent <= 100:
        raise InvalidParameterException(
            "The healthyPercent of the earlySuccessCriteria must be between the minimumHealthyPercent"
            f" ({made['minimumHealthyPercent']}) and 100."
        )
    if cleanup not in (BLOCKING, DEFERRED):
        raise InvalidParameterException(f"sourceServiceRevisionCleanup must be {BLOCKING} or {DEFERRED}.")


def _breaker(said: Mapping[str, Any]) -> Shape:
    configured = said.get("thresholdConfiguration")
    if configured and int(configured["value"]) < 1:
        raise InvalidParameterException("The value of the thresholdConfiguration must be at least 1.")
    return {**DEFAULTS["deploymentCircuitBreaker"], **said}


def _only_with(said: Mapping[str, Any], member: str, strategy: str, wanted: str) -> None:
    if said.get(member) and strategy != wanted:
        raise InvalidParameterException(f"{member} is only valid with the {wanted} deployment strategy.")


def _minutes(name: str, value: int) -> int:
    if not 0 <= value <= DAY:
        raise InvalidParameterException(f"{name} must be between 0 and {DAY}.")
    return value


def _percent(name: str, value: float, least: float) -> float:
    if not least <= value <= 100 or abs(value * 10 - round(value * 10)) > 1e-6:
        raise InvalidParameterException(f"{name} must be a multiple of 0.1 from {least} to 100.0.")
    return float(value)


def _canary(said: Mapping[str, Any]) -> Shape:
    whole = {**DEFAULTS["canaryConfiguration"], **said}
    return {
        "canaryPercent": _percent("canaryPercent", whole["canaryPercent"], 0.1),
        "canaryBakeTimeInMinutes": _minutes("canaryBakeTimeInMinutes", whole["canaryBakeTimeInMinutes"]),
    }


def _linear(said: Mapping[str, Any]) -> Shape:
    whole = {**DEFAULTS["linearConfiguration"], **said}
    return {
        "stepPercent": _percent("stepPercent", whole["stepPercent"], 3.0),
        "stepBakeTimeInMinutes": _minutes("stepBakeTimeInMinutes", whole["stepBakeTimeInMinutes"]),
    }


def _hook(said: Mapping[str, Any]) -> Hook:
    kind, function = said.get("targetType", "AWS_LAMBDA"), said.get("hookTargetArn") or ""
    if kind == "AWS_LAMBDA" and not (function and said.get("roleArn")):
        raise InvalidParameterException("An AWS_LAMBDA lifecycle hook needs a hookTargetArn and a roleArn.")
    if kind == "PAUSE" and function:
        raise InvalidParameterException("hookTargetArn is not supported for PAUSE lifecycle hooks.")
    stages = tuple(Stage(name) for name in said.get("lifecycleStages") or ())
    if not stages:
        raise InvalidParameterException("A lifecycle hook needs at least one lifecycle stage.")
    refused = WITHOUT_HOOKS | (NOT_PAUSED if kind == "PAUSE" else frozenset())
    for stage in stages:
        if stage in refused:
            raise InvalidParameterException(f"{kind} lifecycle hooks are not supported at the stage {stage}.")
    timeout = said.get("timeoutConfiguration") or {}
    minutes = int(timeout.get("timeoutInMinutes", DAY))
    if not 1 <= minutes <= LONGEST_PAUSE:
        raise InvalidParameterException(f"timeoutInMinutes must be between 1 and {LONGEST_PAUSE}.")
    return Hook(
        function=function,
        stages=stages,
        details=said.get("hookDetails"),
        minutes=minutes,
        on_timeout=timeout.get("action", "ROLLBACK"),
    )
