"""What runs in an ECS cluster and what it hangs on, read through the AWS API; nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from bambe.cli.trouble import Trouble
from bambe.importing import Running, RunningService

Found = dict[str, Any]
REFUSED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized")
ABSENT = "NotImplemented"
"""What Bambe answers for an operation that it does not have: there is nothing of it then."""
Client = Callable[[str], Any]
T = TypeVar("T")


@dataclass(slots=True)
class Survey:
    """Reads one cluster; `make` makes a boto3 client of a service."""

    make: Client
    cluster: str
    region: str
    _kept: dict[Any, Any] = field(default_factory=dict)
    _unseen: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        """A client, made once."""
        return self._once(("client", service), lambda: self.make(service))

    def read(self) -> Running:
        """The cluster with all its services; Trouble where there is none."""
        described = self.client("ecs").describe_clusters(clusters=[self.cluster])["clusters"]
        alive = [one for one in described if one.get("status") == "ACTIVE"]
        if not alive:
            known = ", ".join(self._clusters()) or "none"
            raise Trouble(f"there is no cluster {self.cluster!r} in {self.region}; there are: {known}.")
        services = [self._service(one) for one in self._services()]
        return Running(alive[0]["clusterName"], self.region, tuple(services), tuple(self._unseen))

    def _clusters(self) -> list[str]:
        arns = self._pages("ecs", "list_clusters", "clusterArns")
        return sorted(arn.rsplit("/", 1)[-1] for arn in arns)

    def _services(self) -> list[Found]:
        arns = list(self._pages("ecs", "list_services", "serviceArns", cluster=self.cluster))
        found: list[Found] = []
        for start in range(0, len(arns), 10):
            answer = self.client("ecs").describe_services(
                cluster=self.cluster, services=arns[start : start + 10], include=["TAGS"]
            )
            found += [one for one in answer["services"] if one["status"] == "ACTIVE"]
        return sorted(found, key=lambda one: str(one["serviceName"]))

    def _service(self, one: Found) -> RunningService:
        name = one["serviceName"]
        nothing: Found = {}
        released: tuple[Found, Found, str, dict[str, str]] = ({}, {}, "", {})
        group, config, appspec, tags = self._allowed("codedeploy", lambda: self._codedeploy(name), released)
        unnamed: tuple[Found, Found] = ({}, {})
        registry, namespace = self._allowed("servicediscovery", lambda: self._registry(one), unnamed)
        groups = self._target_groups(one, group)
        scaling = self._allowed("application-autoscaling", lambda: self._scaling(name), nothing)
        builders: dict[str, Found] = self._allowed("codebuild", self._builders, {})
        own_tags = {tag["key"]: tag["value"] for tag in one.get("tags", ())}
        return RunningService(
            service=one,
            definition=self._definition(one),
            target_groups=tuple(groups),
            rules=tuple(self._rules(groups)),
            registry=registry,
            namespace=namespace,
            group=group,
            config=config,
            appspec=appspec,
            tags=tags or own_tags,
            builder=builders.get(name, {}),
            **scaling,
        )

    def _definition(self, one: Found) -> Found:
        primary = [taskset for taskset in one.get("taskSets", ()) if taskset["status"] == "PRIMARY"]
        arn = primary[0]["taskDefinition"] if primary else one["taskDefinition"]
        answer = self.client("ecs").describe_task_definition(taskDefinition=arn, include=["TAGS"])
        tags = {"tags": answer["tags"]} if answer.get("tags") else {}
        return {**answer["taskDefinition"], **tags}

    def _target_groups(self, one: Found, group: Found) -> list[Found]:
        """Those that the service names, its own first, then the other one of a pair."""
        elbv2 = self.client("elbv2")
        arns = [led["targetGroupArn"] for led in one.get("loadBalancers", ()) if led.get("targetGroupArn")]
        for led in one.get("loadBalancers", ()):
            arns += [led["advancedConfiguration"]["alternateTargetGroupArn"]] if _has_pair(led) else []
        found = elbv2.describe_target_groups(TargetGroupArns=arns)["TargetGroups"] if arns else []
        found.sort(key=lambda target: arns.index(target["TargetGroupArn"]))
        known = {target["TargetGroupName"] for target in found}
        names = [name for name in _pair(group) if name not in known]
        found += elbv2.describe_target_groups(Names=names)["TargetGroups"] if names else []
        return [target | {"Attributes": self._attributes(target["TargetGroupArn"])} for target in found]

    def _attributes(self, arn: str) -> Found:
        answer = self.client("elbv2").describe_target_group_attributes(TargetGroupArn=arn)
        return {one["Key"]: one["Value"] for one in answer["Attributes"]}

    def _rules(self, groups: Sequence[Found]) -> Iterator[Found]:
        """Rules that lead to any of `groups`, with their listener's port and certificate."""
        arns = {one["TargetGroupArn"] for one in groups}
        for balancer in sorted({arn for one in groups for arn in one.get("LoadBalancerArns", ())}):
            for listener in self._listeners(balancer):
                for rule in self._rules_of(listener["ListenerArn"]):
                    if arns & set(_targets(rule)):
                        more = {"ListenerArn": listener["ListenerArn"], "Port": listener["Port"]}
                        yield rule | more | {"Host": self._host(listener)}

    def _listeners(self, balancer: str) -> list[Found]:
        return self._once(
            ("listeners", balancer),
            lambda: list(self._pages("elbv2", "describe_listeners", "Listeners", LoadBalancerArn=balancer)),
        )

    def _rules_of(self, listener: str) -> list[Found]:
        return self._once(
            ("rules", listener),
            lambda: list(self._pages("elbv2", "describe_rules", "Rules", ListenerArn=listener)),
        )

    def _host(self, listener: Found) -> str:
        """The name on the listener's certificate, where it has one of ACM."""
        arns = [one["CertificateArn"] for one in listener.get("Certificates", ())]
        if not arns or ":acm:" not in arns[0]:
            return ""

        def ask() -> str:
            answer = self.client("acm").describe_certificate(CertificateArn=arns[0])
            return str(answer["Certificate"]["DomainName"])

        return self._once(("certificate", arns[0]), lambda: self._allowed("acm", ask, ""))

    def _registry(self, one: Found) -> tuple[Found, Found]:
        arns = [registry["registryArn"] for registry in one.get("serviceRegistries", ())]
        if not arns:
            return {}, {}
        client = self.client("servicediscovery")
        found = client.get_service(Id=arns[0].rsplit("/", 1)[-1])["Service"]
        namespace = found.get("NamespaceId") or found.get("DnsConfig", {}).get("NamespaceId", "")
        return found, client.get_namespace(Id=namespace)["Namespace"] if namespace else {}

    def _codedeploy(self, service: str) -> tuple[Found, Found, str, dict[str, str]]:
        """The deployment group of a service, its configuration, its last AppSpec, its tags."""
        group = self._groups().get(service)
        if group is None:
            return {}, {}, "", {}
        codedeploy = self.client("codedeploy")
        named = group["deploymentConfigName"]
        config = codedeploy.get_deployment_config(deploymentConfigName=named)["deploymentConfigInfo"]
        account = self._account()
        partition, name = self._partition(), f"{group['applicationName']}/{group['deploymentGroupName']}"
        arn = f"arn:{partition}:codedeploy:{self.region}:{account}:deploymentgroup:{name}"
        tags = codedeploy.list_tags_for_resource(ResourceArn=arn)["Tags"]
        return group, config, self._appspec(group), {one["Key"]: one["Value"] for one in tags}

    def _groups(self) -> dict[str, Found]:
        """Deployment groups by the service of this cluster that they release."""
        return self._once("groups", lambda: dict(self._all_groups()))

    def _all_groups(self) -> Iterator[tuple[str, Found]]:
        codedeploy = self.client("codedeploy")
        for application in self._pages("codedeploy", "list_applications", "applications"):
            names = list(
                self._pages(
                    "codedeploy", "list_deployment_groups", "deploymentGroups", applicationName=application
                )
            )
            for start in range(0, len(names), 100):
                answer = codedeploy.batch_get_deployment_groups(
                    applicationName=application, deploymentGroupNames=names[start : start + 100]
                )
                for group in answer["deploymentGroupsInfo"]:
                    for one in group.get("ecsServices", ()):
                        if one["clusterName"].rsplit("/", 1)[-1] == self.cluster.rsplit("/", 1)[-1]:
                            yield one["serviceName"], group

    def _appspec(self, group: Found) -> str:
        last = group.get("lastSuccessfulDeployment", {}).get("deploymentId")
        if not last:
            return ""
        info = self.client("codedeploy").get_deployment(deploymentId=last)["deploymentInfo"]
        revision = info.get("revision", {})
        return str((revision.get("appSpecContent") or revision.get("string") or {}).get("content", ""))

    def _scaling(self, service: str) -> dict[str, Any]:
        client = self.client("application-autoscaling")
        name = f"service/{self.cluster.rsplit('/', 1)[-1]}/{service}"
        targets = client.describe_scalable_targets(
            ServiceNamespace="ecs", ResourceIds=[name], ScalableDimension="ecs:service:DesiredCount"
        )["ScalableTargets"]
        if not targets:
            return {}
        asked = {"ServiceNamespace": "ecs", "ResourceId": name}
        actions = self._pages(
            "application-autoscaling", "describe_scheduled_actions", "ScheduledActions", **asked
        )
        by_name = sorted(actions, key=lambda one: str(one["ScheduledActionName"]))
        return {"scaling": targets[0], "actions": tuple(by_name), "policies": self._policies(asked)}

    def _policies(self, asked: Found) -> tuple[Found, ...]:
        def ask() -> tuple[Found, ...]:
            service, operation = "application-autoscaling", "describe_scaling_policies"
            return tuple(self._pages(service, operation, "ScalingPolicies", **asked))

        return self._allowed("application-autoscaling", ask, ())

    def _builders(self) -> dict[str, Found]:
        """CodeBuild projects by the service of this cluster that they build, as they tell their builds."""
        return self._once("builders", lambda: dict(self._all_builders()))

    def _all_builders(self) -> Iterator[tuple[str, Found]]:
        names = list(self._pages("codebuild", "list_projects", "projects"))
        for start in range(0, len(names), 100):
            for one in self.client("codebuild").batch_get_projects(names=names[start : start + 100])[
                "projects"
            ]:
                told = {
                    variable["name"]: variable["value"]
                    for variable in one.get("environment", {}).get("environmentVariables", ())
                }
                if told.get("CLUSTER") == self.cluster.rsplit("/", 1)[-1] and told.get("SERVICE"):
                    yield told["SERVICE"], one

    def _account(self) -> str:
        return str(self._caller()["Account"])

    def _partition(self) -> str:
        return str(self._caller()["Arn"]).split(":")[1]

    def _caller(self) -> Found:
        return self._once("caller", lambda: dict(self.client("sts").get_caller_identity()))

    def _pages(self, service: str, operation: str, member: str, **asked: Any) -> Iterator[Any]:
        client = self.client(service)
        if not client.can_paginate(operation):
            yield from getattr(client, operation)(**asked)[member]
            return
        for page in client.get_paginator(operation).paginate(**asked):
            yield from page.get(member, ())

    def _allowed(self, service: str, ask: Callable[[], T], nothing: T) -> T:
        """What `ask` finds; `nothing` where we may not ask, which is told."""
        try:
            return ask()
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code != ABSENT and code not in REFUSED:
                raise
            says = f"{service}: {error.operation_name}: {code}"
            if code in REFUSED and says not in self._unseen:
                self._unseen.append(says)
            return nothing

    def _once(self, key: Any, ask: Callable[[], T]) -> T:
        if key not in self._kept:
            self._kept[key] = ask()
        found: T = self._kept[key]
        return found


def _has_pair(led: Found) -> bool:
    return bool(led.get("advancedConfiguration", {}).get("alternateTargetGroupArn"))


def _pair(group: Found) -> list[str]:
    pairs = group.get("loadBalancerInfo", {}).get("targetGroupPairInfoList", ())
    return [target["name"] for pair in pairs for target in pair.get("targetGroups", ())]


def _targets(rule: Found) -> Iterator[str]:
    for action in rule.get("Actions", ()):
        if action.get("TargetGroupArn"):
            yield action["TargetGroupArn"]
        for target in action.get("ForwardConfig", {}).get("TargetGroups", ()):
            yield target["TargetGroupArn"]
