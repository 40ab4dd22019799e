"""AWS's three spellings of a moment: seconds since 1970, ISO 8601 and the HTTP date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_epoch(moment: datetime) -> int | float:
    """Seconds since 1970, whole or with milliseconds, as the JSON protocols write it."""
    seconds = round(aware(moment).timestamp(), 3)
    whole = int(seconds)
    return whole if whole == seconds else seconds


def to_iso(moment: datetime) -> str:
    """`2026-01-31T23:59:59.123Z`, as the XML protocols write it."""
    moment = aware(moment).astimezone(UTC)
    if moment.microsecond:
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def to_http(moment: datetime) -> str:
    """`Sat, 31 Jan 2026 23:59:59 GMT`, as headers have it."""
    return format_datetime(aware(moment).astimezone(UTC).replace(microsecond=0), usegmt=True)


def from_epoch(seconds: float) -> datetime:
    """The moment `seconds` after 1970 began."""
    return EPOCH + timedelta(seconds=seconds)


def from_text(text: str) -> datetime:
    """Any of the three spellings; `ValueError` for anything else."""
    try:
        return from_epoch(float(text))
    except ValueError:
        pass
    except OverflowError:
        raise ValueError(f"not a timestamp: {text!r}") from None
    try:
        return aware(datetime.fromisoformat(text))
    except ValueError:
        return _from_http(text)


def aware(moment: datetime) -> datetime:
    """`moment` with a time zone: UTC where it has none."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@lru_cache(maxsize=256)
def from_compact(text: str) -> datetime:
    """`20260131T235959Z`, as signatures have it; `ValueError` for anything else."""
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _from_http(text: str) -> datetime:
    try:
        return aware(parsedate_to_datetime(text))
    except (TypeError, IndexError, OverflowError) as error:
        raise ValueError(f"not a timestamp: {text!r}") from error


WRITERS: dict[str, Callable[[datetime], str]] = {
    "iso8601": to_iso,
    "rfc822": to_http,
    "unixtimestamp": lambda moment: str(to_epoch(moment)),
}
