"""ELBv2 through stock clients: boto3 and the AWS CLI."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.conftest import Edge
from tests.support.house import GROUP, VPC

NOT_FOUND = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]


class Shop:
    """A load balancer with an HTTPS listener, a rule for /orders, and a pair of target groups."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.elb = edge.aws("elbv2")
        self.certificate = edge.aws("acm").request_certificate(DomainName="shop.example")["CertificateArn"]
        subnets = [one["SubnetId"] for one in edge.aws("ec2").describe_subnets()["Subnets"]]
        made = self.elb.create_load_balancer(Name="shop", Subnets=subnets, Tags=[{"Key": "a", "Value": "b"}])
        self.balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
        self.settle()
        made = self.elb.create_listener(
            LoadBalancerArn=self.balancer,
            Port=443,
            Protocol="HTTPS",
            Certificates=[{"CertificateArn": self.certificate}],
            DefaultActions=NOT_FOUND,
        )
        self.listener = made["Listeners"][0]["ListenerArn"]
        self.blue, self.green = self.group("blue"), self.group("green")
        made = self.elb.create_rule(
            ListenerArn=self.listener,
            Priority=10,
            Conditions=[{"Field": "path-pattern", "Values": ["/orders*"]}],
            Actions=self.forward(100, 0),
        )
        self.rule = made["Rules"][0]["RuleArn"]
        self.settle()

    def settle(self) -> None:
        self.edge.run(self.edge.house.settle())

    def group(self, name: str) -> str:
        made = self.elb.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=8080,
            TargetType="ip",
            VpcId=VPC,
            HealthCheckPath="/health",
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
        )
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def forward(self, blue: int, green: int) -> list[dict[str, Any]]:
        groups = [
            {"TargetGroupArn": self.blue, "Weight": blue},
            {"TargetGroupArn": self.green, "Weight": green},
        ]
        return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]


@pytest.fixture
def shop(edge: Edge) -> Shop:
    return Shop(edge)


def test_load_balancers(shop: Shop) -> None:
    elb = shop.elb
    elb.get_waiter("load_balancer_available").wait(Names=["shop"])
    shown = elb.describe_load_balancers(Names=["shop"])["LoadBalancers"][0]
    assert shown["LoadBalancerArn"] == shop.balancer
    assert shown["AvailabilityZones"][0]["LoadBalancerAddresses"][0]["IpAddress"] == "127.200.255.10"
    timeout = [{"Key": "idle_timeout.timeout_seconds", "Value": "30"}]
    elb.modify_load_balancer_attributes(LoadBalancerArn=shop.balancer, Attributes=timeout)
    shop.settle()
    assert shop.edge.house.proxy.world.load_balancers[0].idle_timeout == 30
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=shop.balancer)["Attributes"]
    assert timeout[0] in attributes
    elb.set_security_groups(LoadBalancerArn=shop.balancer, SecurityGroups=[GROUP])
    elb.delete_load_balancer(LoadBalancerArn=shop.balancer)
    elb.get_waiter("load_balancers_deleted").wait(LoadBalancerArns=[shop.balancer])


def test_listeners_and_their_certificates(shop: Shop) -> None:
    elb = shop.elb
    shown = elb.describe_listeners(LoadBalancerArn=shop.balancer)["Listeners"][0]
    assert (shown["Port"], shown["Certificates"]) == (443, [{"CertificateArn": shop.certificate}])
    other = shop.edge.aws("acm").request_certificate(DomainName="api.example")["CertificateArn"]
    shop.settle()
    elb.add_listener_certificates(ListenerArn=shop.listener, Certificates=[{"CertificateArn": other}])
    certificates = elb.describe_listener_certificates(ListenerArn=shop.listener)["Certificates"]
    assert {one["CertificateArn"]: one["IsDefault"] for one in certificates} == {
        shop.certificate: True,
        other: False,
    }
    shop.settle()
    assert len(shop.edge.house.proxy.world.load_balancers[0].listeners[0].certificates) == 3
    elb.remove_listener_certificates(ListenerArn=shop.listener, Certificates=[{"CertificateArn": other}])
    elb.modify_listener(ListenerArn=shop.listener, DefaultActions=shop.forward(1, 0))
    elb.delete_listener(ListenerArn=shop.listener)
    assert elb.describe_listeners(LoadBalancerArn=shop.balancer)["Listeners"] == []


