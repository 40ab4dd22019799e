"""By which roles traffic is shifted: CodeDeploy's of one service, or ECS's own."""

from __future__ import annotations

from typing import Any

from bambe.project import Project
from bambe.synth import notices
from bambe.synth.alarms import own_names
from bambe.synth.names import COLOURS, Names, imported
from bambe.synth.roles import HERE, PASSED_TO_TASKS, allow, arn, functions, role, role_arn

Resource = dict[str, Any]
LOOK = ["DescribeListeners", "DescribeRules", "DescribeTargetGroups"]


def deploy_role(project: Project, names: Names, service: str) -> Resource:
    """CodeDeploy's: what AWSCodeDeployRoleForECS allows of all services, of this one alone."""
    mine = f"{names.cluster}/{service}"
    statements = [
        allow(["ecs:DescribeServices", "ecs:UpdateServicePrimaryTaskSet"], arn(f"ecs:{HERE}:service/{mine}")),
        allow(["ecs:CreateTaskSet", "ecs:DeleteTaskSet"], arn(f"ecs:{HERE}:task-set/{mine}/*")),
        *_balancer_rights(project, names, LOOK),
        allow(["iam:PassRole"], *_of_tasks(project, names, service), only=PASSED_TO_TASKS),
        *_alarm_rights(project, names, service),
        *_hook_rights(project, service),
        *notices.rights(project, names),
    ]
    source = f"codedeploy:{HERE}:deploymentgroup:{names.application(service)}/{names.group(service)}"
    return role(names.deploy_role(service), "codedeploy.amazonaws.com", statements, source)


def shift_role(project: Project, names: Names, service: str) -> Resource | None:
    """ECS's infrastructure role for this service's target groups, rules, functions; None where it has none.

    AWS's page of this role says nothing of a condition on whose behalf ECS takes it, so it has none.
    """
    statements = _hook_rights(project, service)
    if project.services[service].is_public:
        groups = [{"Ref": f"{colour.capitalize()}Targets"} for colour in COLOURS]
        statements = [
            *_balancer_rights(project, names, [*LOOK, "DescribeTargetHealth"]),
            allow([f"elasticloadbalancing:{one}Targets" for one in ("Register", "Deregister")], *groups),
            *statements,
        ]
    return role(names.shift_role(service), "ecs.amazonaws.com", statements) if statements else None


def _balancer_rights(project: Project, names: Names, look: list[str]) -> list[Resource]:
    listeners, rules = [imported(names, "Listener")], [{"Ref": "Rule"}]
    if project.test_port:
        listeners, rules = [*listeners, imported(names, "TestListener")], [*rules, {"Ref": "TestRule"}]
    return [
        # IAM knows no resources of what only describes load balancers.
        allow([f"elasticloadbalancing:{one}" for one in look], "*"),
        allow(["elasticloadbalancing:ModifyListener"], *listeners),
        allow(["elasticloadbalancing:ModifyRule"], *rules),
    ]


def _of_tasks(project: Project, names: Names, service: str) -> list[Resource]:
    own = [names.task_role(service)] if project.asks_aws(service) else []
    return [role_arn(name) for name in (names.execution_role(service), *own)]


def _alarm_rights(project: Project, names: Names, service: str) -> list[Resource]:
    wishes = project.release_of(service).alarms
    if not wishes:
        return []
    if any(wish.name for wish in wishes):
        # Alarms of others may be composite, and these are described to those only who may describe all
        # (CloudWatch API: DescribeAlarms).
        return [allow(["cloudwatch:DescribeAlarms"], "*")]
    arns = [arn(f"cloudwatch:{HERE}:alarm:{name}") for name in own_names(project, names, service)]
    return [allow(["cloudwatch:DescribeAlarms"], *arns)]


def _hook_rights(project: Project, service: str) -> list[Resource]:
    hooks = sorted(set(project.release_of(service).hooks.values()))
    return [allow(["lambda:InvokeFunction"], *functions(hooks))] if hooks else []
