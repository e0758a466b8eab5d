from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.updates import lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[lines.Line]:
    async with lines.opened(tmp_path) as line:
        yield line
