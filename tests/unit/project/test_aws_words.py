"""What bambe.yml says of AWS: network, source, existing parts, scaling, notices; a mistake is a sentence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bambe.project import BadProject, Project, parse
from bambe.project.network import endpoints

WEB = {"path": "web", "port": 80, "route": "default"}
UUID = "12345678-1234-1234-1234-123456789012"
HERE = "eu-central-1:111111111111"
LISTENER = f"arn:aws:elasticloadbalancing:{HERE}:listener/app/all/0123456789abcdef/0123456789abcdef"
VPC = {"vpc": "vpc-12345678", "public_subnets": ["subnet-12345678", "subnet-12345679"]}
GITHUB = "https://github.com/acme/shop"


def project(web: dict[str, Any] | None = None, **said: Any) -> Project:
    return Project.model_validate({"project": "shop", "services": {"web": WEB | (web or {})}, **said})


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"network": {"cidr": "10.0.0.0/8"}}, "is no private network from /16 to /24"),
        ({"network": {"cidr": "8.8.8.0/24"}}, "is no private network"),
        ({"network": {"zones": 4}}, "less than or equal to 3"),
        ({"network": {"endpoints": ["s3", "s3"]}}, "names one twice"),
        ({"network": {"nat": "none", "endpoints": ["s3"]}}, "lacks ecr.api, ecr.dkr, logs, and without NAT"),
        (
            {"source": {"repository": "https://git.acme.example/a/b"}},
            "what git.acme.example is, nobody knows",
        ),
        ({"source": {"repository": GITHUB, "type": "gitlab"}}, "github.com is no gitlab"),
        ({"source": {"repository": "https://github.com/acme"}}, "is written like"),
        ({"source": {"repository": GITHUB, "connection": "arn:aws:iam::1:x"}}, "should match pattern"),
        ({"notify": ["nobody"]}, "is no e-mail address"),
        ({"notify": ["a@b.example", f"arn:aws:sns:{HERE}:ops"]}, "or one ARN of an SNS topic"),
        ({"notify": ["a@b.example", "a@b.example"]}, "has one twice"),
        ({"log_retention": "2d"}, "log_retention is"),
        ({"log_retention": "90m"}, "log_retention is"),
        ({"existing": {"listener": LISTENER}}, "say in which, with `vpc`"),
        ({"existing": {"vpc": "vpc-12345678"}}, "the load balancer needs `public_subnets`"),
        ({"existing": VPC | {"public_subnets": ["subnet-12345678"]}}, "at least two"),
        ({"existing": VPC, "network": {"zones": 3}}, "leave out `network`"),
        ({"existing": VPC | {"listener": LISTENER}}, "needs `balancer_security_group`"),
        (
            {"existing": VPC | {"test_listener": LISTENER}, "test_port": 8443},
            "`test_listener` comes with `listener`",
        ),
        (
            {
                "existing": VPC | {"listener": LISTENER, "balancer_security_group": "sg-12345678"},
                "test_port": 8443,
            },
            "come together",
        ),
        ({"existing": VPC | {"kafka": f"arn:aws:kafka:{HERE}:cluster/big/{UUID}-1"}}, "come together"),
        (
            {
                "existing": VPC
                | {
                    "kafka": f"arn:aws:kafka:{HERE}:cluster/big/{UUID}-1",
                    "kafka_security_group": "sg-12345678",
                }
            },
            "existing.kafka needs `events`",
        ),
    ],
)
def test_a_mistake_is_one_sentence(said: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        project(**said)
    (mistake,) = caught.value.errors()
    assert says in mistake["msg"]


@pytest.mark.parametrize(
    ("web", "says"),
    [
        ({"scaling": {"min": 2, "max": 1, "cpu": 50}}, "min 2 is more than max 1"),
        ({"scaling": {"min": 1, "max": 2}}, "by `cpu`, by `requests`, or by both"),
        ({"scaling": {"min": 1, "max": 2, "cpu": 50}, "tasks": 2}, "leave out `tasks`"),
        (
            {"scaling": {"min": 1, "max": 2, "requests": 5}, "route": "none", "release": "rolling"},
            "it has no route",
        ),
    ],
)
def test_scaling_that_cannot_be(web: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        project(web)


def test_a_mistyped_key_of_a_part_is_told_with_the_right_one() -> None:
    text = "project: shop\nnetwork: {zone: 2}\nservices: {web: {path: w, port: 80, route: default}}"
    with pytest.raises(BadProject, match=r"bambe.yml:2: `network.zone` is not a key: did you mean `zones`"):
        parse(text)


def test_no_variable_has_what_ends_a_variable() -> None:
    with pytest.raises(ValidationError, match="A has a character of code 0"):
        project({"environment": {"A": "\0{AWS::Region}"}})


def test_names_of_stacks_are_kept_free() -> None:
    for name, says in (("network", "the stack of the network"), ("web-build", "what builds a service web")):
        with pytest.raises(ValidationError, match=says):
            Project.model_validate({"project": "shop", "services": {name: WEB}})


@pytest.mark.parametrize(
    ("count", "release", "test_port", "says"),
    [
        (51, "canary", 0, "need 102 target groups"),
        (51, "canary", 8443, "are 102 rules"),
        (101, "rolling", 0, "are 101 rules, and a load balancer takes 100"),
        (50, "canary", 8443, ""),
        (100, "rolling", 8443, ""),
    ],
)
def test_a_load_balancers_limits_are_said(count: int, release: str, test_port: int, says: str) -> None:
    services = {
        f"web-{number}": WEB | {"route": f"/{number}/*", "release": release} for number in range(count)
    }
    said = {"project": "shop", "test_port": test_port, "services": services}
    if not says:
        assert len(Project.model_validate(said).services) == count
        return
    with pytest.raises(ValidationError, match=says):
        Project.model_validate(said)


def test_a_load_balancers_name_is_one_that_elb_takes() -> None:
    with pytest.raises(ValidationError, match="no load balancer is called internal-"):
        Project.model_validate({"project": "internal-shop", "services": {"web": WEB}})


def test_endpoints_that_are_needed_hang_on_what_services_do() -> None:
    def found(web: dict[str, Any], **said: Any) -> set[str]:
        return set(endpoints(project(web, network={"nat": "none", "endpoints": "needed"}, **said)))

    always = {"ecr.api", "ecr.dkr", "logs", "s3"}
    assert found({}) == always
    assert found({"exec": True}) - always == {"ssmmessages"}
    assert found({"secrets": {"A": "ssm:/a", "B": "secretsmanager:b"}}) - always == {"ssm", "secretsmanager"}
    steered = {"consumes": ["t"], "release": {"events": "hold"}}
    events = {"topics": {"t": {}}, "access": "scram"}
    more = {"codedeploy", "ecs", "monitoring", "secretsmanager", "ssm"}
    assert found(steered, events=events) - always == more


def test_this_machine_has_nothing_of_what_is_there_on_aws() -> None:
    said = project(existing=VPC | {"cluster": "prod"}, source={"repository": GITHUB}, log_retention="90d")
    here = said.here()
    assert (here.existing.cluster, here.existing.vpc, here.source) == ("", "", None)
    assert (here.log_days, here.log_retention) == (90, timedelta(days=90))
    assert said.source is not None
    assert said.source.kind == "GITHUB"


@pytest.mark.parametrize(
    ("said", "private"),
    [
        ({}, True),
        ({"network": {"nat": "none"}}, False),
        ({"network": {"nat": "none", "endpoints": "needed"}}, True),
        ({"existing": VPC}, False),
        ({"existing": VPC | {"private_subnets": ["subnet-22345678", "subnet-22345679"]}}, True),
    ],
)
def test_where_tasks_run(said: dict[str, Any], private: bool) -> None:
    assert project(**said).is_private is private
