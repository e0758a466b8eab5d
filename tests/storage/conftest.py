from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.storage import database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where a state is to be made."""
    return tmp_path / "var" / "state"


@pytest.fixture
async def db(directory: Path) -> AsyncIterator[database.Database]:
    """A fresh state."""
    async with database.opened(directory) as opened:
        yield opened
