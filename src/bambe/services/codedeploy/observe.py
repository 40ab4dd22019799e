"""What ECS and the load balancer show of one deployment, asked through their own APIs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bambe.evidence.wishes import HOLD, PROMOTE
from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.services.codedeploy.actions import Route, Seen, TaskSet
from bambe.services.codedeploy.deployment import Deployment, Phase

CONTROLLER = "Deployment group's ECSService must be configured for a CODE_DEPLOY deployment controller."
WITHOUT_RULES = (Phase.TERMINATION_WAIT, Phase.DRAIN, Phase.CLEAN_UP)
WAITING = (Phase.INSTALL, Phase.SHIFT)
WITHOUT_ALARMS = (Phase.CLEAN_UP,)
ALARMS = (
    "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the"
    " affected deployments have been stopped. Alarms: <{}>"
)


@dataclass(frozen=True, slots=True)
class World:
    """What was seen, and the descriptions it was read from: `apply` works on those."""

    seen: Seen
    service: Mapping[str, Any] = field(default_factory=dict)
    rules: Sequence[Mapping[str, Any]] = ()
    test_rules: Sequence[Mapping[str, Any]] = ()

    @property
    def primary(self) -> Mapping[str, Any]:
        sets = self.service.get("taskSets", [])
        return next((task_set for task_set in sets if task_set.get("status") == "PRIMARY"), {})


def is_passing(error: AwsError) -> bool:
    """Whether trying again may help; what Bambe does not have stays away."""
    if error.wire_code() == "NotImplemented":
        return False
    return error.fault == "server" or error.wire_code() in ("ThrottlingException", "Throttling")


async def find_service(aws: Aws, cluster: str, service: str) -> tuple[Mapping[str, Any], str]:
    """The service as ECS describes it, and "" or what keeps CodeDeploy from releasing it."""
    try:
        answer = await aws.ecs.describe_services(cluster=cluster, services=[service])
    except AwsError as error:
        if is_passing(error):
            raise
        return {}, f"The Amazon ECS service {service} in cluster {cluster} cannot be used: {error.message}"
    found = next((item for item in answer.get("services", []) if item.get("status") == "ACTIVE"), None)
    if found is None:
        return {}, f"No Amazon ECS service {service} found in cluster {cluster}"
    if (found.get("deploymentController") or {}).get("type") != "CODE_DEPLOY":
        return found, CONTROLLER
    return found, ""


async def observe(aws: Aws, row: Deployment, wishes: Mapping[str, str]) -> World:
    """Everything the planner needs to know now; `wishes` are the tags of the deployment group."""
    service, trouble = await find_service(aws, row.plan.cluster, row.plan.service)
    if trouble:
        return World(Seen(problem=("INVALID_ECS_SERVICE", trouble)), service)
    sets = [_task_set(item) for item in service.get("taskSets", [])]
    try:
        blue_group, green_group, problem = await _groups(aws, row, sets)
        asks = row.phase not in WITHOUT_RULES
        rules = await find_rules(aws, row.plan.listener if asks else "", blue_group)
        test_rules = await find_rules(aws, row.plan.test_listener if asks else "", blue_group)
    except AwsError as error:
        if is_passing(error):
            raise
        message = f"The ELB could not be updated due to the following error: {error.message}"
        return World(Seen(problem=("ELASTIC_LOAD_BALANCING_INVALID", message)), service)
    blue, green = _blue(row, sets), _green(row, sets)
    stopped, reason = await _failures(aws, row, green)
    seen = Seen(
        blue=blue,
        green=green,
        blue_group=blue_group,
        green_group=green_group,
        leftovers=_leftovers(row, sets, green_group),
        routes=tuple(_route(rule, blue_group, green_group) for rule in rules),
        test_routes=tuple(_route(rule, blue_group, green_group) for rule in test_rules),
        healthy=await _healthy(aws, row, green, service),
        stopped=stopped,
        stopped_reason=reason,
        problem=problem,
        alarm=await _alarm(aws, row),
        held=wishes.get(HOLD) == row.id,
        promoted=wishes.get(PROMOTE) == row.id,
    )
    return World(seen, service, rules, test_rules)


async def _alarm(aws: Aws, row: Deployment) -> str:
    """Why an alarm stops this deployment now, or ""; a rollback is not stopped by alarms."""
    names = () if row.is_rollback or row.phase in WITHOUT_ALARMS else row.plan.alarms
    if not names:
        return ""
    types = ["MetricAlarm", "CompositeAlarm"]
    try:
        answer = await aws.cloudwatch.describe_alarms(AlarmNames=list(names), AlarmTypes=types)
    except AwsError as error:
        if is_passing(error):
            raise
        found, trouble = {}, error.message
    else:
        alarms = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
        found = {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}
        missing = [name for name in names if name not in found]
        trouble = f"no alarm {', '.join(missing)}" if missing else ""
    ringing = [name for name in names if found.get(name) == "ALARM"]
    if ringing:
        return ALARMS.format(", ".join(ringing))
    if trouble and not row.plan.ignores_alarm_failure:
        return f"The state of the alarms could not be retrieved from Amazon CloudWatch: {trouble}"
    return ""


def _task_set(item: Mapping[str, Any]) -> TaskSet:
    balancers = item.get("loadBalancers") or [{}]
    return TaskSet(
        id=item["id"],
        status=item.get("status", ""),
        group=balancers[0].get("targetGroupArn", ""),
        external_id=item.get("externalId", ""),
        definition=item.get("taskDefinition", ""),
        steady=item.get("stabilityStatus") == "STEADY_STATE",
    )


def _blue(row: Deployment, sets: Sequence[TaskSet]) -> TaskSet | None:
    if row.blue:
        return next((task_set for task_set in sets if task_set.id == row.blue), None)
    return next((task_set for task_set in sets if task_set.status == "PRIMARY"), None)


def _green(row: Deployment, sets: Sequence[TaskSet]) -> TaskSet | None:
    return next((task_set for task_set in sets if task_set.external_id == row.external_id), None)


def _leftovers(row: Deployment, sets: Sequence[TaskSet], green_group: str) -> tuple[TaskSet, ...]:
    """Task sets that a stopped or KEEP_ALIVE deployment left in the group green is to have."""
    return tuple(
        task_set
        for task_set in sets
        if task_set.group == green_group
        and task_set.external_id != row.external_id
        and task_set.status == "ACTIVE"
    )


async def _groups(
    aws: Aws, row: Deployment, sets: Sequence[TaskSet]
) -> tuple[str, str, tuple[str, str] | None]:
    if row.blue_group:
        return row.blue_group, row.green_group, None
    answer = await aws.elbv2.describe_target_groups(Names=list(row.plan.pair))
    arns = [group["TargetGroupArn"] for group in answer["TargetGroups"]]
    primary = next((task_set for task_set in sets if task_set.status == "PRIMARY"), None)
    if primary is None or len(arns) != 2:
        return "", "", None
    if primary.group not in arns:
        message = (
            "The primary task set's target group is none of the deployment group's pair"
            f" {' and '.join(row.plan.pair)}"
        )
        return "", "", ("ELASTIC_LOAD_BALANCING_INVALID", message)
    other = arns[1] if primary.group == arns[0] else arns[0]
    return primary.group, other, None


async def find_rules(aws: Aws, listener: str, blue_group: str) -> list[Mapping[str, Any]]:
    """The listener's rules (the default one too) that forward to the live target group."""
    if not listener or not blue_group:
        return []
    found: list[Mapping[str, Any]] = []
    marker: dict[str, str] = {}
    while True:
        answer = await aws.elbv2.describe_rules(ListenerArn=listener, **marker)
        found += [rule for rule in answer["Rules"] if blue_group in weights(rule)]
        if not answer.get("NextMarker"):
            return found
        marker = {"Marker": answer["NextMarker"]}


