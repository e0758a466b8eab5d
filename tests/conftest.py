"""What every test gets, and what tests all over ask for by name."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from tests import profiles

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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``profile``: the release that the stand-in is."""
    if "profile" in metafunc.fixturenames:
        file = metafunc.definition.path.relative_to(metafunc.config.rootpath).as_posix()
        run_on = profiles.of(file, metafunc.function.__name__)
        metafunc.parametrize("profile", run_on, ids=lambda profile: str(profile.short))


@pytest.fixture
def root_logger() -> Iterator[None]:
    """For what sets up logging anew: afterwards it is as it was."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