def test_rules(shop: Shop) -> None:
    elb = shop.elb
    elb.modify_rule(RuleArn=shop.rule, Actions=shop.forward(90, 10))
    rules = elb.describe_rules(ListenerArn=shop.listener)["Rules"]
    assert [rule["Priority"] for rule in rules] == ["10", "default"]
    weights = [one["Weight"] for one in rules[0]["Actions"][0]["ForwardConfig"]["TargetGroups"]]
    assert weights == [90, 10]
    elb.set_rule_priorities(RulePriorities=[{"RuleArn": shop.rule, "Priority": 20}])
    assert elb.describe_rules(RuleArns=[shop.rule])["Rules"][0]["Priority"] == "20"
    elb.delete_rule(RuleArn=shop.rule)
    assert len(elb.describe_rules(ListenerArn=shop.listener)["Rules"]) == 1


def test_targets(shop: Shop) -> None:
    elb, targets = shop.elb, [{"Id": "10.200.0.5", "Port": 8080}]
    elb.register_targets(TargetGroupArn=shop.blue, Targets=targets)
    shop.settle()
    elb.get_waiter("target_in_service").wait(TargetGroupArn=shop.blue, Targets=targets)
    shown = elb.describe_target_health(TargetGroupArn=shop.blue)["TargetHealthDescriptions"]
    assert [one["TargetHealth"] for one in shown] == [{"State": "healthy"}]
    elb.deregister_targets(TargetGroupArn=shop.blue, Targets=targets)
    shown = elb.describe_target_health(TargetGroupArn=shop.blue)["TargetHealthDescriptions"]
    assert shown[0]["TargetHealth"]["Reason"] == "Target.DeregistrationInProgress"
    shop.edge.run(shop.edge.house.advance(2))
    elb.get_waiter("target_deregistered").wait(TargetGroupArn=shop.blue, Targets=targets)


def test_target_groups(shop: Shop) -> None:
    elb = shop.elb
    groups = elb.describe_target_groups(LoadBalancerArn=shop.balancer)["TargetGroups"]
    assert {one["TargetGroupName"] for one in groups} == {"blue", "green"}
    elb.modify_target_group(TargetGroupArn=shop.blue, HealthCheckPath="/up", Matcher={"HttpCode": "200-299"})
    assert elb.describe_target_groups(Names=["blue"])["TargetGroups"][0]["HealthCheckPath"] == "/up"
    delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "5"}]
    elb.modify_target_group_attributes(TargetGroupArn=shop.blue, Attributes=delay)
    assert delay[0] in elb.describe_target_group_attributes(TargetGroupArn=shop.blue)["Attributes"]
    elb.delete_rule(RuleArn=shop.rule)
    elb.delete_target_group(TargetGroupArn=shop.blue)
    assert [one["TargetGroupName"] for one in elb.describe_target_groups()["TargetGroups"]] == ["green"]


def test_tags(shop: Shop) -> None:
    elb = shop.elb
    elb.add_tags(ResourceArns=[shop.balancer, shop.rule], Tags=[{"Key": "c", "Value": "d"}])
    elb.remove_tags(ResourceArns=[shop.balancer], TagKeys=["a"])
    described = elb.describe_tags(ResourceArns=[shop.balancer, shop.rule])["TagDescriptions"]
    assert [one["Tags"] for one in described] == [[{"Key": "c", "Value": "d"}]] * 2


def test_errors_are_typed(shop: Shop) -> None:
    elb = shop.elb
    with pytest.raises(elb.exceptions.TargetGroupNotFoundException) as missing:
        elb.describe_target_health(TargetGroupArn=shop.blue + "0")
    assert missing.value.response["Error"]["Code"] == "TargetGroupNotFound"
    with pytest.raises(
        elb.exceptions.ResourceInUseException, match="currently in use by a listener or a rule"
    ):
        elb.delete_target_group(TargetGroupArn=shop.blue)
    with pytest.raises(elb.exceptions.PriorityInUseException):
        elb.create_rule(
            ListenerArn=shop.listener,
            Priority=10,
            Conditions=[{"Field": "path-pattern", "Values": ["/x"]}],
            Actions=NOT_FOUND,
        )
    with pytest.raises(elb.exceptions.DuplicateListenerException):
        elb.create_listener(
            LoadBalancerArn=shop.balancer, Port=443, Protocol="HTTP", DefaultActions=NOT_FOUND
        )
    with pytest.raises(ClientError) as bad:
        elb.describe_rules()
    assert bad.value.response["Error"]["Code"] == "ValidationError"


def test_the_cli(edge: Edge, shop: Shop) -> None:
    edge.aws("elbv2").register_targets(TargetGroupArn=shop.blue, Targets=[{"Id": "10.200.0.5"}])
    shop.settle()
    done = edge.cli("elbv2", "describe-target-health", "--target-group-arn", shop.blue)
    health = json.loads(done.stdout)["TargetHealthDescriptions"][0]["TargetHealth"]
    assert health == {"State": "healthy"}
