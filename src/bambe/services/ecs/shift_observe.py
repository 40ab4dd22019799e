"""What a shifting deployment sees: its task sets in the store, its rules at the load balancer, its alarms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bambe.evidence.analysis import Verdict
from bambe.evidence.watched import Judgement
from bambe.evidence.wishes import ANALYSIS, FINISH, HOLD, PROMOTE, ROLLBACK
from bambe.kernel.call import Aws, Tx
from bambe.kernel.errors import AwsError
from bambe.services.ecs import lookup, planner, strategy
from bambe.services.ecs.model import Service, SetStatus, Shape, Task, TaskSet
from bambe.services.ecs.service_deployment import ServiceDeployment, ServiceRevision, Stage
from bambe.services.ecs.shift_actions import Part, Routes, Seen
from bambe.services.ecs.tables import JUDGEMENTS, SERVICE_REVISIONS, SERVICES

NETWORKING = (
    "invalid networking configuration. Both targetGroup and alternateTargetGroup must be associated with the"
    " productionListenerRule or testListenerRule."
)
NO_RULES = (Stage.CLEAN_UP,)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a load balancer, and which of its target groups is the source's and which the target's."""

    arn: str
    source: str
    target: str
    actions: Sequence[Mapping[str, Any]] = ()
    listener: str = ""
    """The rule's listener, where it is the default one."""

    @property
    def weights(self) -> dict[str, int]:
        for action in self.actions:
            if action.get("Type") == "forward":
                groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
                return {one["TargetGroupArn"]: int(one.get("Weight", 1)) for one in groups}
        return {}

    @property
    def share(self) -> float | None:
        """What the target has, in percent."""
        found = self.weights
        whole = found.get(self.source, 0) + found.get(self.target, 0)
        return 100 * found.get(self.target, 0) / whole if whole else None

    @property
    def has_both(self) -> bool:
        return {self.source, self.target} <= self.weights.keys()


@dataclass(frozen=True, slots=True)
class World:
    """What was seen, and the rules to act on."""

    seen: Seen
    rules: tuple[Rule, ...] = ()
    test_rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """What the store has of a deployment."""

    deployment: ServiceDeployment
    service: Service | None
    sets: Sequence[TaskSet] = field(default_factory=list)
    tasks: Sequence[Task] = field(default_factory=list)
    target: ServiceRevision | None = None
    judged: Judgement | None = None


def rows_of(tx: Tx, deployment: ServiceDeployment) -> Rows:
    """The service, its task sets and tasks, and the revision that comes in."""
    service = SERVICES.find(tx, *deployment.service_key)
    return Rows(
        deployment,
        service,
        lookup.sets_of(tx, service) if service else (),
        lookup.tasks_of(tx, service) if service else (),
        SERVICE_REVISIONS.find(tx, *deployment.service_key, deployment.target),
        JUDGEMENTS.find(tx, deployment.account, deployment.region, deployment.id),
    )


async def observe(aws: Aws, rows: Rows) -> World:
    """Everything the planner needs to know now."""
    deployment, service = rows.deployment, rows.service
    if service is None:
        return World(Seen())
    asks = deployment.stage not in NO_RULES or deployment.going_back
    rules, test_rules = await _rules(aws, rows) if asks else ((), ())
    named = {deployment.source_set, deployment.target_set}
    target = next((one for one in rows.sets if one.id == deployment.target_set), None)
    configuration = deployment.configuration
    breaker = configuration.get("deploymentCircuitBreaker") or {}
    seen = Seen(
        source=_part(rows, deployment.source_set),
        target=_part(rows, deployment.target_set),
        others=tuple(_made(rows, one) for one in rows.sets if one.id not in named),
        routes=_routes(_there(rules), _there(test_rules)),
        problem=_problem(rows, rules, test_rules) if asks else "",
        failures=planner.failures(service, target) if target else 0,
        threshold=strategy.threshold(configuration, service.desired_count) if breaker.get("enable") else 0,
        breaker_rolls_back=bool(breaker.get("rollback")),
        alarms=await ringing(aws, deployment),
        alarms_roll_back=bool((configuration.get("alarms") or {}).get("rollback")),
        worse=_worse(rows, service),
        held=service.tags.get(HOLD) == deployment.id,
        promoted=service.tags.get(PROMOTE) == deployment.id,
        finish=service.tags.get(FINISH) == deployment.id,
    )
    return World(seen, rules, test_rules)


async def ringing(aws: Aws, deployment: ServiceDeployment) -> tuple[str, ...]:
    """The deployment's alarms that are in ALARM, and were not when it began.

    An alarm that cannot be read does not ring; ECS goes on ("Deployment alarms"). That CloudWatch fails just
    now says nothing of an alarm: it raises, and is asked again.
    """
    names = strategy.alarms(deployment.configuration)
    if not names or deployment.going_back:
        return ()
    types = ["MetricAlarm", "CompositeAlarm"]
    try:
        answer = await aws.cloudwatch.describe_alarms(
            AlarmNames=list(names), AlarmTypes=types, StateValue="ALARM"
        )
    except AwsError as error:
        if error.fault == "server" and error.wire_code() != "NotImplemented":
            raise
        return ()
    found = [
        one["AlarmName"] for one in (*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ()))
    ]
    return tuple(sorted(set(found) - set(deployment.ignored_alarms or ())))


