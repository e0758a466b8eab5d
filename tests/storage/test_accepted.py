"""What the gateway has accepted, as far as the agent was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.model.delivery import Accepted, Dead
from agent.storage import accepted
from tests.storage.seeding import events, settle

if TYPE_CHECKING:
    from agent.storage.database import Database


async def test_a_subject_counts_once_all_that_was_said_of_it_is_accepted(db: Database) -> None:
    one, two, three, _waiting, again = await events(
        db, "order/1", "order/2", "order/3", "order/4", "order/3"
    )
    for event in (one, three):
        await settle(db, event, Accepted())
    await settle(db, two, Dead("rejected", "no"))
    assert await db.read(accepted.subjects) == {"order/1"}
    await settle(db, again, Accepted())
    assert await db.read(accepted.subjects) == {"order/1", "order/3"}


@pytest.mark.parametrize(
    ("positions", "wrong"),
    [((1, 2, 3), 0), ((3, 1, 2), 2), ((1, 3, 2), 1), ((None, None, None), 0), ((2, None, 1), 1)],
)
async def test_order_is_that_of_the_positions_within_a_lane(
    db: Database, positions: tuple[int | None, ...], wrong: int
) -> None:
    other, *lane = await events(db, "order/9", *["order/1"] * 3)
    for event, position in zip(lane, positions, strict=True):
        await settle(db, event, Accepted(position))
    await settle(db, other, Accepted(0))
    assert await db.read(accepted.out_of_order) == wrong


async def test_without_positions_it_is_that_in_which_they_were_settled(db: Database) -> None:
    lane = await events(db, *["order/1"] * 2)
    for event in lane:
        await settle(db, event, Accepted())
    await db.writer.write(
        lambda tx: tx.execute(
            "UPDATE outbox SET settled_at = settled_at - 1 WHERE sequence = ?", (lane[1].sequence,)
        )
    )
    assert await db.read(accepted.out_of_order) == 1
