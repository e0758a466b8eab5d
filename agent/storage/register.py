"""The newest content of every subject: what makes a webhook a duplicate, an echo, or stale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import clock
from agent.model import delivery
from agent.storage import outbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import aiosqlite

    from agent.model.product import Written
    from agent.storage.writer import Tx


async def known(db: aiosqlite.Connection, subjects: Iterable[str]) -> dict[str, delivery.Known]:
    """The newest content of those subjects that was taken in."""
    return await _known(db, "subject", list(subjects))


async def family(db: aiosqlite.Connection, subjects: Iterable[str]) -> dict[str, delivery.Known]:
    """The same, and that of all that belongs to them: of orders, their refunds."""
    wanted = list(subjects)
    return await known(db, wanted) | await _known(db, "parent <> '' AND parent", wanted)


async def _known(
    db: aiosqlite.Connection, column: str, wanted: Sequence[str]
) -> dict[str, delivery.Known]:
    rows = await db.execute_fetchall(
        "SELECT subject, sequence, digest, version, changed_at, deleted, figures, ours,"
        " (SELECT max(sequence) FROM outbox WHERE outbox.subject = register.subject),"
        f" parent, stock FROM register WHERE {column} IN ({outbox.marks(wanted)})",
        wanted,
    )
    return {
        subject: delivery.Known(
            sequence,
            digest,
            version,
            None if at is None else clock.from_micros(at),
            bool(deleted),
            figures,
            bool(ours),
            last_body or sequence,
            parent,
            stock,
        )
        for (
            subject,
            sequence,
            digest,
            version,
            at,
            deleted,
            figures,
            ours,
            last_body,
            parent,
            stock,
        ) in rows
    }


async def learn(tx: Tx, contents: dict[str, delivery.Known]) -> None:
    """Subjects have new content."""
    if not contents:
        return
    await tx.executemany(
        "INSERT OR REPLACE INTO register"
        " (subject, sequence, digest, version, changed_at, deleted, figures, ours, parent, stock)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                subject,
                k.sequence,
                k.digest,
                k.version,
                None if k.changed_at is None else clock.micros(k.changed_at),
                k.deleted,
                k.figures,
                k.ours,
                k.parent,
                k.stock,
            )
            for subject, k in contents.items()
        ],
    )


async def wrote(tx: Tx, written: Iterable[Written]) -> None:
    """Products have the figures that we gave them.

    What the store said since the write was sent may be newer: its figures are left, unless its
    dates say that they are older than the write. Its webhook then is an event, not an echo.
    """
    await tx.executemany(
        "UPDATE register SET figures = ?2, stock = ?5, ours = 1,"
        " changed_at = coalesce(?3, changed_at) WHERE subject = ?1 AND NOT deleted"
        " AND (changed_at IS NULL OR ?3 IS NULL OR changed_at <= ?3)"
        " AND (sequence <= ?4 OR changed_at < ?3)",
        [
            (
                f"product/{product.product_id}",
                product.figures,
                None if product.changed_at is None else clock.micros(product.changed_at),
                product.sent_after,
                product.stock,
            )
            for product in written
        ],
    )
