"""What every test gets: a loop that does not swallow the failure of a background task."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


@pytest.fixture(autouse=True)
async def no_task_dies_unseen() -> AsyncIterator[None]:
    """``filterwarnings=error`` misses a task that raised and was never awaited: this does not."""
    unseen: list[Mapping[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unseen.append(context))
    yield
    await asyncio.sleep(0)
    assert not unseen, unseen
