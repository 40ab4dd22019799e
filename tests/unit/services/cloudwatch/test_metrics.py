"""Metrics put, listed and read back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.support.house import House


async def put(house: House, name: str = "Latency", **datum: Any) -> None:
    await house.aws.cloudwatch.put_metric_data(
        Namespace="Shop", MetricData=[{"MetricName": name, **({"Value": 1.0} if not datum else {}), **datum}]
    )


async def refused(call: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        await call
    return caught.value.wire_code(), caught.value.message


async def statistics(house: House, name: str = "Latency", **more: Any) -> list[Any]:
    now = house.clock.now()
    asked = {
        "StartTime": now - timedelta(hours=1),
        "EndTime": now + timedelta(hours=1),
        "Period": 60,
        "Statistics": ["Sum", "SampleCount"],
        **more,
    }
    asked = {key: one for key, one in asked.items() if one is not None}
    answer = await house.aws.cloudwatch.get_metric_statistics(Namespace="Shop", MetricName=name, **asked)
    return list(answer["Datapoints"])


async def test_values_of_a_minute_are_one_datapoint(house: House) -> None:
    await put(house, Value=2.0, Unit="Seconds")
    await put(house, Values=[1.0, 3.0], Counts=[2.0, 1.0], Unit="Seconds")
    await put(house, StatisticValues={"SampleCount": 2, "Sum": 9, "Minimum": 4, "Maximum": 5}, Unit="Seconds")
    (point,) = await statistics(house, Statistics=["Sum", "SampleCount", "Minimum", "Maximum", "Average"])
    assert point == {
        "Timestamp": house.clock.now(),
        "Unit": "Seconds",
        "Sum": 16,
        "SampleCount": 6,
        "Minimum": 1,
        "Maximum": 5,
        "Average": 16 / 6,
    }


async def test_minutes_are_told_apart_and_added_up_to_longer_periods(house: House) -> None:
    start = house.clock.now()
    for minute in range(4):
        await put(house, Value=float(minute), Timestamp=start + timedelta(minutes=minute))
    assert [one["Sum"] for one in await statistics(house)] == [0, 1, 2, 3]
    assert [one["Sum"] for one in await statistics(house, Period=120)] == [1, 5]


async def test_seconds_are_kept_where_they_are_asked_for(house: House) -> None:
    start = house.clock.now()
    for second in range(3):
        at = start + timedelta(seconds=second)
        await put(house, "Fine", Value=1.0, Timestamp=at, StorageResolution=1)
        await put(house, "Coarse", Value=1.0, Timestamp=at)
    span = {"StartTime": start, "EndTime": start + timedelta(seconds=9)}
    assert len(await statistics(house, "Fine", Period=1, **span)) == 3
    assert len(await statistics(house, "Coarse", Period=1, **span)) == 1


async def test_percentiles(house: House) -> None:
    await put(house, Values=[float(n) for n in range(1, 101)])
    (point,) = await statistics(house, Statistics=None, ExtendedStatistics=["p50", "p99.9"])
    assert point["ExtendedStatistics"]["p50"] == pytest.approx(50, rel=0.1)
    assert point["ExtendedStatistics"]["p99.9"] == pytest.approx(100, rel=0.1)


async def test_metrics_are_listed_by_what_they_measure(house: House) -> None:
    dimensions = [{"Name": "B", "Value": "2"}, {"Name": "A", "Value": "1"}]
    await put(house, Value=1.0, Dimensions=dimensions)
    await put(house, "Errors", Value=1.0)
    cloudwatch = house.aws.cloudwatch
    assert len((await cloudwatch.list_metrics())["Metrics"]) == 2
    found = await cloudwatch.list_metrics(Namespace="Shop", Dimensions=[{"Name": "A"}])
    assert found["Metrics"] == [
        {
            "Namespace": "Shop",
            "MetricName": "Latency",
            "Dimensions": [{"Name": "A", "Value": "1"}, {"Name": "B", "Value": "2"}],
        }
    ]
    assert (await cloudwatch.list_metrics(Dimensions=[{"Name": "A", "Value": "9"}]))["Metrics"] == []
    assert await statistics(house, Dimensions=[{"Name": "A", "Value": "1"}]) == []
    assert len(await statistics(house, Dimensions=dimensions)) == 1
    await house.clock.advance(4 * 3600)
    assert (await cloudwatch.list_metrics(RecentlyActive="PT3H"))["Metrics"] == []


async def data(house: House, *queries: Any, **more: Any) -> Any:
    now = house.clock.now()
    span = {"StartTime": now - timedelta(minutes=10), "EndTime": now + timedelta(minutes=10)}
    return await house.aws.cloudwatch.get_metric_data(MetricDataQueries=list(queries), **{**span, **more})


def stat(id: str, name: str, how: str = "Sum", **more: Any) -> dict[str, Any]:
    metric = {"Namespace": "Shop", "MetricName": name}
    return {"Id": id, "MetricStat": {"Metric": metric, "Period": 60, "Stat": how}, **more}


async def test_expressions_over_metrics(house: House) -> None:
    start = house.clock.now()
    for minute, (errors, requests) in enumerate([(1, 10), (0, 20), (3, 12)]):
        at = start + timedelta(minutes=minute)
        await put(house, "Requests", Value=float(requests), Timestamp=at)
        if errors:
            await put(house, "Errors", Value=float(errors), Timestamp=at)
    answer = await data(
        house,
        stat("m1", "Errors", ReturnData=False),
        stat("m2", "Requests"),
        {"Id": "rate", "Expression": "100 * FILL(m1, 0) / m2", "Label": "Error rate"},
        ScanBy="TimestampAscending",
    )
    requests, rate = answer["MetricDataResults"]
    assert (requests["Label"], requests["Values"]) == ("Requests", [10, 20, 12])
    assert (rate["Id"], rate["Label"], rate["Values"]) == ("rate", "Error rate", [10, 0, 25])
    assert rate["Timestamps"] == [start + timedelta(minutes=minute) for minute in range(3)]
    newest = (await data(house, stat("m2", "Requests")))["MetricDataResults"][0]
    assert newest["Values"] == [12, 20, 10]


async def test_many_points_come_in_pages(house: House) -> None:
    for minute in range(5):
        await put(
            house, "Requests", Value=float(minute), Timestamp=house.clock.now() + timedelta(minutes=minute)
        )
    first = await data(house, stat("m", "Requests"), MaxDatapoints=3)
    assert first["MetricDataResults"][0]["StatusCode"] == "PartialData"
    rest = await data(house, stat("m", "Requests"), MaxDatapoints=3, NextToken=first["NextToken"])
    values = [v for answer in (first, rest) for v in answer["MetricDataResults"][0]["Values"]]
    assert (values, "NextToken" in rest) == ([4, 3, 2, 1, 0], False)


@pytest.mark.parametrize(
    ("datum", "code"),
    [
        ({"Value": float("nan")}, "InvalidParameterValueException"),
        ({"Value": 2.0**361}, "InvalidParameterValueException"),
        ({"Unit": "Count"}, "MissingRequiredParameterException"),
        ({"Value": 1.0, "Values": [1.0]}, "InvalidParameterCombinationException"),
        ({"Values": [1.0, 2.0], "Counts": [1.0]}, "InvalidParameterValueException"),
        ({"Value": 1.0, "StorageResolution": 5}, "InvalidParameterValueException"),
        (
            {"Value": 1.0, "Dimensions": [{"Name": "A", "Value": "1"}, {"Name": "A", "Value": "2"}]},
            "InvalidParameterValueException",
        ),
    ],
)
async def test_bad_values_are_refused(house: House, datum: dict[str, Any], code: str) -> None:
    assert (await refused(put(house, **datum)))[0] == code


async def test_what_is_out_of_time_or_reserved_is_refused(house: House) -> None:
    now = house.clock.now()
    for at in (now - timedelta(days=15), now + timedelta(hours=3)):
        code, why = await refused(put(house, Value=1.0, Timestamp=at))
        assert (code, "two weeks" in why) == ("InvalidParameterValueException", True)
    call = house.aws.cloudwatch.put_metric_data(
        Namespace="AWS/ApplicationELB", MetricData=[{"MetricName": "RequestCount", "Value": 1.0}]
    )
    assert await refused(call) == (
        "InvalidParameterValueException",
        "The value AWS/ApplicationELB for parameter Namespace is invalid.",
    )


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"Statistics": None}, "MissingRequiredParameterException"),
        ({"Period": 7}, "InvalidParameterValueException"),
        ({"Period": 1}, "InvalidParameterCombinationException"),
        ({"Statistics": None, "ExtendedStatistics": ["p101"]}, "InvalidParameterValueException"),
        ({"Statistics": None, "ExtendedStatistics": ["tm90"]}, "NotImplemented"),
    ],
)
async def test_bad_questions_are_refused(house: House, asked: dict[str, Any], code: str) -> None:
    assert (await refused(statistics(house, **asked)))[0] == code


@pytest.mark.parametrize(
    ("queries", "code"),
    [
        ([stat("M", "x")], "ValidationError"),
        ([stat("m", "x"), stat("m", "y")], "ValidationError"),
        ([{"Id": "e", "Expression": "m + 1"}], "ValidationError"),
        ([{"Id": "e", "Expression": "1 +"}], "ValidationError"),
        ([stat("m", "x"), {"Id": "e", "Expression": "[m, m]"}], "ValidationError"),
        ([{"Id": "e", "Expression": "f"}, {"Id": "f", "Expression": "e"}], "ValidationError"),
        ([stat("m", "x"), {"Id": "e", "Expression": "RATE(m)"}], "NotImplemented"),
        ([{"Id": "m"}], "ValidationError"),
        ([stat("m", "x"), {"Id": "e", "Expression": "m", "Period": 7}], "InvalidParameterValueException"),
    ],
)
async def test_bad_queries_are_refused(house: House, queries: list[Any], code: str) -> None:
    assert (await refused(data(house, *queries)))[0] == code


async def test_old_points_get_coarser_and_are_forgotten(house: House) -> None:
    start = house.clock.now()
    for second in range(3):
        await put(house, Value=1.0, Timestamp=start + timedelta(seconds=second), StorageResolution=1)
    span = {"StartTime": start, "EndTime": start + timedelta(minutes=1)}
    assert len(await statistics(house, Period=1, **span)) == 3
    await house.clock.advance(3 * 3600 + 120)
    await house.settle()
    (minute,) = await statistics(house, **span)
    assert (minute["Sum"], minute["SampleCount"]) == (3, 3)
    await house.clock.advance(24 * 3600)
    await house.settle()
    assert await statistics(house, **span) == []


async def test_any_range_of_time_is_answered_in_bounded_time(house: House) -> None:
    await put(house, "Requests", Value=1.0)
    always = {
        "StartTime": datetime(1970, 1, 1, tzinfo=UTC),
        "EndTime": house.clock.now() + timedelta(days=2_000_000),
    }
    answer = await data(house, stat("m", "Requests"), {"Id": "e", "Expression": "FILL(m, 0)"}, **always)
    plain, filled = answer["MetricDataResults"]
    assert plain["Values"] == [1.0]
    assert len(filled["Values"]) == (15 * 24 + 2) * 60


async def test_more_datapoints_than_aws_reads_in_a_second_are_refused(house: House) -> None:
    queries = [stat(f"m{n}", "Requests") for n in range(20)]
    start = house.clock.now() - timedelta(days=14)
    code, why = await refused(data(house, *queries, StartTime=start))
    assert (code, "396,000" in why and "Period" in why) == ("ThrottlingException", True)
    assert len((await data(house, *queries[:19], StartTime=start))["MetricDataResults"]) == 19


async def test_a_long_expression_and_a_long_chain_of_them(house: House) -> None:
    await put(house, "Requests", Value=1.0)
    long = {"Id": "long", "Expression": "+".join(["m"] * 900)}
    assert (await data(house, stat("m", "Requests"), long))["MetricDataResults"][1]["Values"] == [900]
    chain = [{"Id": f"e{n}", "Expression": f"e{n - 1} + 1", "ReturnData": n == 498} for n in range(1, 499)]
    found = await data(house, stat("e0", "Requests", ReturnData=False), *chain)
    assert found["MetricDataResults"][0]["Values"] == [499]


async def test_fine_periods_see_three_hours_back(house: House) -> None:
    """AWS: "you must specify the period as follows or no data points in that time range is returned"."""
    await put(house, Value=1.0, StorageResolution=1)
    span = {
        "StartTime": house.clock.now() - timedelta(minutes=1),
        "EndTime": house.clock.now() + timedelta(minutes=9),
    }
    assert len(await statistics(house, Period=10, **span)) == 1
    await house.clock.advance(3 * 3600 + 120)
    assert await statistics(house, Period=10, **span) == []
    assert len(await statistics(house, Period=60, **span)) == 1
    fine = stat("m", "Latency")
    fine["MetricStat"] = {**fine["MetricStat"], "Period": 10}
    assert (await data(house, fine, **span))["MetricDataResults"][0]["Values"] == []


async def test_too_many_datapoints_are_refused_in_the_words_of_aws(house: House) -> None:
    code, why = await refused(statistics(house, StartTime=house.clock.now() - timedelta(hours=24), Period=60))
    assert code == "InvalidParameterCombinationException"
    assert why == (
        "You have requested up to 1500 datapoints, which exceeds the limit of 1440. You may reduce the"
        " datapoints requested by increasing Period, or decreasing the time range."
    )
