from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.settings import GatewaySettings, WebhookSettings, quantities


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("24h", timedelta(hours=24)),
        ("30d", timedelta(days=30)),
        ("30 d", timedelta(days=30)),
        ("0s", timedelta()),
        ("3650d", timedelta(days=3650)),
    ],
)
def test_a_duration_is_a_number_and_its_unit(written: str, meant: timedelta) -> None:
    assert quantities.duration(written) == meant


@pytest.mark.parametrize(
    ("written", "told"),
    [
        pytest.param(90, "needs a unit", id="a bare number"),
        ("90", "needs a unit"),
        ("90 seconds", "one of ms, s, m, h, d"),
        ("5M", "one of ms, s, m, h, d"),
        ("-5m", "must be a number with its unit"),
        ("1.5h", "must be a number with its unit"),
        ("1h30m", "must be a number with its unit"),
        ("٣m", "must be a number with its unit"),  # digits, but not ours
        ("", "must be a number with its unit"),
        (True, "must be a number with its unit"),
        ("3651d", "at most 3650d"),
        ("999999999999999999d", "at most 3650d"),
    ],
)
def test_a_duration_that_can_not_be_used_is_refused_in_plain_words(
    written: object, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        quantities.duration(written)


@pytest.mark.parametrize("written", ["90s", "5m", "24h", "2d", "30d", "500ms", "1m", "0s", "36h"])
def test_a_duration_is_shown_the_way_people_write_it(written: str) -> None:
    assert quantities.format_duration(quantities.duration(written)) == written


@given(st.integers(0, 10**9))
def test_no_duration_is_changed_by_writing_it(milliseconds: int) -> None:
    span = timedelta(milliseconds=milliseconds)
    assert quantities.duration(quantities.format_duration(span)) == span


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("16MiB", 16 * 1024 * 1024),
        ("2GiB", 2 * 1024**3),
        ("1024TiB", 1024**5),
        ("4KiB", 4096),
        ("200MB", 200_000_000),
        ("1kB", 1000),
        ("17 B", 17),
    ],
)
def test_a_size_is_a_number_and_its_unit(written: str, meant: int) -> None:
    assert quantities.size(written) == meant


@pytest.mark.parametrize(
    ("written", "told"),
    [
        pytest.param(16, "needs a unit", id="a bare number"),
        ("16", "needs a unit"),
        ("16M", "one of B, KiB, MiB, GiB, TiB"),
        ("1.5GiB", "must be a number with its unit"),
        ("1025TiB", "at most 1024TiB"),
    ],
)
def test_a_size_that_can_not_be_used_is_refused_in_plain_words(written: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        quantities.size(written)


@given(st.integers(0, 2**50))
def test_no_size_is_changed_by_writing_it(count: int) -> None:
    assert quantities.size(quantities.format_size(count)) == count


def test_a_program_gives_sizes_in_bytes_and_durations_as_they_are() -> None:
    webhooks = WebhookSettings.model_validate({"secret": "s", "max_body": 1024})
    gateway = GatewaySettings.model_validate(
        {"url": "http://localhost", "token": "t", "timeout": timedelta(milliseconds=20)}
    )
    assert (webhooks.max_body, gateway.timeout) == (1024, timedelta(milliseconds=20))
