"""`bambe plan`, `up`, `deploy` and `down` with `--on`: a project in an account of AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.account import Project, project
from tests.api.conftest import Edge

ON = ("--on", "prod")


@pytest.fixture
def shop(edge: Edge, tmp_path: Path) -> Project:
    root = tmp_path / "shop"
    root.mkdir()
    return project(edge, root)


def stacks(shop: Project) -> dict[str, str]:
    found = shop.aws("cloudformation").describe_stacks()["Stacks"]
    return {one["StackName"]: one["StackStatus"] for one in found}


def weights(shop: Project, service: str) -> dict[str, int]:
    """What the rule of a service gives its target groups, by colour."""
    resources = shop.aws("cloudformation").describe_stack_resources(StackName=f"shop-{service}")
    ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources["StackResources"]}
    (rule,) = shop.aws("elbv2").describe_rules(RuleArns=[ids["Rule"]])["Rules"]
    shares = {
        one["TargetGroupArn"]: one["Weight"] for one in rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
    }
    return {"blue": shares[ids["BlueTargets"]], "green": shares[ids["GreenTargets"]]}


def running(shop: Project, service: str) -> str:
    """The task definition that a service's primary task set has."""
    (found,) = shop.aws("ecs").describe_services(cluster="shop", services=[service])["services"]
    sets = [one for one in found.get("taskSets", ()) if one["status"] == "PRIMARY"]
    return str((sets[0] if sets else found)["taskDefinition"]).rsplit("/", 1)[-1]


def test_a_project_comes_and_goes(shop: Project) -> None:
    plan = shop.bambe("plan", *ON, "--no-drift")
    assert "+ shop-network: a new stack of 17 resources" in plan
    assert "`bambe up --on prod` does this." in plan
    assert stacks(shop) == {}
    said = shop.bambe("up", *ON, fails=True)
    assert "no remote has the commit" in said
    assert "there is no log group /ecs/shop/web" in shop.bambe("logs", "web", *ON, fails=True)
    assert stacks(shop) == {}

    shop.bambe("up", *ON, "--build-here")
    assert set(stacks(shop)) == {
        "shop", "shop-network",
        *(f"shop-{name}{end}" for name in ("web", "api", "jobs") for end in ("", "-build")),
    }  # fmt: skip
    assert set(stacks(shop).values()) == {"CREATE_COMPLETE"}
    (vpc,) = [one for one in shop.aws("ec2").describe_vpcs()["Vpcs"] if not one["IsDefault"]]
    (balancer,) = shop.aws("elbv2").describe_load_balancers()["LoadBalancers"]
    assert balancer["VpcId"] == vpc["VpcId"]
    assert json.loads(shop.bambe("plan", *ON, "--json", "--no-drift", "--exit-code"))["changes"] is False

    shop.write("jobs: {path: jobs, port: 80, release: rolling}", "")
    again = shop.bambe("plan", *ON, "--no-drift")
    assert (
        "shop-jobs: - the stack, with its logs and images, which bambe.yml does not have any more [DELETED]"
        in again
    )
    assert "2 changes need a yes" in shop.bambe("up", *ON, fails=True)
    shop.bambe("up", *ON, "--yes")
    assert not {"shop-jobs", "shop-jobs-build"} & set(stacks(shop))

    shop.write("services:", "# Another route\nservices:")
    shop.write('route: "/api*"', 'route: "/v2*"')  # `down` goes by what is there
    assert "nothing was: `bambe down --on prod --yes` does it" in shop.bambe("down", *ON, fails=True)
    assert shop.aws("ecs").describe_clusters(clusters=["shop"])["clusters"][0]["status"] == "ACTIVE"
    shop.bambe("down", *ON, "--yes")
    assert set(stacks(shop)) == {f"shop-{name}{end}" for name in ("web", "api") for end in ("", "-build")}
    assert len(shop.aws("ecr").describe_images(repositoryName="shop/web")["imageDetails"]) == 1
    assert shop.aws("elbv2").describe_load_balancers()["LoadBalancers"] == []

    shop.bambe("up", *ON)  # the images are there
    assert running(shop, "web") == "shop-web:2"
    assert weights(shop, "web") == {"blue": 1, "green": 0}
    shop.bambe("down", *ON, "--yes", "--delete-data")
    assert stacks(shop) == {}