def _worse(rows: Rows, service: Service) -> str:
    """What was found against the target revision, where the service is to go back for that."""
    asked = service.tags.get(ANALYSIS) == ROLLBACK
    judged = rows.judged
    return judged.why if judged and asked and judged.verdict == Verdict.WORSE else ""


def _part(rows: Rows, name: str) -> Part | None:
    found = next((one for one in rows.sets if one.id == name), None)
    return _made(rows, found) if found else None


def _made(rows: Rows, one: TaskSet) -> Part:
    service = rows.service
    wanted = one.computed_count(service.wanted) if service else 0
    return Part(
        id=one.id,
        scale=one.scale,
        settled=one.is_steady and one.scale > 0 and _count(rows, one) == wanted,
        draining=one.status == SetStatus.DRAINING,
        tasks=sum(task.task_set == one.id for task in rows.tasks),
    )


def _count(rows: Rows, one: TaskSet) -> int:
    """Ready tasks; a set just scaled counts as steady until the planner has looked."""
    return sum(task.task_set == one.id and task.is_live and task.is_ready for task in rows.tasks)


def _there(rules: Sequence[Rule]) -> list[Rule]:
    """The rules that exist: nothing can be told the others."""
    return [rule for rule in rules if rule.actions]


def _routes(rules: Sequence[Rule], test_rules: Sequence[Rule]) -> Routes:
    return Routes(
        production=_share(rules),
        test=_share(test_rules),
        has_production=bool(rules),
        has_test=bool(test_rules),
    )


def _share(rules: Sequence[Rule]) -> float | None:
    shares = {rule.share for rule in rules}
    return shares.pop() if len(shares) == 1 else None


def _problem(rows: Rows, rules: Sequence[Rule], test_rules: Sequence[Rule]) -> str:
    if any(not rule.actions for rule in (*rules, *test_rules)):
        return "invalid networking configuration. A listener rule does not exist."
    return "" if all(rule.has_both for rule in rules) else NETWORKING


def pairs(target: ServiceRevision | None) -> Iterator[tuple[Shape, str, str]]:
    """Each pair of target groups: its advancedConfiguration, the source revision's group, the target's."""
    for said in target.load_balancers if target else ():
        advanced = said.get("advancedConfiguration")
        if advanced and target:
            pair = (said["targetGroupArn"], advanced["alternateTargetGroupArn"])
            yield advanced, pair[1 - target.colour], pair[target.colour]


async def _rules(aws: Aws, rows: Rows) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    production, test = [], []
    for advanced, source, target in pairs(rows.target):
        production.append(await _rule(aws, advanced["productionListenerRule"], source, target))
        if advanced.get("testListenerRule"):
            test.append(await _rule(aws, advanced["testListenerRule"], source, target))
    return tuple(production), tuple(test)


async def _rule(aws: Aws, arn: str, source: str, target: str) -> Rule:
    try:
        (found,) = (await aws.elbv2.describe_rules(RuleArns=[arn]))["Rules"]
    except AwsError as error:
        if error.wire_code() != "RuleNotFound":
            raise
        return Rule(arn, source, target)
    listener = (
        arn.rpartition("/")[0].replace(":listener-rule/", ":listener/") if found.get("IsDefault") else ""
    )
    return Rule(arn, source, target, found["Actions"], listener)


async def weigh(aws: Aws, rule: Rule, percent: float) -> None:
    """Give the target of a rule its share; other actions and settings of the rule stay."""
    actions = [_weighed(action, rule, percent) for action in rule.actions]
    if rule.listener:
        await aws.elbv2.modify_listener(ListenerArn=rule.listener, DefaultActions=actions)
    else:
        await aws.elbv2.modify_rule(RuleArn=rule.arn, Actions=actions)


def _weighed(action: Mapping[str, Any], rule: Rule, percent: float) -> Shape:
    if action.get("Type") != "forward":
        return dict(action)
    config = dict(action.get("ForwardConfig") or {})
    # Weights are whole numbers up to 999; a tenth of a percent needs a thousand in all.
    whole, share = (100, int(percent)) if percent == int(percent) else (1000, round(percent * 10))
    pair = {rule.source: whole - share, rule.target: share}
    groups = [one for one in config.get("TargetGroups", ()) if one["TargetGroupArn"] not in pair]
    config["TargetGroups"] = [
        *({"TargetGroupArn": arn, "Weight": weight} for arn, weight in pair.items()), *groups
    ]  # fmt: skip
    kept = {key: value for key, value in action.items() if key != "TargetGroupArn"}
    return {**kept, "ForwardConfig": config}
