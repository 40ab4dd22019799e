"""What is there on AWS already and is to be used: the part `existing:` of a bambe.yml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from bambe.project.words import Strict

if TYPE_CHECKING:
    from bambe.project.model import Project

ARN = r"^arn:aws[a-z-]*:"
REST = r":[a-z]{2}(-[a-z]+)+-\d:\d{12}:"
LISTENER = ARN + "elasticloadbalancing" + REST + r"listener/app/[A-Za-z0-9-]{1,32}/[0-9a-f]{16}/[0-9a-f]{16}$"
Subnet = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$", examples=["subnet-0123456789abcdef0"])]
GROUP = r"^(sg-[0-9a-f]{8,17})?$"
A_GROUP = "sg-0123456789abcdef0"
A_LISTENER = (
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/0123456789abcdef/0123456789abcdef"
)


def _optional(pattern: str) -> str:
    """`pattern`, or nothing."""
    return f"^({pattern.removeprefix('^').removesuffix('$')})?$"


class Existing(Strict):
    """IDs and ARNs of what Bambe is to use instead of making it."""

    vpc: str = Field(
        default="",
        pattern=_optional(r"^vpc-[0-9a-f]{8,17}$"),
        examples=["vpc-0123456789abcdef0"],
        description="a VPC's ID",
    )
    public_subnets: tuple[Subnet, ...] = Field(default=(), description="for the load balancer")
    private_subnets: tuple[Subnet, ...] = Field(default=(), description="for tasks and brokers")
    cluster: str = Field(
        default="",
        pattern=r"^[a-zA-Z0-9_-]{0,255}$",
        examples=["shop"],
        description="an ECS cluster's name",
    )
    listener: str = Field(
        default="",
        pattern=_optional(LISTENER),
        examples=[A_LISTENER],
        description="an HTTPS listener's ARN",
    )
    test_listener: str = Field(
        default="",
        pattern=_optional(LISTENER),
        examples=[A_LISTENER],
        description="of the same balancer",
    )
    balancer_security_group: str = Field(
        default="", pattern=GROUP, examples=[A_GROUP], description="the listener's balancer's"
    )
    certificate: str = Field(
        default="",
        pattern=_optional(ARN + "acm" + REST + r"certificate/[0-9a-f-]{36}$"),
        examples=["arn:aws:acm:eu-central-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"],
        description="an ACM certificate's ARN",
    )
    kafka: str = Field(
        default="",
        pattern=_optional(ARN + "kafka" + REST + r"cluster/[A-Za-z0-9-]{1,64}/[A-Za-z0-9-]+$"),
        examples=[
            "arn:aws:kafka:eu-central-1:123456789012:cluster/shop/01234567-89ab-cdef-0123-456789abcdef-1"
        ],
        description="an MSK cluster's ARN",
    )
    kafka_security_group: str = Field(
        default="", pattern=GROUP, examples=[A_GROUP], description="the MSK cluster's"
    )

    @model_validator(mode="after")
    def _the_vpc_has_subnets(self) -> Existing:
        if not self.vpc:
            inside = ("public_subnets", "private_subnets", "listener", "kafka")
            if said := [name for name in inside if getattr(self, name)]:
                raise ValueError(f"{said[0]} is in a VPC: say in which, with `vpc`")
            return self
        for name in ("public_subnets", "private_subnets"):
            if len(set(getattr(self, name))) == 1:
                raise ValueError(f"{name} are at least two, in different zones")
        if not self.listener and not self.public_subnets:
            raise ValueError("the load balancer needs `public_subnets` of the VPC, two or more")
        if not self.private_subnets and not self.public_subnets:
            raise ValueError("tasks need `private_subnets` of the VPC, or `public_subnets`, two or more")
        return self

    @model_validator(mode="after")
    def _parts_come_together(self) -> Existing:
        if self.listener and not self.balancer_security_group:
            raise ValueError("`listener` needs `balancer_security_group`, from which tasks take requests")
        if self.test_listener and not self.listener:
            raise ValueError("`test_listener` comes with `listener`")
        if self.listener and self.certificate:
            raise ValueError("the listener has its certificate: leave out `certificate`")
        if bool(self.kafka) != bool(self.kafka_security_group):
            raise ValueError("`kafka` and `kafka_security_group` come together")
        return self

    @property
    def balancer(self) -> str:
        """What CloudWatch calls the listener's load balancer: app/name/id."""
        return self.listener.partition("listener/")[2].rpartition("/")[0]

    @property
    def kafka_name(self) -> str:
        """The name in the MSK cluster's ARN."""
        return self.kafka.split("/")[1] if self.kafka else ""


def problem(project: Project) -> str:
    """What does not go together with the rest of bambe.yml; ""."""
    said = project.existing
    if said.vpc and "network" in project.model_fields_set:
        return "existing.vpc is the network: leave out `network`"
    if said.listener and bool(project.test_port) != bool(said.test_listener):
        return "existing.test_listener and test_port come together where there is existing.listener"
    if said.kafka and project.events is None:
        return "existing.kafka needs `events`, with the topics that services use"
    return ""