def test_an_update_takes_no_release_back_nor_moves_traffic(shop: Project) -> None:
    shop.write("services:", "release: {interval: 1m, keep_old: 1m}\nservices:")
    shop.write("controller: ecs", "controller: ecs, interval: 1m, keep_old: 1m")
    shop.bambe("up", *ON, "--build-here")
    (web,) = shop.aws("ecr").describe_repositories(repositoryNames=["shop/web"])["repositories"]
    for service in ("web", "api"):
        shop.bambe("deploy", service, *ON, "--image", f"{web['repositoryUri']}:other")
    shop.write("port: 80, route: default", "port: 80, route: default, tasks: 2")
    shop.write('route: "/api*"', 'route: "/v2*", tasks: 2')
    said = shop.bambe("up", *ON)
    assert "is under way; `bambe up --on prod` changes the stack after it" in said
    assert "web waits for its release to end: run `bambe up --on prod` again then." in said
    shop.pass_time(300)
    before = {name: (running(shop, name), weights(shop, name)) for name in ("web", "api")}
    assert before["web"] == ("shop-web:2", {"blue": 0, "green": 100})
    assert before["api"][0] == "shop-api:2"

    # An update that is taken back: a configuration of releases has the name of the one it makes.
    shares = {"canaryPercentage": 1, "canaryInterval": 1}
    shop.aws("codedeploy").create_deployment_config(
        deploymentConfigName="shop-web-canary-20-percent-3-minutes",
        computePlatform="ECS",
        trafficRoutingConfig={"type": "TimeBasedCanary", "timeBasedCanary": shares},
    )
    shop.write("default, tasks: 2", '"/w*", tasks: 2, release: {percent: 20, interval: 3m}')
    assert "already exists" in shop.bambe("up", *ON, fails=True)
    assert {name: (running(shop, name), weights(shop, name)) for name in ("web", "api")} == before
    assert stacks(shop)["shop-web"] == "UPDATE_ROLLBACK_COMPLETE"
    events = shop.aws("cloudformation").describe_stack_events(StackName="shop-web")["StackEvents"]
    rule = [one["ResourceStatus"] for one in events if one["LogicalResourceId"] == "Rule"]
    assert rule[:2] == ["UPDATE_COMPLETE", "UPDATE_IN_PROGRESS"]  # sent anew, there or back

    shop.write('"/w*", tasks: 2, release: {percent: 20, interval: 3m}', "default, tasks: 2")
    shop.bambe("up", *ON)
    assert {name: (running(shop, name), weights(shop, name)) for name in ("web", "api")} == before
    (web,) = shop.aws("ecs").describe_services(cluster="shop", services=["web"])["services"]
    assert web["desiredCount"] == 2
    given = parameters(shop, "shop-web")
    assert (given["BlueWeight"], given["GreenWeight"]) == ("0", "100")

    # Its deployment group is deleted, and its route changes: the rule goes by what is live all the same.
    shop.aws("codedeploy").delete_deployment_group(
        applicationName="AppECS-shop-web", deploymentGroupName="DgpECS-shop-web"
    )
    shop.write("default, tasks: 2", '"/w*", tasks: 3')
    assert "its deployment group is gone and is made anew" in shop.bambe("up", *ON)
    assert {name: (running(shop, name), weights(shop, name)) for name in ("web", "api")} == before

    # ECS takes the service over from CodeDeploy: as it runs, on the target group that has the traffic.
    shop.write("tasks: 3", "tasks: 3, release: {controller: ecs}")
    assert "4 changes need a yes" in shop.bambe("up", *ON, fails=True)
    shop.bambe("up", *ON, "--yes")
    assert {name: (running(shop, name), weights(shop, name)) for name in ("web", "api")} == before
    given = parameters(shop, "shop-web")
    assert (given["PrimaryTargets"], given["TaskDefinition"].rsplit("/", 1)[-1]) == ("green", "shop-web:2")
    assert "Nothing would change" in shop.bambe("plan", *ON, "--no-drift", "--exit-code")