def weights(rule: Mapping[str, Any]) -> dict[str, int]:
    """Target group ARN -> weight, of the rule's forward action."""
    for action in rule.get("Actions", []):
        if action.get("Type") != "forward":
            continue
        groups = (action.get("ForwardConfig") or {}).get("TargetGroups")
        if groups:
            return {group["TargetGroupArn"]: group.get("Weight", 1) for group in groups}
        if action.get("TargetGroupArn"):
            return {action["TargetGroupArn"]: 1}
    return {}


def _route(rule: Mapping[str, Any], blue_group: str, green_group: str) -> Route:
    found = weights(rule)
    return Route(found[blue_group], found.get(green_group))


async def _healthy(aws: Aws, row: Deployment, green: TaskSet | None, service: Mapping[str, Any]) -> bool:
    """Whether every target of green is healthy; asked only while that is what we wait for."""
    if row.phase is not Phase.INSTALL or green is None or not green.steady:
        return False
    wanted = next(
        (item.get("computedDesiredCount", 0) for item in service["taskSets"] if item["id"] == green.id), 0
    )
    answer = await aws.elbv2.describe_target_health(TargetGroupArn=row.green_group)
    states = [target["TargetHealth"]["State"] for target in answer["TargetHealthDescriptions"]]
    living = [state for state in states if state not in ("draining", "unhealthy.draining")]
    return len(living) >= wanted and all(state == "healthy" for state in living)


async def _failures(aws: Aws, row: Deployment, green: TaskSet | None) -> tuple[int, str]:
    """How many tasks of green have stopped, and why the last one did."""
    if row.phase not in WAITING or green is None or green.steady:
        return 0, ""
    stopped = await tasks_of(aws, row, green.id, desiredStatus="STOPPED")
    tasks = [task for task in stopped if not _scaled_in(task)]
    if not tasks:
        return 0, ""
    last = max(tasks, key=lambda task: str(task.get("stoppedAt") or task.get("stoppingAt") or ""))
    return len(tasks), _why_stopped(last)


async def tasks_of(aws: Aws, row: Deployment, task_set: str, **which: str) -> list[Mapping[str, Any]]:
    """The tasks of a task set; of the service's thousands each page is looked through."""
    found: list[Mapping[str, Any]] = []
    token: dict[str, str] = {}
    where = {"cluster": row.plan.cluster, "serviceName": row.plan.service, **which}
    while True:
        listed = await aws.ecs.list_tasks(**where, **token)
        if listed["taskArns"]:
            answer = await aws.ecs.describe_tasks(cluster=row.plan.cluster, tasks=listed["taskArns"])
            found += [task for task in answer["tasks"] if task.get("startedBy") == task_set]
        if not listed.get("nextToken"):
            return found
        token = {"nextToken": listed["nextToken"]}


def _scaled_in(task: Mapping[str, Any]) -> bool:
    """Stopped because fewer are wanted, or by hand: no sign of a bad version."""
    return task.get("stopCode") in ("ServiceSchedulerInitiated", "UserInitiated") and "health" not in str(
        task.get("stoppedReason", "")
    )


def _why_stopped(task: Mapping[str, Any]) -> str:
    parts = [task.get("stoppedReason") or ""]
    for container in task.get("containers", []):
        said = container.get("reason") or ""
        if container.get("exitCode") not in (None, 0):
            said = f"exit code {container['exitCode']}" + (f", {said}" if said else "")
        if said:
            parts.append(f"container {container['name']}: {said}")
    return "; ".join(part for part in parts if part)
