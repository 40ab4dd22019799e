"""What the newest task of a service printed last."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

LINES = 3


def last_words(logs: Any, group: str) -> list[str]:
    """The last lines of the newest stream of a log group, oldest first; none where nothing was printed."""
    try:
        streams = logs.describe_log_streams(
            logGroupName=group, orderBy="LastEventTime", descending=True, limit=1
        )["logStreams"]
        if not streams:
            return []
        found = logs.get_log_events(
            logGroupName=group, logStreamName=streams[0]["logStreamName"], limit=LINES, startFromHead=False
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return []
    return [str(one["message"]).rstrip() for one in found["events"]]
