"""What is from before the first start, to the second as the store's dates are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.model.history import is_history

LIVE = datetime(2026, 11, 24, 8, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("created", "changed", "expected"),
    [
        (LIVE - SECOND, LIVE - SECOND, True),
        (LIVE - SECOND, None, True),
        (LIVE - SECOND, LIVE, False),
        (LIVE, LIVE, False),
        (LIVE, LIVE - SECOND, False),
        (None, LIVE - SECOND, True),
        (None, None, False),
    ],
)
def test_it_was_neither_created_nor_changed_since(
    created: datetime | None, changed: datetime | None, expected: bool
) -> None:
    assert is_history((created, changed), LIVE) is expected
