"""What a bambe.yml says, as strict models; names and limits are AWS's where AWS has them."""

from __future__ import annotations

import re
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, model_validator

from bambe.kernel import cron
from bambe.project import existing, limits, network
from bambe.project.environments import REGION, Environment, EnvironmentName
from bambe.project.events import Events, TopicName
from bambe.project.existing import Existing
from bambe.project.network import Network
from bambe.project.notices import TOPIC, Notify
from bambe.project.release import Release
from bambe.project.scaling import Scaling
from bambe.project.source import Source
from bambe.project.words import FOREVER, Duration, Retention, Strict

NAME = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
HOST = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$"
FARGATE = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
}
"""Memory (MiB) that goes with CPU units on Fargate (AWS: task size)."""


EVENT_VARIABLES = (
    "KAFKA_BOOTSTRAP_SERVERS",
    "KAFKA_SECURITY_PROTOCOL",
    "KAFKA_SASL_MECHANISM",
    "KAFKA_USERNAME",
    "KAFKA_PASSWORD",
    "KAFKA_CA",
    "KAFKA_GROUP",
    "KAFKA_CONSUMES",
    "KAFKA_EVENTS",
    "KAFKA_PERCENT",
    "KAFKA_ON_ROLLBACK",
)
"""What the tasks of a service with `produces` or `consumes` find in their environment."""

Name = Annotated[str, Field(pattern=NAME, min_length=2, max_length=20)]


def _folder(value: Any) -> Any:
    parts = str(value).strip("/").split("/")
    if not isinstance(value, str) or value.startswith("/") or {"", ".", ".."} & set(parts):
        raise ValueError(f"{value!r} is no folder below bambe.yml: write it like services/orders")
    return value.strip("/")


def _host(value: Any) -> Any:
    if value and not re.fullmatch(HOST, str(value)):
        raise ValueError(f"{value!r} is no domain name: write it like shop.example, in lower case")
    return value


def _branch(value: Any) -> Any:
    if not re.fullmatch(r"[A-Za-z0-9._/-]+", str(value)) or ".." in str(value):
        raise ValueError(f"{value!r} is no name of a branch")
    return value


def _variables(value: Any) -> Any:
    for name in value if isinstance(value, dict) else ():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", str(name)):
            raise ValueError(f"{name!r} is no name of a variable: letters, digits and underscores")
        if "\0" in str(value[name]):
            raise ValueError(f"{name} has a character of code 0, which no variable can have")
    return value


SECRET = r"^(ssm:[a-zA-Z0-9_.\-/]+|secretsmanager:[a-zA-Z0-9/_+=.@!\-]+(:[^:]+)?)$"


def _secret(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(SECRET, value):
        # The value may be the secret itself, put here by mistake: it is not repeated.
        raise ValueError("a secret says where its value is: ssm:/name, or secretsmanager:name[:key]")
    return value


Folder = Annotated[str, BeforeValidator(_folder, json_schema_input_type=str)]
Host = Annotated[str, BeforeValidator(_host, json_schema_input_type=str)]
Branch = Annotated[str, BeforeValidator(_branch, json_schema_input_type=str)]
Secret = Annotated[
    str, BeforeValidator(_secret, json_schema_input_type=str), Field(json_schema_extra={"pattern": SECRET})
]
Text = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int | float) else value)]


class Health(Strict):
    """The load balancer's health check."""

    path: str = Field(default="/", pattern=r"^/", examples=["/health"])
    interval: Duration = timedelta(seconds=10)
    timeout: Duration = timedelta(seconds=4)
    healthy: int = Field(default=2, ge=2, le=10)
    unhealthy: int = Field(default=2, ge=2, le=10)
    codes: str = Field(default="200", pattern=r"^\d{3}([-,]\d{3})*$", examples=["200-299,301"])

    @model_validator(mode="after")
    def _within_limits(self) -> Health:
        if any(not 200 <= int(code) <= 499 for code in re.findall(r"\d+", self.codes)):
            raise ValueError("codes are between 200 and 499 (the load balancer's limit)")
        seconds, timeout = self.interval.total_seconds(), self.timeout.total_seconds()
        if not 5 <= seconds <= 300:
            raise ValueError("interval is 5s to 5m (the load balancer's limit)")
        if not 2 <= timeout <= 120 or timeout >= seconds:
            raise ValueError("timeout is 2s to 120s and shorter than the interval")
        return self


