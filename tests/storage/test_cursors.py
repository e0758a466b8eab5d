"""A named place is where it was put last."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from agent.storage import cursors, database

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_place_is_none_at_first_then_the_last_one_and_none_when_forgotten(
    tmp_path: Path,
) -> None:
    async with database.opened(tmp_path) as db:
        assert await db.read(cursors.get, "feed") is None
        for place in ("a", "b", ""):
            await db.writer.write(functools.partial(cursors.put, name="feed", value=place))
            assert await db.read(cursors.get, "feed") == place
        await db.writer.write(lambda tx: cursors.put(tx, "other", "kept"))
        await db.writer.write(lambda tx: cursors.forget(tx, "feed"))
        assert await db.read(cursors.get, "feed") is None
        assert await db.read(cursors.get, "other") == "kept"
