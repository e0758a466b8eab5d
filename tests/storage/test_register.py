"""What is known of a product after a write of ours was confirmed: never older than before."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent.model.delivery import Judged, Known, Verdict
from agent.model.product import Written
from agent.storage import register
from tests.storage import seeding
from tests.storage.seeding import AT

if TYPE_CHECKING:
    from datetime import datetime

    from agent.storage.database import Database

EARLIER, LATER = AT - timedelta(minutes=1), AT + timedelta(minutes=1)
MUG = "product/10"


def mug(changed_at: datetime | None, *, figures: bytes = b"40", deleted: bool = False) -> Known:
    """The register's row, made by body 100."""
    return Known(100, b"rest", 2, changed_at, deleted, figures)


async def known(db: Database) -> Known | None:
    return (await db.read(register.known, [MUG])).get(MUG)


async def wrote(db: Database, before: Known, written: Written) -> Known:
    await db.writer.write(lambda tx: register.learn(tx, {MUG: before}))
    await db.writer.write(lambda tx: register.wrote(tx, [written]))
    found = await known(db)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("before", "changed_at", "sent_after"),
    [
        (mug(EARLIER), AT, 100),
        (mug(AT), AT, 100),  # within one second
        (mug(None), AT, 100),
        (mug(AT), None, 100),
        (mug(EARLIER), AT, 99),  # a body came since the write was sent, but it is older
        (mug(EARLIER, figures=b"7"), AT, 100),  # somebody else had set the same
    ],
)
async def test_a_confirmed_write_is_what_is_known(
    db: Database, before: Known, changed_at: datetime | None, sent_after: int
) -> None:
    found = await wrote(db, before, Written(10, b"7", changed_at, sent_after))
    assert (found.figures, found.ours) == (b"7", True)
    assert (found.sequence, found.digest) == (before.sequence, before.digest)
    assert found.changed_at == (changed_at or before.changed_at)


@pytest.mark.parametrize(
    ("before", "changed_at", "sent_after"),
    [
        (mug(AT), AT, 99),  # it came since: nobody knows which of the two was first
        (mug(LATER), AT, 100),
        (mug(LATER), AT, 99),
        (mug(None), AT, 99),
        (mug(AT), None, 99),
        (mug(AT, deleted=True), LATER, 100),
    ],
)
async def test_what_the_store_said_since_is_not_overwritten(
    db: Database, before: Known, changed_at: datetime | None, sent_after: int
) -> None:
    found = await wrote(db, before, Written(10, b"7", changed_at, sent_after))
    assert (found.figures, found.ours, found.changed_at) == (b"40", False, before.changed_at)


async def test_a_product_that_nobody_told_of_stays_unknown(db: Database) -> None:
    await db.writer.write(lambda tx: register.wrote(tx, [Written(10, b"7", AT, 100)]))
    assert await known(db) is None


async def test_the_newest_body_of_a_subject_counts_whatever_its_verdict(db: Database) -> None:
    rows = await seeding.append(db, seeding.webhook(), seeding.webhook())
    said = seeding.reading(MUG)
    skipped = Judged(rows[1].sequence, Verdict.DUPLICATE, said)
    await seeding.judge(db, skipped, learned={MUG: mug(AT)})
    found = await known(db)
    assert found is not None
    assert (found.sequence, found.last_body) == (100, rows[1].sequence)