class Hours(Strict):
    """From these times on a service has so many tasks."""

    cron: str = Field(description="AWS's six fields: minutes hours day month weekday year")
    tasks: int = Field(ge=0, le=100)
    timezone: str = Field(default="UTC", pattern=r"^[A-Za-z0-9_+/-]{1,64}$", examples=["Europe/Berlin"])

    @model_validator(mode="after")
    def _is_a_time(self) -> Hours:
        try:
            cron.parse(self.cron)
        except cron.BadCron as problem:
            raise ValueError(
                f'cron {self.cron!r}: {problem}; "0 20 ? * MON-FRI *" is 20:00 on weekdays'
            ) from None
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{self.timezone} is no time zone, such as Europe/Berlin") from None
        return self


class Service(Strict):
    """One container image, one ECS service."""

    path: Folder = Field(description="its folder: Dockerfile and buildspec.yml are there")
    also: tuple[Folder, ...] = Field(default=(), description="other folders whose changes build it")
    port: int = Field(ge=1, le=65535, strict=True)
    route: str = Field(default="none", description='"default", "none", or a path pattern such as "/orders*"')
    tasks: int = Field(default=1, ge=0, le=100)
    cpu: int = 256
    memory: int = 512
    health: Health = Health()
    environment: Annotated[dict[str, Text], BeforeValidator(_variables)] = Field(default={})
    secrets: Annotated[dict[str, Secret], BeforeValidator(_variables)] = Field(default={})
    release: Release | None = None
    stop_timeout: Duration = timedelta(seconds=30)
    schedule: tuple[Hours, ...] = Field(default=(), max_length=20, description="how many tasks from when on")
    scaling: Scaling | None = Field(default=None, description="how many tasks as the load changes")
    produces: tuple[TopicName, ...] = Field(default=(), description="topics it writes to")
    consumes: tuple[TopicName, ...] = Field(default=(), description="topics it reads, as a consumer group")
    exec: bool = Field(
        default=False, strict=True, description="whether commands may be run in its containers (ECS Exec)"
    )

    @property
    def has_events(self) -> bool:
        """Whether it speaks to the Kafka cluster."""
        return bool(self.produces or self.consumes)

    @property
    def is_public(self) -> bool:
        """Whether the load balancer leads to it."""
        return self.route != "none"

    @model_validator(mode="after")
    def _variables_have_one_source(self) -> Service:
        for name in self.secrets:
            if name in self.environment:
                raise ValueError(f"{name} is given both in environment and in secrets")
        return self

    @model_validator(mode="after")
    def _scales_by_what_it_has(self) -> Service:
        if self.scaling and self.scaling.requests and not self.is_public:
            raise ValueError("scaling by `requests` goes by the load balancer's, and it has no route")
        if self.scaling and "tasks" in self.model_fields_set:
            raise ValueError("`scaling` says how many tasks there are: leave out `tasks`")
        return self

    @model_validator(mode="after")
    def _fits_fargate(self) -> Service:
        sizes = FARGATE.get(self.cpu)
        if sizes is None:
            raise ValueError(f"cpu is one of {', '.join(map(str, FARGATE))}, not {self.cpu}")
        if self.memory not in sizes:
            raise ValueError(f"with cpu {self.cpu}, memory is one of {', '.join(map(str, sizes))} MiB")
        return self

    @model_validator(mode="after")
    def _route_is_legal(self) -> Service:
        if self.route not in ("default", "none") and not self.route.startswith("/"):
            raise ValueError(f'route is "default", "none" or begins with "/", not {self.route!r}')
        if self.route == "/*":
            raise ValueError('the route of everything is called "default"')
        if re.search(r"\s", self.route) or len(self.route) > 128:
            raise ValueError("a route has no spaces and at most 128 characters (the load balancer's limit)")
        if self.route.count("*") + self.route.count("?") > 5:
            raise ValueError("a route has at most 5 wildcards (the load balancer's limit)")
        if self.stop_timeout.total_seconds() > 120:
            raise ValueError("stop_timeout is at most 120s (Fargate's limit)")
        return self


