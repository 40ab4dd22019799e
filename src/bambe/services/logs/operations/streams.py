"""Log streams: made, described, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.pages import page
from bambe.services.logs.checks import bad_token, find_group, find_stream, group_of, stream_name
from bambe.services.logs.errors import InvalidParameterException, ResourceAlreadyExistsException
from bambe.services.logs.model import Stream, to_ms
from bambe.services.logs.tables import STREAMS, delete_events

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import (
        CreateLogStreamRequestTypeDef,
        DeleteLogStreamRequestTypeDef,
        DescribeLogStreamsRequestTypeDef,
    )


async def create_log_stream(call: Call, request: CreateLogStreamRequestTypeDef) -> Answer:
    stream = Stream(
        account=call.account,
        region=call.region,
        group=request["logGroupName"],
        name=stream_name(request["logStreamName"]),
        created=call.clock.now(),
    )

    def write(tx: Tx) -> None:
        find_group(tx, call, stream.group)
        if STREAMS.find(tx, *STREAMS.key_of(stream)) is not None:
            raise ResourceAlreadyExistsException("The specified log stream already exists")
        STREAMS.insert(tx, stream)

    await call.store.write(write)
    return {}


async def delete_log_stream(call: Call, request: DeleteLogStreamRequestTypeDef) -> Answer:
    def write(tx: Tx) -> None:
        key = STREAMS.key_of(find_stream(tx, call, request["logGroupName"], request["logStreamName"]))
        delete_events(tx, *key)
        STREAMS.delete(tx, *key)

    await call.store.write(write)
    return {}


async def describe_log_streams(call: Call, request: DescribeLogStreamsRequestTypeDef) -> Answer:
    group, prefix = group_of(call, request), request.get("logStreamNamePrefix", "")
    by_time = request.get("orderBy") == "LastEventTime"
    if by_time and prefix:
        raise InvalidParameterException("Cannot order by LastEventTime with a logStreamNamePrefix.")

    def read(tx: Tx) -> list[Stream]:
        find_group(tx, call, group)
        found = STREAMS.list(tx, account=call.account, region=call.region, group=group)
        return [stream for stream in found if stream.name.startswith(prefix)]

    found = await call.store.read(read)
    if by_time:
        found.sort(key=lambda stream: (stream.last_ms or 0, stream.name))
    if request.get("descending"):
        found.reverse()
    try:
        shown, token = page(found, request.get("nextToken"), request.get("limit", 50))
    except ValueError as error:
        raise bad_token() from error
    return {"logStreams": [_shape(stream) for stream in shown], **({"nextToken": token} if token else {})}


def _shape(stream: Stream) -> dict[str, Any]:
    times = {
        "firstEventTimestamp": stream.first_ms,
        "lastEventTimestamp": stream.last_ms,
        "lastIngestionTime": stream.ingested_ms,
    }
    return {
        "logStreamName": stream.name,
        "creationTime": to_ms(stream.created),
        "arn": stream.arn,
        "storedBytes": 0,  # AWS shows a stream's bytes as 0 since 2019; a group's are right
        **{name: value for name, value in times.items() if value is not None},
    }
