"""What a project costs is told in a few lines that read well, however many services there are."""

from __future__ import annotations

import json

from bambe.cli.costing import as_data, cost_lines, money
from bambe.project import Project
from bambe.synth import Cost, Costs, costs
from tests.judges import matrix
from tests.unit.synth.projects import for_any_project

FEW = Costs(
    (
        Cost("cart", "tasks", 9.0, 27.0, "1 to 3 tasks × (0.25 vCPU + 0.5 GB) × 730 h", True),
        Cost("cart", "alarms, by metric", 0.2, 0.2, "2 × $0.10", True),
        Cost("orders", "tasks", 18.0, 18.0, "2 tasks × (0.25 vCPU + 0.5 GB) × 730 h", True),
        Cost("network", "NAT gateways", 1032.85, 1032.85, "1 × $0.045 × 730 h"),
    ),
    {"cart": 0.012, "orders": 0.001},
)


def test_a_line_for_each_owner_and_their_sum() -> None:
    lines = cost_lines(FEW, "eu-central-1")
    assert lines[: lines.index("")] == [
        "cart         $9.20 to    $27.20",
        "orders      $18.00",
        "network  $1,032.85",
        "total    $1,060.05 to $1,078.05  a month",
    ]


def test_details_are_indented_and_say_how() -> None:
    lines = cost_lines(FEW, "eu-central-1", details=True)
    assert lines[:4] == [
        "cart                     $9.20 to    $27.20",
        "  tasks                  $9.00 to    $27.00  1 to 3 tasks × (0.25 vCPU + 0.5 GB) × 730 h",
        "  alarms, by metric      $0.20               2 × $0.10",
        "orders                  $18.00",
    ]


def test_without_scaling_there_is_one_column() -> None:
    lines = cost_lines(Costs((FEW.items[2], FEW.items[3])), "us-east-1")
    assert lines[: lines.index("")] == [
        "orders      $18.00",
        "network  $1,032.85",
        "total    $1,050.85  a month",
    ]


def test_the_notes_say_whose_prices_and_what_is_not_in_them() -> None:
    lines = cost_lines(FEW, "eu-central-1")
    notes = lines[lines.index("") + 1 :]
    assert notes[0] == "List prices of us-east-1, on demand, as of June 2026; eu-central-1 differs."
    assert notes[1].startswith("Not in them, being by use: ")
    assert "logs" in notes[1]
    assert notes[2:] == ["A release costs up to about $0.01 more: both versions run."]
    assert cost_lines(FEW, "us-east-1")[5] == "List prices of us-east-1, on demand, as of June 2026."


def test_a_small_extra_of_releases_is_no_zero_and_none_is_not_said() -> None:
    assert "A release costs less than $0.01 more: both versions run." in cost_lines(
        Costs((), {"orders": 0.001}), "us-east-1"
    )
    assert not any("release" in line for line in cost_lines(Costs((), {"orders": 0.0}), "us-east-1"))


def test_what_has_no_known_price_is_said() -> None:
    lines = cost_lines(Costs((), unpriced=("brokers of kafka.m9.large",)), "us-east-1")
    assert "Not in them, as their price is not known here: brokers of kafka.m9.large." in lines


def test_a_hundred_services_are_a_line_each() -> None:
    lines = cost_lines(costs(matrix.projects()["hundred"]), "eu-central-1")
    table = lines[: lines.index("")]
    assert len(table) == 100 + len(("network", "shared", "events", "total"))
    assert len(lines) - len(table) <= 4
    assert max(map(len, table)) < 80


@for_any_project
def test_any_project_can_be_told_and_given_to_programs(project: Project) -> None:
    found = costs(project)
    lines = cost_lines(found, project.region, details=True)
    assert all(line == line.rstrip() for line in lines)
    assert f"{money(found.total)}" in next(line for line in lines if line.endswith("a month"))
    data = json.loads(json.dumps(as_data(found)))
    assert abs(sum(one["monthly"] for one in data["items"]) - data["monthly"]) < 0.01
    assert set(data["per_release"]) == set(project.services)
    assert data["prices"] == {"region": "us-east-1", "as_of": "2026-06-01"}
