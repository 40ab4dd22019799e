"""CloudWatch's CloudFormation types: Alarm and CompositeAlarm."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceType, Wish
from bambe.kernel.tags import to_dict, to_list
from bambe.services.cloudwatch.errors import ResourceConflict
from bambe.services.cloudwatch.shapes import ACTIONS, METRIC_SETTINGS

TOKEN = "bambe:creation"
SHARED = ("ActionsEnabled", "AlarmDescription", "AlarmName", *ACTIONS)
METRIC = tuple(dict.fromkeys((*SHARED, *METRIC_SETTINGS, "ThresholdMetricId")))
COMPOSITE = (
    *SHARED,
    "ActionsSuppressor",
    "ActionsSuppressorExtensionPeriod",
    "ActionsSuppressorWaitPeriod",
    "AlarmRule",
)
INTEGERS = ("DatapointsToAlarm", "EvaluationPeriods", "Period")
SWITCHES = ("ActionsEnabled", "ReturnData")
Put = Callable[[Aws, dict[str, Any]], Awaitable[Any]]


async def _put_metric(aws: Aws, request: dict[str, Any]) -> Any:
    return await aws.cloudwatch.put_metric_alarm(**request)


async def _put_composite(aws: Aws, request: dict[str, Any]) -> Any:
    return await aws.cloudwatch.put_composite_alarm(**request)


def _create(put: Put, names: tuple[str, ...]) -> Callable[[Aws, Wish], Awaitable[Made]]:
    async def create(aws: Aws, wish: Wish) -> Made:
        name = str(wish.properties.get("AlarmName") or wish.name)
        found = await _find(aws, name)
        if found is None:
            tags = to_list({**_tags(wish), TOKEN: wish.token})
            await put(aws, {**_request(wish.properties, names), "AlarmName": name, "Tags": tags})
        elif (await _present(aws, found["AlarmArn"])).get(TOKEN) != wish.token:
            raise ResourceConflict(f"{name} already exists")
        return await _made(aws, name)

    return create


def _update(put: Put, names: tuple[str, ...]) -> Callable[[Aws, Wish, Made, Properties], Awaitable[Made]]:
    async def update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
        await put(aws, {**_request(wish.properties, names), "AlarmName": made.physical_id})
        arn = str(made.attributes["Arn"])
        present, wanted = await _present(aws, arn), _tags(wish)
        gone = [key for key in present if key not in wanted and key != TOKEN]
        if gone:
            await aws.cloudwatch.untag_resource(ResourceARN=arn, TagKeys=gone)
        if wanted:
            await aws.cloudwatch.tag_resource(ResourceARN=arn, Tags=to_list(wanted))
        return made

    return update


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    try:
        await aws.cloudwatch.delete_alarms(AlarmNames=[made.physical_id])
    except AwsError as error:
        if error.wire_code() != "ResourceNotFound":
            raise


async def _find(aws: Aws, name: str) -> Mapping[str, Any] | None:
    types = ["MetricAlarm", "CompositeAlarm"]
    answer = await aws.cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=types)
    found: list[Mapping[str, Any]] = [*answer["MetricAlarms"], *answer["CompositeAlarms"]]
    return found[0] if found else None


async def _made(aws: Aws, name: str) -> Made:
    found = await _find(aws, name)
    return Made(name, {"Arn": found["AlarmArn"] if found else ""})


async def _present(aws: Aws, arn: str) -> dict[str, str]:
    return to_dict((await aws.cloudwatch.list_tags_for_resource(ResourceARN=arn))["Tags"])


def _tags(wish: Wish) -> dict[str, str]:
    return {**wish.tags, **to_dict(wish.properties.get("Tags") or ())}


def _request(properties: Properties, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _typed(name, properties[name]) for name in names if name in properties}


def _typed(name: str, value: Any) -> Any:
    """Template values as the API wants them: numbers and switches may have been written as text."""
    if isinstance(value, Mapping):
        return {inner: _typed(inner, one) for inner, one in value.items()}
    if isinstance(value, list):
        return [_typed("", one) for one in value]
    if name in INTEGERS or (name.startswith("ActionsSuppressor") and name.endswith("Period")):
        return int(value)
    if name == "Threshold":
        return float(value)
    if name in SWITCHES:
        return str(value).lower() == "true"
    return value


RESOURCES = (
    ResourceType(
        name="AWS::CloudWatch::Alarm",
        properties=frozenset({*METRIC, "Tags"}),
        required=frozenset({"ComparisonOperator", "EvaluationPeriods"}),
        replaces=frozenset({"AlarmName"}),
        create=_create(_put_metric, METRIC),
        update=_update(_put_metric, METRIC),
        delete=_delete,
    ),
    ResourceType(
        name="AWS::CloudWatch::CompositeAlarm",
        properties=frozenset({*COMPOSITE, "Tags"}),
        required=frozenset({"AlarmRule"}),
        replaces=frozenset({"AlarmName"}),
        create=_create(_put_composite, COMPOSITE),
        update=_update(_put_composite, COMPOSITE),
        delete=_delete,
    ),
)
