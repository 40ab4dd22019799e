"""Who hears of releases and alarms: `notify` of a bambe.yml, e-mail addresses or one SNS topic."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
TOPIC = r"^arn:aws[a-z-]*:sns:[a-z]{2}(-[a-z]+)+-\d:\d{12}:[A-Za-z0-9_-]{1,256}$"
MOST = 20
"""Addresses; beyond that a mailing list is the better place."""


def _notify(value: Any) -> Any:
    said = (value,) if isinstance(value, str) else value
    if not isinstance(said, list | tuple):
        return value
    for one in said:
        if not isinstance(one, str) or not (re.fullmatch(EMAIL, one) or re.fullmatch(TOPIC, one)):
            raise ValueError(f"{one!r} is no e-mail address and no ARN of an SNS topic")
    if any(re.fullmatch(TOPIC, one) for one in said) and len(said) > 1:
        raise ValueError("notify is e-mail addresses, or one ARN of an SNS topic")
    if len(set(said)) != len(said):
        raise ValueError("notify has one twice")
    return tuple(said)


Notify = Annotated[
    tuple[str, ...],
    BeforeValidator(_notify, json_schema_input_type=str | list[str]),
    Field(max_length=MOST),
]