def test_a_plan_tells_what_changes_what_it_costs_and_what_drifted(shop: Project) -> None:
    shop.bambe("up", *ON, "--build-here")
    resources = shop.aws("cloudformation").describe_stack_resources(StackName="shop-web")["StackResources"]
    ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}
    shop.aws("elbv2").modify_target_group(TargetGroupArn=ids["BlueTargets"], HealthCheckPath="/other")
    shop.write("path: web, port: 80", "path: web, port: 80, environment: {A: b}")
    shop.write('route: "/api*"', 'route: "/v2*"')
    shop.write("path: jobs, port: 80", "path: jobs, port: 81")
    plan = shop.bambe("plan", *ON)
    for line in (
        "shop on prod (000000000000, eu-central-1)",
        "    ~ Rule (AWS::ElasticLoadBalancingV2::ListenerRule): Conditions, Priority",
        "    ~ SecurityGroup (AWS::EC2::SecurityGroup): SecurityGroupIngress",
        "  web: its task definition changes, and a release brings it in",
        "web       $9.01",
        "total    $87.76  a month",
        "List prices of us-east-1, on demand, as of June 2026; eu-central-1 differs.",
        "  shop-web: 1 changed",
        "    ~ BlueTargets (AWS::ElasticLoadBalancingV2::TargetGroup): HealthCheckPath is /other, the"
        " template says /",
        "`bambe up --on prod` does this.",
    ):
        assert line in plan.splitlines()
    assert "AWS::ECS::Service" not in plan  # a security group that stays has the id that it has


def test_what_aws_would_refuse_is_refused_before_anything_is_changed(shop: Project) -> None:
    shop.write("services:", "network: {zones: 2}\nservices:")
    shop.write("controller: ecs", "controller: ecs, interval: 1m, keep_old: 0s")
    shop.bambe("up", *ON, "--build-here")
    text = (shop.root / "bambe.yml").read_text()

    def refused(*changes: tuple[str, str]) -> str:
        (shop.root / "bambe.yml").write_text(text)
        for old, new in changes:
            shop.write(old, new)
        said = shop.bambe("plan", *ON, "--no-drift")
        assert "`bambe up` refuses this." in said
        return said

    said = refused(("path: web, port: 80", "path: web, port: 81"))
    assert "AWS makes BlueTargets anew for another Port, and cannot while one has its name" in said
    assert "AWS changes LoadBalancers of what CodeDeploy releases by no update of a stack" in said
    assert "cannot while one has its name: take back what changes it" in shop.bambe("up", *ON, fails=True)
    said = refused(("zones: 2", "zones: 2, cidr: 10.1.0.0/16"))
    assert "AWS makes Vpc anew for another CidrBlock, and what lies in it does not move" in said
    said = refused(("route: default", 'route: "/x"'), ('route: "/api*"', "route: default"))
    assert "shop-api: another service has its place among the rules still (priority 49999)" in said
    assert set(stacks(shop).values()) == {"CREATE_COMPLETE"}

    # Another zone and a listener for tests come, and the listener goes again: nothing of that is refused.
    (shop.root / "bambe.yml").write_text(text)
    shop.write("zones: 2", "zones: 3")
    shop.write("services:", "test_port: 8443\nservices:")
    shop.bambe("up", *ON, "--yes")
    assert len(parameters(shop, "shop-web")["SubnetIds"].split(",")) == 2
    assert len(parameters(shop, "shop-api")["SubnetIds"].split(",")) == 3
    shop.write("test_port: 8443\n", "")
    shop.bambe("up", *ON, "--yes")
    ports = {one["Port"] for one in listeners(shop)}
    assert ports == {80, 443}


def test_what_was_broken_off_goes_on(shop: Project) -> None:
    shop.aws("cloudformation").create_stack(
        StackName="shop-web",
        TemplateBody=json.dumps(
            {"Description": "shop: the service web (made by Bambe)", "Resources": BROKEN}
        ),
    )
    shop.pass_time(60)
    assert stacks(shop) == {"shop-web": "ROLLBACK_COMPLETE"}
    shop.bambe("up", *ON, "--build-here")
    shop.aws("cloudformation").delete_stack(StackName="shop-jobs")
    shop.pass_time(120)
    shop.aws("cloudformation").create_stack(
        StackName="shop-jobs",
        TemplateBody=json.dumps(
            {"Description": "shop: the service jobs (made by Bambe)", "Resources": BROKEN}
        ),
    )
    shop.pass_time(60)
    assert "- shop-jobs: deleted" in shop.bambe("down", *ON, fails=True)
    shop.bambe("down", *ON, "--yes")
    assert not {"shop", "shop-jobs"} & set(stacks(shop))


BROKEN = {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "not a name!"}}}


def listeners(shop: Project) -> list[dict[str, Any]]:
    (balancer,) = shop.aws("elbv2").describe_load_balancers()["LoadBalancers"]
    found = shop.aws("elbv2").describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])
    return list(found["Listeners"])


def parameters(shop: Project, stack: str) -> dict[str, str]:
    (found,) = shop.aws("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}
