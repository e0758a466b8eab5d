"""The real clock, and moments as numbers and as text."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import clock
from agent.clock import SystemClock

LONG_S = 3600.0
_aware = st.datetimes(
    datetime(1, 1, 3),  # noqa: DTZ001
    datetime(9999, 12, 29),  # noqa: DTZ001
    timezones=st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours))),
)


@given(_aware)
def test_a_moment_survives_the_database(moment: datetime) -> None:
    back = clock.from_micros(clock.micros(moment))
    assert back == moment
    assert back.utcoffset() == timedelta(0)


@given(_aware, _aware)
def test_numbers_are_ordered_as_moments_are(one: datetime, other: datetime) -> None:
    assert (one < other) is (clock.micros(one) < clock.micros(other))


@given(_aware)
def test_text_means_the_same_moment_and_ends_with_a_z(moment: datetime) -> None:
    text = clock.iso(moment)
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == moment


@pytest.mark.parametrize(
    ("moment", "micros", "text"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0, "1970-01-01T00:00:00Z"),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), -1, "1969-12-31T23:59:59.999999Z"),
        (
            datetime(2026, 11, 23, 22, 22, 51, tzinfo=timezone(timedelta(hours=2))),
            1_795_465_371_000_000,
            "2026-11-23T20:22:51Z",
        ),
    ],
)
def test_known_moments(moment: datetime, micros: int, text: str) -> None:
    assert (clock.micros(moment), clock.iso(moment)) == (micros, text)


async def test_sleep_ends_with_the_first_event() -> None:
    one, other = asyncio.Event(), asyncio.Event()
    sleeping = asyncio.create_task(SystemClock().sleep(LONG_S, or_when=(one, other)))
    await asyncio.sleep(0)
    assert not sleeping.done()
    other.set()
    await sleeping


async def test_sleep_does_not_begin_where_an_event_is_set_already() -> None:
    happened = asyncio.Event()
    happened.set()
    await SystemClock().sleep(LONG_S, or_when=(asyncio.Event(), happened))


@pytest.mark.parametrize("events", [0, 1])
async def test_sleep_ends_by_itself(events: int) -> None:
    time = SystemClock()
    before = time.monotonic()
    await time.sleep(0.01, or_when=[asyncio.Event() for _ in range(events)])
    assert time.monotonic() - before >= 0.009


async def test_sleep_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    sleeping = asyncio.create_task(SystemClock().sleep(LONG_S, or_when=(asyncio.Event(),)))
    await asyncio.sleep(0)
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


def test_now_is_aware_and_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
