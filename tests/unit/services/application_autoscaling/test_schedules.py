"""When a schedule is due: AWS's own examples, and every minute checked against the fields' plain meaning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bambe.kernel import cron
from bambe.kernel.cron import BadCron
from bambe.services.application_autoscaling.model import Action
from bambe.services.application_autoscaling.schedule import BadSchedule, check, following

START = datetime(2026, 1, 1, 0, 0)


def after(text: str, moment: str) -> str:
    found = cron.parse(text).after(datetime.fromisoformat(moment))
    return found.isoformat(timespec="minutes") if found else "never"


@pytest.mark.parametrize(
    ("text", "moment", "due"),
    [
        ("0 10 * * ? *", "2026-03-01T10:00", "2026-03-02T10:00"),
        ("15 12 * * ? *", "2026-03-01T12:14", "2026-03-01T12:15"),
        ("0 18 ? * MON-FRI *", "2026-02-27T18:00", "2026-03-02T18:00"),
        ("0 8 1 * ? *", "2026-03-01T08:00", "2026-04-01T08:00"),
        ("0/15 * * * ? *", "2026-03-01T08:46", "2026-03-01T09:00"),
        ("0/10 * ? * MON-FRI *", "2026-02-27T23:55", "2026-03-02T00:00"),
        ("0 9 ? * 2#1 *", "2026-03-01T00:00", "2026-03-02T09:00"),
        ("0 9 L * ? *", "2026-02-01T00:00", "2026-02-28T09:00"),
        ("0 9 LW * ? *", "2026-02-01T00:00", "2026-02-27T09:00"),
        ("0 9 3W * ? *", "2026-01-02T10:00", "2026-02-03T09:00"),
        ("0 9 1W * ? *", "2026-02-01T00:00", "2026-02-02T09:00"),
        ("0 9 ? * FRIL *", "2026-01-01T00:00", "2026-01-30T09:00"),
        ("0 9 ? * L *", "2026-01-01T00:00", "2026-01-03T09:00"),
        ("0 0 29 2 ? *", "2026-01-01T00:00", "2028-02-29T00:00"),
        ("0 0 1 1 ? 2025", "2026-01-01T00:00", "never"),
        ("0 0 31 4 ? *", "2026-01-01T00:00", "never"),
        ("5-20/5 8 * JAN,MAR ? *", "2026-01-31T08:20", "2026-03-01T08:05"),
    ],
)
def test_when_it_is_due_next(text: str, moment: str, due: str) -> None:
    assert after(text, moment) == due


@pytest.mark.parametrize(
    "text",
    ["* * * * *", "* * * * * *", "* * ? * ? *", "60 * * * ? *", "* 24 * * ? *", "* * ? * 8 *", "* * 0 * ? *",
     "*/0 * * * ? *", "5-2 * * * ? *", "* * ? * MON#6 *", "* * * FOO ? *", "* * 32W * ? *", "",
     "* * * * ? 1969", "0/\N{SUPERSCRIPT TWO} * * * ? *"],
)  # fmt: skip
def test_what_is_no_cron_expression(text: str) -> None:
    with pytest.raises(BadCron):
        cron.parse(text)


@given(st.text(alphabet="0123456789*/,-?LW# MONJA", max_size=30))
def test_any_text_is_one_or_is_refused(text: str) -> None:
    try:
        cron.parse(text)
    except BadCron:
        return


NUMBERS = st.lists(st.integers(0, 23), min_size=1, max_size=3, unique=True)


@settings(max_examples=40)
@given(NUMBERS, NUMBERS, st.lists(st.integers(1, 7), min_size=1, max_size=3), st.integers(0, 60 * 24 * 14))
def test_no_minute_before_it_fits(minutes: list[int], hours: list[int], days: list[int], offset: int) -> None:
    moment = START + timedelta(minutes=offset)
    text = f"{','.join(map(str, minutes))} {','.join(map(str, hours))} ? * {','.join(map(str, days))} *"
    fits = moment
    while True:
        fits += timedelta(minutes=1)
        if fits.minute in minutes and fits.hour in hours and fits.isoweekday() % 7 + 1 in days:
            break
    assert cron.parse(text).after(moment) == fits


def action(schedule: str, **more: object) -> Action:
    said: dict[str, object] = {"timezone": "", "created": datetime(2026, 1, 1, tzinfo=UTC), **more}
    return Action(
        account="1", region="here", resource="service/a/b", name="n", id="i", schedule=schedule, **said
    )  # type: ignore[arg-type]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_time_zones_and_their_summers() -> None:
    berlin = action("cron(0 7 ? * * *)", timezone="Europe/Berlin")
    assert following(berlin, at("2026-01-10T00:00")) == at("2026-01-10T06:00")
    assert following(berlin, at("2026-07-10T00:00")) == at("2026-07-10T05:00")
    once = action("at(2026-07-10T07:00:00)", timezone="Europe/Berlin")
    assert following(once, at("2026-07-01T00:00")) == at("2026-07-10T05:00")
    assert following(once, at("2026-07-10T05:00")) is None


def test_rates_count_from_their_start_and_end_with_their_end() -> None:
    hourly = action("rate(1 hour)", start=at("2026-01-02T00:30"), end=at("2026-01-02T02:00"))
    assert following(hourly, at("2026-01-01T00:00")) == at("2026-01-02T00:30")
    assert following(hourly, at("2026-01-02T00:30")) == at("2026-01-02T01:30")
    assert following(hourly, at("2026-01-02T01:30")) is None
    assert following(action("rate(5 minutes)"), at("2026-01-01T00:00")) == at("2026-01-01T00:05")


@pytest.mark.parametrize(
    ("schedule", "timezone", "why"),
    [
        ("every day", "", "Use at"),
        ("at(tomorrow)", "", "yyyy-mm-dd"),
        ("rate(0 minutes)", "", "positive"),
        ("rate(1 week)", "", "minutes, hours or days"),
        ("rate(999999999999 days)", "", "too long"),
        ("at(9999-12-31T23:59:59)", "America/New_York", "too far"),
        ("at(0001-01-01T00:00:00)", "Asia/Tokyo", "too far"),
        ("cron(1 2 3)", "", "six fields"),
        ("rate(1 day)", "Mars/Olympus", "no time zone"),
    ],
)
def test_what_is_no_schedule(schedule: str, timezone: str, why: str) -> None:
    with pytest.raises(BadSchedule, match=why):
        check(schedule, timezone)


def due(wish: Action, since: str, times: int) -> list[str]:
    """When it is due, one after the other."""
    found, moment = [], at(since)
    for _ in range(times):
        moment = following(wish, moment) or moment
        found.append(f"{moment:%d %H:%M}")
    return found


def test_an_hour_that_comes_twice_counts_once() -> None:
    """In Berlin 2026-10-25 02:00 to 03:00 is at 00:00 UTC and again at 01:00."""
    daily = action("cron(30 2 * * ? *)", timezone="Europe/Berlin")
    assert due(daily, "2026-10-24T12:00", 2) == ["25 00:30", "26 01:30"]
    assert due(daily, "2026-10-25T01:10", 1) == ["26 01:30"], "in its second coming"
    often = action("cron(0/30 * * * ? *)", timezone="Europe/Berlin")
    assert due(often, "2026-10-24T23:30", 4) == ["25 00:00", "25 00:30", "25 02:00", "25 02:30"]
    once = action("at(2026-10-25T02:30:00)", timezone="Europe/Berlin")
    assert due(once, "2026-10-24T12:00", 2) == ["25 00:30", "25 00:30"]


def test_an_hour_that_is_left_out_is_made_up_for_in_the_next() -> None:
    """In Berlin 2026-03-29 02:00 to 03:00 does not exist; 01:00 UTC is 03:00 there."""
    daily = action("cron(30 2 * * ? *)", timezone="Europe/Berlin")
    assert due(daily, "2026-03-28T12:00", 2) == ["29 01:30", "30 00:30"]
    often = action("cron(0/30 * * * ? *)", timezone="Europe/Berlin")
    assert due(often, "2026-03-29T00:10", 4) == ["29 00:30", "29 01:00", "29 01:30", "29 02:00"]
    once = action("at(2026-03-29T02:30:00)", timezone="Europe/Berlin")
    assert due(once, "2026-03-28T12:00", 1) == ["29 01:30"]


def test_what_is_due_after_the_end_of_all_dates_is_never_due() -> None:
    assert following(action("rate(9999999 days)"), at("2026-01-01T00:00")) is None
    late = action("cron(0 0 * * ? *)", timezone="Pacific/Kiritimati", start=at("9999-12-31T23:00"))
    assert following(late, at("2026-01-01T00:00")) is None