class Project(Strict):
    """A whole bambe.yml."""

    project: Name
    region: str = Field(default="eu-central-1", pattern=REGION, examples=["eu-central-1"])
    domain: Host = Field(default="", description="the services' DNS domain; <project>.local if left out")
    host: Host = Field(default="", description="the certificate's name; <project>.example if left out")
    test_port: int = Field(
        default=0, ge=0, le=65535, description="a listener on which new versions are tried first; 0: none"
    )
    branch: Branch = Field(default="main", description="the branch whose pushes are released")
    log_retention: Retention = Field(
        default=timedelta(days=30), description='how long logs are kept, such as 30d, or "forever"'
    )
    insights: Literal["disabled", "enabled", "enhanced"] = Field(
        default="disabled", description="the cluster's Container Insights"
    )
    http_namespace: str = Field(
        default="",
        pattern=r"^([!-~]{1,127})?$",
        examples=["shop"],
        description="an HTTP namespace of Cloud Map, the cluster's default for Service Connect",
    )
    notify: Notify = Field(default=(), description="who hears of releases and alarms")
    source: Source | None = Field(default=None, description="on AWS: the repository that is built")
    network: Network = Network()
    existing: Existing = Existing()
    release: Release = Release()
    events: Events | None = Field(default=None, description="a Kafka cluster and its topics")
    environments: dict[EnvironmentName, Environment] = Field(
        default={}, description="accounts and regions of AWS that `--on` names"
    )
    services: dict[Name, Service] = Field(min_length=1)

    @property
    def namespace(self) -> str:
        """The Cloud Map namespace."""
        return self.domain or f"{self.project}.local"

    @property
    def certificate_name(self) -> str:
        """The name on the certificate."""
        return self.host or f"{self.project}.example"

    @property
    def log_days(self) -> int | None:
        """Days that logs are kept; None for ever."""
        return None if self.log_retention == FOREVER else self.log_retention.days

    @property
    def topic(self) -> str:
        """The ARN of the SNS topic that `notify` names; "" where it names none."""
        return next((one for one in self.notify if re.fullmatch(TOPIC, one)), "")

    @property
    def is_private(self) -> bool:
        """Whether tasks run in private subnets, without an address of their own on the internet."""
        return bool(self.existing.private_subnets) if self.existing.vpc else self.network.is_private

    def here(self) -> Project:
        """The project as this machine has it: nothing is there already, and it is pushed, not fetched."""
        return self.model_copy(update={"existing": Existing(), "source": None})

    def placed(self, vpc: str, subnets: tuple[str, ...], repository: str) -> Project:
        """The project as this machine has it, in a VPC and with a repository of this machine."""
        private = subnets if self.network.is_private else ()
        there = Existing.model_construct(vpc=vpc, public_subnets=subnets, private_subnets=private)
        source = Source.model_construct(repository=repository, type="github")
        return self.model_copy(update={"existing": there, "source": source})

    def release_of(self, service: str) -> Release:
        """How `service` is released: its own words, else the project's."""
        return self.services[service].release or self.release

    def is_rolling(self, service: str) -> bool:
        """Whether ECS updates it in place."""
        return self.release_of(service).strategy == "rolling"

    def is_worker(self, service: str) -> bool:
        """Whether it is released by what it takes of the events, having no traffic to shift."""
        wish = self.services[service]
        return not wish.is_public and bool(wish.consumes) and self.release_of(service).events == "canary"

    def steers_events(self, service: str) -> bool:
        """Whether the consumers of its new version are told how much of the events is theirs."""
        return bool(self.services[service].consumes) and self.release_of(service).steers_events

    def asks_aws(self, service: str) -> bool:
        """Whether its tasks themselves call AWS, for what bambe.yml says of it."""
        return self.steers_events(service) or self.services[service].exec

    def is_native(self, service: str) -> bool:
        """Whether ECS itself shifts its traffic from version to version."""
        return not self.is_rolling(service) and self.release_of(service).controller == "ecs"

    def shifts_traffic(self, service: str) -> bool:
        """Whether its releases shift traffic between two target groups."""
        return self.services[service].is_public and not self.is_rolling(service)

    def has_codedeploy(self, service: str) -> bool:
        """Whether CodeDeploy releases it."""
        return not self.is_rolling(service) and not self.is_native(service)

    @model_validator(mode="after")
    def _routes_do_not_collide(self) -> Project:
        taken: dict[str, str] = {}
        for name, service in self.services.items():
            if not service.is_public:
                continue
            if service.route in taken:
                raise ValueError(f"{taken[service.route]} and {name} both have the route {service.route!r}")
            taken[service.route] = name
        return self

    @model_validator(mode="after")
    def _events_have_topics(self) -> Project:
        topics = self.events.topics if self.events else {}
        for name, service in self.services.items():
            for topic in (*service.produces, *service.consumes):
                if topic not in topics:
                    raise ValueError(f"{name}: there is no topic {topic}: name it in events.topics")
        return self

    @model_validator(mode="after")
    def _the_events_stack_has_its_name(self) -> Project:
        if self.events and "events" in self.services:
            raise ValueError("the service events and the cluster would both be called so: rename the service")
        return self

    @model_validator(mode="after")
    def _is_what_aws_takes(self) -> Project:
        whole_days = self.log_retention == FOREVER or not self.log_retention % timedelta(days=1)
        if not whole_days or self.log_days not in (None, *limits.RETENTIONS):
            days = ", ".join(f"{one}d" for one in limits.RETENTIONS[:14])
            raise ValueError(
                f'log_retention is "forever" or one of {days} (or years, as CloudWatch has them)'
            )
        for said in (existing.problem(self), network.problem(self), *limits.problems(self)):
            if said:
                raise ValueError(said)
        return self

    @model_validator(mode="after")
    def _variables_of_events_are_free(self) -> Project:
        for name, service in self.services.items():
            given = {*service.environment, *service.secrets}
            for variable in sorted(given & set(EVENT_VARIABLES)) if service.has_events else ():
                raise ValueError(f"{name}: {variable} is set by `produces` and `consumes`: leave it out")
        return self

    @model_validator(mode="after")
    def _test_traffic_has_a_port(self) -> Project:
        if self.test_port in (80, 443):
            raise ValueError(f"test_port {self.test_port} belongs to the production traffic: take 8443")
        for name in self.services:
            if self.test_port or self.is_rolling(name):
                continue
            release = self.release_of(name)
            if "AfterAllowTestTraffic" in release.hooks:
                raise ValueError(f"{name}: the hook AfterAllowTestTraffic needs a `test_port`, such as 8443")
            if release.synthetic:
                raise ValueError(f"{name}: `synthetic` needs a `test_port`, such as 8443")
        return self

    @model_validator(mode="after")
    def _synthetic_requests_reach_the_service(self) -> Project:
        for name, service in self.services.items():
            if service.route in ("default", "none"):
                continue
            for path in self.release_of(name).synthetic:
                if not fnmatchcase(path, service.route):
                    raise ValueError(
                        f"{name}: the path {path} in `synthetic` is not in its route {service.route}"
                    )
        return self

    @model_validator(mode="after")
    def _blue_green_needs_a_route(self) -> Project:
        for name, service in self.services.items():
            if service.is_public or self.is_rolling(name):
                continue
            if not self.is_worker(name):
                raise ValueError(
                    f"{name} has no route, so its traffic cannot be shifted:"
                    " give it a route, or `release: rolling`,"
                    " or `release: {controller: ecs, events: canary}` if it consumes"
                )
            if problem := _worker_problem(self.release_of(name)):
                raise ValueError(f"{name} has no route, so its release shifts events alone: {problem}")
        return self

    @model_validator(mode="after")
    def _what_a_new_consumer_takes_is_said(self) -> Project:
        for name, service in self.services.items():
            release = self.release_of(name)
            own = service.release.events if service.release else None
            if own and not service.consumes:
                raise ValueError(f"{name} consumes nothing: leave out `events: {own}`")
            if service.consumes and not self.is_rolling(name) and release.events is None:
                raise ValueError(
                    f"{name} consumes, and its new version would take events before it has any traffic:"
                    " say in its release `events: canary` or `events: hold` (docs/consumers.md says what its"
                    " code does for that), or `events: shared` if that is all right"
                )
        return self


def _worker_problem(release: Release) -> str:
    """What a release by events alone cannot do; ""."""
    if release.controller != "ecs" or release.strategy != "canary":
        return "write `controller: ecs` and `strategy: canary`"
    if release.synthetic:
        return "leave out `synthetic`"
    if any(alarm.metric for alarm in release.alarms):
        return "alarms are named there; those with a metric are about requests"
    return ""
