"""What a project costs a month on AWS: nothing with a standing price is forgotten, and the sums are AWS's."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.kernel import cron
from bambe.project import Project
from bambe.synth import Cost, Costs, costs, prices, stacks
from bambe.synth.costs import PRICED, TOGETHER
from bambe.synth.task_counts import task_counts
from tests.judges import matrix
from tests.unit.synth.projects import for_any_project

TASK = 0.25 * 0.04048 + 0.5 * 0.004445
"""The smallest one, an hour."""
ADDRESS = 0.005 * 730


def made(service: dict[str, Any] | None = None, **more: Any) -> Project:
    web = {"path": "web", "port": 80, "route": "default", **(service or {})}
    return Project.model_validate({"project": "shop", "services": {"web": web}, **more})


def by_what(found: Costs, owner: str) -> dict[str, Cost]:
    return {one.what: one for one in found.items if one.owner == owner}


def monthly(found: Costs, owner: str) -> dict[str, float]:
    return {what: pytest.approx(one.monthly) for what, one in by_what(found, owner).items()}


def types(project: Project) -> set[str]:
    return {one["Type"] for stack in stacks(project) for one in stack.template["Resources"].values()}


def test_every_type_in_the_templates_is_priced_or_known_to_cost_nothing_while_it_stands() -> None:
    known = Counter([*PRICED, *prices.FREE, *prices.ONLY_BY_USE])
    there = set().union(*(types(one) for one in [*matrix.projects().values(), *matrix.by_chance(20)]))
    assert there - known.keys() == set(), "say what it costs: in PRICED, or that it is FREE or ONLY_BY_USE"
    assert known.keys() - there == set(), "no template has it"
    assert [name for name, many in known.items() if many > 1] == []


@for_any_project
def test_costs_add_up_and_are_never_negative(project: Project) -> None:
    found = costs(project)
    assert found.unpriced == ()
    assert all(0 <= one.monthly <= one.most + 1e-9 for one in found.items)
    assert found.total == pytest.approx(sum(one.monthly for one in found.items))
    assert found.most == pytest.approx(sum(one.most for one in found.items))
    assert {one.owner for one in found.items if one.is_service} == set(project.services)
    assert {one.owner for one in found.items if not one.is_service} <= set(TOGETHER)
    assert all(found.per_release(service) >= 0 for service in project.services)


@for_any_project
def test_a_project_costs_the_same_each_time_and_as_much_as_its_stacks(project: Project) -> None:
    found, every = costs(project), stacks(project)
    assert found == costs(project, every)
    assert sum(costs(project, [one]).total for one in every) == pytest.approx(found.total)


@given(st.integers(0, 99), st.integers(1, 100), st.sampled_from(["single", "none"]))
def test_more_tasks_never_cost_less(few: int, more: int, nat: str) -> None:
    many = min(few + more, 100)
    less, much = (costs(made({"tasks": tasks}, network={"nat": nat})) for tasks in (few, many))
    assert (less.total < much.total, less.most < much.most) == (True, True)
    assert less.per_release("web") < much.per_release("web")


def test_a_small_project_in_public_subnets() -> None:
    found = costs(made({"tasks": 2}, network={"nat": "none"}))
    assert monthly(found, "web") == {"tasks": 2 * TASK * 730, "public IPv4 addresses": 2 * ADDRESS}
    assert monthly(found, "shared") == {
        "load balancer": 0.0225 * 730,
        "public IPv4 addresses": 2 * ADDRESS,
        "private DNS zone": 0.5,
    }
    assert monthly(found, "network") == {}
    assert by_what(found, "web")["tasks"].how == "2 tasks × (0.25 vCPU + 0.5 GB) × 730 h"
    assert by_what(found, "shared")["private DNS zone"].how == "1 × $0.50"
    assert found.most == found.total


def test_a_private_network_costs_its_gateways_and_endpoints_in_each_zone() -> None:
    network = {"zones": 3, "nat": "per_zone", "endpoints": ["s3", "logs", "ecr.api"]}
    found = costs(made(network=network))
    assert monthly(found, "network") == {
        "NAT gateways": 3 * 0.045 * 730,
        "public IPv4 addresses": 3 * ADDRESS,
        "endpoints, each in every zone": 2 * 3 * 0.01 * 730,
    }
    assert by_what(found, "network")["NAT gateways"].how == "3 × $0.045 × 730 h"
    assert set(by_what(found, "web")) == {"tasks"}


def test_scaling_costs_from_its_least_to_its_most_and_its_alarms() -> None:
    found = costs(made({"scaling": {"min": 1, "max": 4, "cpu": 60, "requests": 100}}))
    tasks = by_what(found, "web")["tasks"]
    assert (tasks.monthly, tasks.most) == (pytest.approx(TASK * 730), pytest.approx(4 * TASK * 730))
    assert tasks.how == "1 to 4 tasks × (0.25 vCPU + 0.5 GB) × 730 h"
    # Two alarms by the CPU, of one metric; two by requests, of both target groups' metrics.
    assert by_what(found, "web")["alarms of scaling, by metric"].monthly == pytest.approx(6 * 0.10)
    rolling = costs(made({"release": "rolling", "scaling": {"min": 1, "max": 4, "requests": 100}}))
    assert by_what(rolling, "web")["alarms of scaling, by metric"].monthly == pytest.approx(2 * 0.10)
    assert found.most - found.total == pytest.approx(3 * TASK * 730)


def test_an_alarm_costs_each_metric_that_it_is_made_of() -> None:
    alarms = [{"metric": "errors", "above": 1}, {"metric": "error_rate", "above": 1}]
    found = costs(made({"release": {"alarms": alarms}}))
    assert monthly(found, "web")["alarms, by metric"] == 2 * (1 + 2) * 0.10
    assert by_what(found, "web")["alarms, by metric"].how == "6 × $0.10"


NIGHTS = [{"cron": "0 20 ? * * *", "tasks": 0}, {"cron": "0 8 ? * * *", "tasks": 4}]


@pytest.mark.parametrize(
    ("service", "counts"),
    [
        ({"schedule": NIGHTS}, (2, 2)),
        ({"schedule": NIGHTS, "scaling": {"min": 2, "max": 10, "cpu": 60}}, (2, 5)),
        ({"schedule": [{"cron": "0 0 ? * MON *", "tasks": 7}], "tasks": 1}, (7, 7)),
        ({"schedule": [{**one, "timezone": "Asia/Tokyo"} for one in NIGHTS]}, (2, 2)),
        (
            {
                "schedule": [
                    {"cron": "0 6 ? * MON *", "tasks": 7, "timezone": "Europe/Berlin"},
                    {"cron": "0 4 ? * TUE *", "tasks": 0},
                ]
            },
            (1, 1),
        ),
        ({"schedule": [{"cron": "0 0 1 1 ? 2020", "tasks": 7}], "tasks": 3}, (3, 3)),
    ],
    ids=["none at night", "scaling by day", "one time for ever", "elsewhere", "two zones", "long ago"],
)
def test_a_schedule_counts_by_its_hours(service: dict[str, Any], counts: tuple[float, float]) -> None:
    assert task_counts(made(service).services["web"]) == pytest.approx(counts)


def test_a_schedule_says_that_it_is_an_average() -> None:
    found = by_what(costs(made({"schedule": [{**NIGHTS[0]}, {**NIGHTS[1], "tasks": 3}]})), "web")
    assert found["tasks"].how == "1.5 tasks on average × (0.25 vCPU + 0.5 GB) × 730 h"


def test_the_minutes_of_a_day_that_fit_a_cron_expression() -> None:
    twice = cron.parse("0,30 9 ? * MON *")
    assert [f"{one:%H:%M}" for one in twice.on(date(2026, 6, 1))] == ["09:00", "09:30"]
    assert list(twice.on(date(2026, 6, 2))) == []


def test_kafka_costs_its_brokers_their_disks_and_the_secrets_of_its_users() -> None:
    events = {"brokers": 2, "storage": 100, "access": "scram", "topics": {"told": {}}}
    found = costs(made({"produces": ["told"]}, events=events))
    assert monthly(found, "events") == {
        "brokers, kafka.t3.small": 2 * 0.0456 * 730,
        "storage of the brokers": 200 * 0.10,
        "key": 1.0,
        "secrets": 2 * 0.40,
    }
    assert by_what(found, "events")["storage of the brokers"].how == "200 GB × $0.10"


@pytest.mark.parametrize(
    ("instance", "hourly"),
    [
        ("kafka.m5.large", 0.21),
        ("kafka.m5.xlarge", 0.42),
        ("kafka.m5.24xlarge", 10.08),
        ("kafka.m7g.large", 0.204),
        ("kafka.m7g.16xlarge", 6.528),
    ],
)
def test_a_broker_costs_by_its_size(instance: str, hourly: float) -> None:
    assert prices.BROKERS[instance] == pytest.approx(hourly)


def test_an_instance_without_a_known_price_is_named_and_not_guessed() -> None:
    found = costs(made(events={"instance": "kafka.m7g.24xlarge"}))
    assert found.unpriced == ("brokers of kafka.m7g.24xlarge",)
    assert set(by_what(found, "events")) == {"storage of the brokers"}


def test_what_is_there_already_costs_nothing_new() -> None:
    found = costs(matrix.projects()["given"])
    assert {one.owner for one in found.items} == {"gateway", "native", "shared", "events"}
    assert set(by_what(found, "shared")) == {"private DNS zone"}
    assert set(by_what(found, "events")) == {"key", "secrets"}


def test_a_load_balancer_in_a_given_vpc_has_an_address_in_each_of_its_subnets() -> None:
    subnets = ["subnet-12345678", "subnet-12345679", "subnet-1234567a"]
    found = costs(made(existing={"vpc": "vpc-12345678", "public_subnets": subnets}))
    assert monthly(found, "shared")["public IPv4 addresses"] == 3 * ADDRESS


def test_a_service_called_like_what_is_shared_is_a_service() -> None:
    said = {"path": "s", "port": 80, "release": "rolling"}
    project = Project.model_validate({"project": "shop", "services": {"shared": said, "events": said}})
    services = [one.owner for one in costs(project).items if one.is_service]
    assert services == ["events", "shared"]


@pytest.mark.parametrize(
    ("release", "minutes"),
    [
        ({}, 35),
        ({"interval": "10m", "keep_old": "0m"}, 10),
        ({"strategy": "linear", "percent": 25, "interval": "2m", "keep_old": "4m"}, 3 * 2 + 4),
        ({"strategy": "all_at_once", "interval": "10m"}, 30),
        ({"strategy": "all_at_once", "approval": "60m"}, 30),
        ("rolling", 0),
    ],
)
def test_a_release_costs_the_tasks_of_both_versions_for_its_time(release: Any, minutes: int) -> None:
    found = costs(made({"tasks": 2, "release": release}, network={"nat": "none"}))
    assert found.per_release("web") == pytest.approx(2 * (TASK + 0.005) * minutes / 60)


def test_a_consumer_runs_twice_for_its_canary_only() -> None:
    project = matrix.projects()["full"]
    assert costs(project).per_release("worker") == pytest.approx(TASK * 5 / 60)
    with pytest.raises(KeyError):
        costs(project).per_release("nobody")
