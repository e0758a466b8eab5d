"""What is from before the agent's first start, and so nobody's business unless it changes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


def is_history(dates: Iterable[datetime | None], since: datetime) -> bool:
    """Whether what was created and last changed at those dates (the store's, to the second) is from
    before then. What has no date may be new."""
    known = [at for at in dates if at is not None]
    return bool(known) and max(known) < since
