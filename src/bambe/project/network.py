"""The network that Bambe makes on AWS: the part `network:` of a bambe.yml."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from bambe.project.words import Strict

if TYPE_CHECKING:
    from bambe.project.model import Project

Endpoint = Literal[
    "needed",
    "codedeploy",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "kms",
    "logs",
    "monitoring",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "ssmmessages",
    "sts",
]


def _or_one(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _cidr(value: Any) -> Any:
    try:
        found = ipaddress.IPv4Network(str(value))
    except ValueError:
        found = None
    if found is None or not 16 <= found.prefixlen <= 24 or not found.is_private:
        raise ValueError(f"{value!r} is no private network from /16 to /24, such as 10.0.0.0/16")
    return str(value)


class Network(Strict):
    """A VPC with a public and a private subnet in each zone."""

    zones: int = Field(default=2, ge=2, le=3, strict=True, description="availability zones")
    cidr: Annotated[str, BeforeValidator(_cidr, json_schema_input_type=str)] = Field(
        default="10.0.0.0/16", description="its addresses; sixteen subnets fit"
    )
    nat: Literal["single", "per_zone", "none"] = Field(
        default="single", description="by which NAT gateways tasks in private subnets reach the internet"
    )
    endpoints: Annotated[
        tuple[Endpoint, ...], BeforeValidator(_or_one, json_schema_input_type=str | list[Endpoint])
    ] = Field(default=(), description='AWS services reached inside the VPC, by name; or "needed"')
    flow_logs: bool = Field(default=False, strict=True, description="record all connections")

    @property
    def is_private(self) -> bool:
        """Whether tasks in private subnets reach what they need; else they run in the public ones."""
        return self.nat != "none" or bool(self.endpoints)

    def subnets(self) -> tuple[list[str], list[str]]:
        """The address ranges of the public and the private subnets; a third zone moves none of them."""
        parts = [str(one) for one in ipaddress.IPv4Network(self.cidr).subnets(prefixlen_diff=4)]
        return parts[: self.zones], parts[8 : 8 + self.zones]

    @model_validator(mode="after")
    def _endpoints_are_named_once(self) -> Network:
        if len(set(self.endpoints)) != len(self.endpoints):
            raise ValueError("endpoints names one twice")
        return self


def endpoints(project: Project) -> list[str]:
    """The endpoints of the project's network, `needed` spelled out."""
    wanted = set(project.network.endpoints)
    return sorted((wanted - {"needed"}) | (needed(project).keys() if "needed" in wanted else set()))


def needed(project: Project) -> Mapping[str, str]:
    """The endpoints without which tasks do not run in a network without NAT, each with who needs it."""
    found = dict.fromkeys(("ecr.api", "ecr.dkr", "logs", "s3"), "every task")
    for name, service in sorted(project.services.items()):
        sources = [*service.secrets.values()]
        if project.events and service.has_events:
            scram = ["secretsmanager:"] if project.events.access == "scram" else []
            sources += ["ssm:", *scram]
        for source in sources:
            found.setdefault(source.partition(":")[0], name)
        if service.exec:
            found.setdefault("ssmmessages", name)
        if project.steers_events(name):
            for one in ("ecs", "monitoring", *(["codedeploy"] if project.has_codedeploy(name) else [])):
                found.setdefault(one, name)
    return found


def problem(project: Project) -> str:
    """What tasks would miss in this network; ""."""
    network = project.network
    if network.nat != "none" or not network.endpoints or "needed" in network.endpoints:
        return ""
    missing = {one: who for one, who in needed(project).items() if one not in network.endpoints}
    if not missing:
        return ""
    who = next(iter(missing.values()))
    return (
        f"network.endpoints lacks {', '.join(sorted(missing))}, and without NAT {who} cannot do without:"
        " name it, or write `endpoints: needed`"
    )
