"""Alarms: asked for, watched, set by hand, composed, remembered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.support.house import House

ALARM = {
    "AlarmName": "errors",
    "Namespace": "Shop",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


async def put(house: House, **more: Any) -> None:
    wish = {name: value for name, value in {**ALARM, **more}.items() if value is not None}
    await house.aws.cloudwatch.put_metric_alarm(**wish)


async def value(house: House, number: float, name: str = "Errors", **more: Any) -> None:
    datum = {"MetricName": name, "Value": number, "Timestamp": house.clock.now(), **more}
    await house.aws.cloudwatch.put_metric_data(Namespace="Shop", MetricData=[datum])


async def show(house: House, name: str = "errors") -> Any:
    types = ["MetricAlarm", "CompositeAlarm"]
    answer = await house.aws.cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=types)
    (found,) = [*answer["MetricAlarms"], *answer["CompositeAlarms"]]
    return found


async def state(house: House, name: str = "errors") -> str:
    return str((await show(house, name))["StateValue"])


async def history(house: House, **more: Any) -> list[Any]:
    return list((await house.aws.cloudwatch.describe_alarm_history(**more))["AlarmHistoryItems"])


async def refused(call: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        await call
    return caught.value.wire_code(), caught.value.message


async def test_a_new_alarm_has_seen_nothing(house: House) -> None:
    await put(house, AlarmDescription="too many errors", Tags=[{"Key": "team", "Value": "shop"}])
    shown = await show(house)
    assert shown["StateValue"] == "INSUFFICIENT_DATA"
    assert shown["StateReason"] == "Unchecked: Initial alarm creation"
    assert shown["AlarmArn"] == "arn:aws:cloudwatch:eu-central-1:000000000000:alarm:errors"
    assert (shown["AlarmDescription"], shown["Threshold"], shown["ActionsEnabled"]) == (
        "too many errors",
        1.0,
        True,
    )
    assert shown["Dimensions"] == shown["AlarmActions"] == []
    tags = await house.aws.cloudwatch.list_tags_for_resource(ResourceARN=shown["AlarmArn"])
    assert tags["Tags"] == [{"Key": "team", "Value": "shop"}]


async def test_it_rings_when_a_minute_is_over_and_says_why_as_aws_does(house: House) -> None:
    await put(house, TreatMissingData="notBreaching")
    await house.advance(10)
    assert await state(house) == "OK"
    assert (await show(house))["StateReason"] == (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as"
        " [NonBreaching]."
    )
    await value(house, 5.0)
    await house.advance(48)
    assert await state(house) == "OK"
    await house.advance(6)
    shown = await show(house)
    assert shown["StateValue"] == "ALARM"
    assert shown["StateReason"] == (
        "Threshold Crossed: 1 out of the last 1 datapoints [5.0 (01/01/26 00:00:00)] was greater than the"
        " threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    said = json.loads(shown["StateReasonData"])
    assert said["evaluatedDatapoints"] == [
        {"timestamp": "2026-01-01T00:00:00.000+0000", "sampleCount": 1.0, "value": 5.0}
    ]
    assert {
        "statistic": "Sum",
        "period": 60,
        "threshold": 1.0,
        "recentDatapoints": [5.0],
    }.items() <= said.items()
    assert shown["StateUpdatedTimestamp"] == shown["StateTransitionedTimestamp"]
    await value(house, 0.0)
    await house.advance(60)
    shown = await show(house)
    assert shown["StateValue"] == "OK"
    assert (
        "was not greater than the threshold (1.0) (minimum 1 datapoint for ALARM -> OK"
        in shown["StateReason"]
    )


async def test_two_of_three(house: House) -> None:
    await put(house, EvaluationPeriods=3, DatapointsToAlarm=2)
    for number in (5.0, 0.0, 7.0):
        assert await state(house) != "ALARM"
        await value(house, number)
        await house.advance(60)
    await house.advance(3)
    assert (await show(house))["StateReason"] == (
        "Threshold Crossed: 2 out of the last 3 datapoints [7.0 (01/01/26 00:02:00), 5.0 (01/01/26 00:00:00)]"
        " were greater than the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )


async def test_without_data_it_says_so(house: House) -> None:
    await put(house)
    await value(house, 0.0)
    await house.advance(63)
    assert await state(house) == "OK"
    await house.advance(300)
    shown = await show(house)
    assert (shown["StateValue"], shown["StateReason"]) == (
        "INSUFFICIENT_DATA",
        "Insufficient Data: 1 datapoint was unknown.",
    )


async def test_an_alarm_on_an_expression(house: House) -> None:
    def stat(id: str, name: str) -> dict[str, Any]:
        metric = {"Namespace": "Shop", "MetricName": name}
        return {"Id": id, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False}

    await house.aws.cloudwatch.put_metric_alarm(
        AlarmName="errors",
        EvaluationPeriods=1,
        Threshold=10.0,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[
            stat("errors", "Errors"),
            stat("requests", "Requests"),
            {"Id": "rate", "Expression": "100 * errors / requests", "ReturnData": True},
        ],
    )
    await value(house, 1.0)
    await value(house, 5.0, "Requests")
    await house.advance(63)
    assert await state(house) == "ALARM"
    assert "[20.0 (01/01/26 00:00:00)]" in (await show(house))["StateReason"]


async def test_a_percentile_of_few_samples_changes_nothing_where_it_is_told_so(house: House) -> None:
    wish = {"Statistic": None, "ExtendedStatistic": "p99"}
    await put(house, **wish)
    await put(house, AlarmName="calm", EvaluateLowSampleCountPercentile="ignore", **wish)
    await value(house, 9.0)
    await house.advance(63)
    assert (await state(house), await state(house, "calm")) == ("ALARM", "INSUFFICIENT_DATA")


async def test_a_rehearsal_shortens_the_minute(tmp_path: Path) -> None:
    house = House(tmp_path, scale=60)
    await house.start()
    try:
        await put(house, TreatMissingData="notBreaching")
        await value(house, 5.0)
        await house.advance(2, step=0.5)
        assert await state(house) == "ALARM"
        await house.advance(4, step=0.5)
        assert await state(house) == "OK"
    finally:
        await house.stop()


async def test_a_state_set_by_hand_holds_for_a_moment(house: House) -> None:
    await put(house, TreatMissingData="notBreaching", AlarmActions=["arn:aws:sns:eu-central-1:1:pager"])
    await house.advance(5)
    await house.aws.cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    await house.advance(5)
    shown = await show(house)
    assert (shown["StateValue"], shown["StateReason"]) == ("ALARM", "a drill")
    await house.advance(20)
    assert await state(house) == "OK"
    moves = await history(house, AlarmName="errors", HistoryItemType="StateUpdate")
    assert [one["HistorySummary"] for one in moves] == [
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to ALARM",
        "Alarm updated from INSUFFICIENT_DATA to OK",
    ]
    said = json.loads(moves[1]["HistoryData"])
    assert said["newState"] == {"stateValue": "ALARM", "stateReason": "a drill"}
    (action,) = await history(house, HistoryItemType="Action")
    assert action["HistorySummary"] == "Failed to execute action arn:aws:sns:eu-central-1:1:pager"


async def test_no_actions_where_they_are_turned_off(house: House) -> None:
    await put(house, AlarmActions=["arn:aws:sns:eu-central-1:1:pager"])
    await house.aws.cloudwatch.disable_alarm_actions(AlarmNames=["errors", "nobody"])
    assert (await show(house))["ActionsEnabled"] is False
    await house.aws.cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    assert await history(house, HistoryItemType="Action") == []
    await house.aws.cloudwatch.enable_alarm_actions(AlarmNames=["errors"])
    assert (await show(house))["ActionsEnabled"] is True


async def test_an_update_replaces_all_but_state_and_tags(house: House) -> None:
    await put(house, AlarmDescription="old", Tags=[{"Key": "team", "Value": "shop"}])
    await house.aws.cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    await put(house, Threshold=7.0, Tags=[{"Key": "team", "Value": "other"}])
    shown = await show(house)
    assert ("AlarmDescription" in shown, shown["Threshold"], shown["StateValue"]) == (False, 7.0, "ALARM")
    tags = await house.aws.cloudwatch.list_tags_for_resource(ResourceARN=shown["AlarmArn"])
    assert tags["Tags"] == [{"Key": "team", "Value": "shop"}]
    changes = await history(house, HistoryItemType="ConfigurationUpdate", ScanBy="TimestampAscending")
    assert [one["HistorySummary"] for one in changes] == ['Alarm "errors" created', 'Alarm "errors" updated']


async def test_alarms_are_found_by_what_they_are(house: House) -> None:
    await put(house)
    await put(
        house, AlarmName="slow", MetricName="Latency", AlarmActions=["arn:aws:sns:eu-central-1:1:pager"]
    )
    cloudwatch = house.aws.cloudwatch
    await cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(errors) AND ALARM(slow)")

    async def names(**asked: Any) -> list[str]:
        answer = await cloudwatch.describe_alarms(**asked)
        return [one["AlarmName"] for one in [*answer["MetricAlarms"], *answer["CompositeAlarms"]]]

    assert await names() == ["errors", "slow"]
    assert await names(AlarmNamePrefix="s") == ["slow"]
    assert await names(ActionPrefix="arn:aws:sns") == ["slow"]
    assert await names(AlarmTypes=["CompositeAlarm"]) == ["both"]
    assert await names(ChildrenOfAlarmName="both") == ["errors", "slow"]
    assert await names(ParentsOfAlarmName="slow", AlarmTypes=["CompositeAlarm"]) == ["both"]
    assert await names(StateValue="OK") == []
    first = await cloudwatch.describe_alarms(MaxRecords=1)
    assert await names(MaxRecords=1, NextToken=first["NextToken"]) == ["slow"]
    assert (await refused(names(NextToken="x")))[0] == "InvalidNextToken"
    of_metric = await cloudwatch.describe_alarms_for_metric(Namespace="Shop", MetricName="Latency")
    assert [one["AlarmName"] for one in of_metric["MetricAlarms"]] == ["slow"]


async def test_alarms_are_deleted_though_others_do_not_exist(house: House) -> None:
    await put(house)
    call = house.aws.cloudwatch.delete_alarms(AlarmNames=["errors", "nobody"])
    assert (await refused(call))[0] == "ResourceNotFound"
    assert (await house.aws.cloudwatch.describe_alarms())["MetricAlarms"] == []
    assert (await history(house, AlarmName="errors"))[0]["HistorySummary"] == 'Alarm "errors" deleted'
    await house.advance(30)


async def test_a_composite_alarm_follows_its_children(house: House) -> None:
    cloudwatch = house.aws.cloudwatch
    for name in ("errors", "slow"):
        await put(house, AlarmName=name, TreatMissingData="ignore")
    await cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(errors) AND ALARM(slow)")
    await cloudwatch.put_composite_alarm(AlarmName="calm", AlarmRule="NOT ALARM(both)")
    await house.settle()
    assert (await state(house, "both"), await state(house, "calm")) == ("OK", "ALARM")
    for name in ("errors", "slow"):
        await cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    await house.settle()
    shown = await show(house, "both")
    arn = "arn:aws:cloudwatch:eu-central-1:000000000000:alarm:"
    assert shown["StateValue"] == "ALARM"
    assert shown["StateReason"].endswith("transitioned to ALARM at Thursday 01 January, 2026 00:00:00 UTC")
    triggering = json.loads(shown["StateReasonData"])["triggeringAlarms"]
    assert [one["arn"] for one in triggering] == [f"{arn}errors", f"{arn}slow"]
    assert await state(house, "calm") == "OK"
    code, why = await refused(cloudwatch.delete_alarms(AlarmNames=["errors"]))
    assert (code, "depending on it: both" in why) == ("ValidationError", True)


async def test_a_composite_alarm_set_by_hand_stays_until_a_child_changes(house: House) -> None:
    cloudwatch = house.aws.cloudwatch
    await put(house, TreatMissingData="ignore")
    await cloudwatch.put_composite_alarm(AlarmName="any", AlarmRule="ALARM(errors)")
    await house.settle()
    await cloudwatch.set_alarm_state(AlarmName="any", StateValue="ALARM", StateReason="a drill")
    await house.advance(60, step=20)
    assert await state(house, "any") == "ALARM"
    await cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="a drill")
    await house.settle()
    assert await state(house, "any") == "OK"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"Period": 7}, "InvalidParameterValueException"),
        ({"Statistic": None}, "ValidationError"),
        ({"ExtendedStatistic": "p99"}, "InvalidParameterCombinationException"),
        ({"DatapointsToAlarm": 2}, "ValidationError"),
        ({"TreatMissingData": "sometimes"}, "ValidationError"),
        ({"Threshold": None}, "ValidationError"),
        ({"EvaluationPeriods": 2000}, "ValidationError"),
        ({"Period": 3600, "EvaluationPeriods": 48}, "NotImplemented"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "NotImplemented"),
        ({"ThresholdMetricId": "ad1"}, "NotImplemented"),
        ({"Statistic": None, "ExtendedStatistic": "tm90"}, "NotImplemented"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "InvalidParameterCombinationException"),
        ({"Metrics": [{"Id": "e", "Expression": "1"}]}, "InvalidParameterCombinationException"),
        ({"Tags": [{"Key": str(n), "Value": ""} for n in range(51)]}, "LimitExceededFault"),
        (
            {
                **dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period")),
                "Metrics": [
                    {"Id": "e", "Expression": "f"},
                    {"Id": "f", "Expression": "e", "ReturnData": False},
                ],
            },
            "ValidationError",
        ),
    ],
)
async def test_alarms_that_cannot_be_watched_are_refused(
    house: House, wish: dict[str, Any], code: str
) -> None:
    assert (await refused(put(house, **wish)))[0] == code
    assert (await house.aws.cloudwatch.describe_alarms())["MetricAlarms"] == []


async def test_rules_that_make_no_sense_are_refused(house: House) -> None:
    for rule in ("ALARM(nobody)", "ALARM(", "MAYBE"):
        call = house.aws.cloudwatch.put_composite_alarm(AlarmName="c", AlarmRule=rule)
        assert (await refused(call))[0] == "ValidationError"


async def test_nobody_is_set_or_tagged(house: House) -> None:
    cloudwatch = house.aws.cloudwatch
    call = cloudwatch.set_alarm_state(AlarmName="nobody", StateValue="OK", StateReason="")
    assert (await refused(call))[0] == "ResourceNotFound"
    arn = "arn:aws:cloudwatch:eu-central-1:000000000000:alarm:nobody"
    assert (await refused(cloudwatch.list_tags_for_resource(ResourceARN=arn)))[
        0
    ] == "ResourceNotFoundException"
    await put(house)
    bad = cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="", StateReasonData="{")
    assert (await refused(bad))[0] == "InvalidFormatFault"


async def test_what_history_says_is_whole_however_long_it_would_be(house: House) -> None:
    def stat(number: int) -> dict[str, Any]:
        metric = {"Namespace": "Shop", "MetricName": "x" * 200}
        said = {"Metric": metric, "Period": 60, "Stat": "Sum"}
        return {"Id": f"m{number}", "MetricStat": said, "ReturnData": number == 0}

    single = dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period"))
    await put(house, **single, Metrics=[stat(number) for number in range(20)])
    (made,) = await history(house)
    assert json.loads(made["HistoryData"])["createdAlarm"]["alarmName"] == "errors"


async def test_history_is_bounded(house: House) -> None:
    await put(house)
    for number in range(130):
        said = "ALARM" if number % 2 else "OK"
        await house.aws.cloudwatch.set_alarm_state(AlarmName="errors", StateValue=said, StateReason="a drill")
    assert len(await history(house, MaxRecords=100)) == 100


async def put_rule(house: House, name: str, rule: str) -> None:
    await house.aws.cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule=rule)


async def cycle(house: House) -> None:
    """`a` of `b`, and `b` of the contrary of `a`, which would never come to rest."""
    await put_rule(house, "a", "FALSE")
    await put_rule(house, "b", "NOT ALARM(a)")
    await house.settle()
    await put_rule(house, "a", "ALARM(b)")
    await house.settle()


async def test_composite_alarms_in_a_cycle_stay_as_they_are(house: House) -> None:
    await cycle(house)
    assert (await state(house, "a"), await state(house, "b")) == ("OK", "ALARM")
    moves = [
        one for one in await history(house, AlarmTypes=["CompositeAlarm"]) if "StateUpdate" in one.values()
    ]
    assert len(moves) == 2
    await put(house, TreatMissingData="ignore")
    await put_rule(house, "above", "ALARM(b) AND ALARM(errors)")
    await house.aws.cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    await house.settle()
    assert await state(house, "above") == "ALARM"


async def test_a_cycle_is_broken_by_another_rule_before_its_alarms_can_be_deleted(house: House) -> None:
    await cycle(house)
    for name in ("a", "b"):
        code, why = await refused(house.aws.cloudwatch.delete_alarms(AlarmNames=[name]))
        assert (code, "depending on it" in why) == ("ValidationError", True)
    await put_rule(house, "a", "FALSE")
    await house.settle()
    assert (await state(house, "a"), await state(house, "b")) == ("OK", "ALARM")
    for name in ("b", "a"):
        await house.aws.cloudwatch.delete_alarms(AlarmNames=[name])


async def test_an_alarm_of_itself_is_a_cycle_too(house: House) -> None:
    code, why = await refused(put_rule(house, "self", "NOT ALARM(self)"))
    assert (code, "do not exist" in why) == ("ValidationError", True)
    await put_rule(house, "self", "FALSE")
    await house.settle()
    await put_rule(house, "self", "NOT ALARM(self)")
    await house.settle()
    assert await state(house, "self") == "OK"
    assert (await refused(house.aws.cloudwatch.delete_alarms(AlarmNames=["self"])))[0] == "ValidationError"
