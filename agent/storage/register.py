"""The newest content of every subject: what makes a webhook a duplicate, or stale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import clock
from agent.model import delivery
from agent.storage import outbox

if TYPE_CHECKING:
    from collections.abc import Iterable

    import aiosqlite

    from agent.storage.writer import Tx


async def known(db: aiosqlite.Connection, subjects: Iterable[str]) -> dict[str, delivery.Known]:
    """The newest content of those subjects that was taken in."""
    wanted = list(subjects)
    rows = await db.execute_fetchall(
        "SELECT subject, sequence, digest, version, changed_at, deleted FROM register"
        f" WHERE subject IN ({outbox.marks(wanted)})",
        wanted,
    )
    return {
        subject: delivery.Known(
            sequence, digest, version, None if at is None else clock.from_micros(at), bool(deleted)
        )
        for subject, sequence, digest, version, at, deleted in rows
    }


async def learn(tx: Tx, contents: dict[str, delivery.Known]) -> None:
    """Subjects have new content."""
    await tx.executemany(
        "INSERT OR REPLACE INTO register VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                subject,
                k.sequence,
                k.digest,
                k.version,
                None if k.changed_at is None else clock.micros(k.changed_at),
                k.deleted,
            )
            for subject, k in contents.items()
        ],
    )
