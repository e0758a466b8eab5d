"""What every test gets, and what tests all over ask for by name."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping


@pytest.fixture(autouse=True)
async def no_task_dies_unseen() -> AsyncIterator[None]:
    """``filterwarnings=error`` misses a task that raised and was never awaited: this does not."""
    unseen: list[Mapping[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unseen.append(context))
    yield
    await asyncio.sleep(0)
    assert not unseen, unseen


@pytest.fixture
def root_logger() -> Iterator[None]:
    """For what sets up logging anew: afterwards it is as it was."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
