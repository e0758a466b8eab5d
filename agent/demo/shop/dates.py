"""Dates as a site shows them: twice, in its own time and in UTC, to the second, without a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from agent.demo.shop.refusal import invalid_params

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d(:\d\d)?)?", re.ASCII
)


def pair(name: str, moment: datetime | None, offset: timedelta) -> dict[str, str | None]:
    """``{"date_x": site time, "date_x_gmt": UTC}``; both null without a moment."""
    if moment is None:
        return {name: None, f"{name}_gmt": None}
    return {name: text(moment + offset), f"{name}_gmt": text(moment)}


def text(moment: datetime) -> str:
    """``2026-11-23T20:22:51``."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")


def parse(value: str, offset: timedelta) -> datetime | None:
    """A date sent to the store, as UTC; without a zone it is site time; None when unreadable."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC) - offset
    return moment.astimezone(UTC).replace(microsecond=0)


def column_value(name: str, value: str, offset: timedelta) -> datetime:
    """What ``modified_after=`` is compared with, naive (``WP_Date_Query::build_mysql_datetime``).

    A zone is turned into site time even where the column is in UTC: on a site at UTC-5 a ``Z``
    with ``dates_are_gmt`` is five hours off (recordings ``tz_*``).
    """
    if not _RFC3339.fullmatch(value):
        raise invalid_params({name: ("rest_invalid_date", "Invalid date.")})
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is not None:
        moment = (moment.astimezone(UTC) + offset).replace(tzinfo=None)
    return moment.replace(microsecond=0)
