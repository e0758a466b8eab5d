"""Verdicts are written together with what was learned; doubtful deletions wait for the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent import errors
from agent.events import verdicts
from agent.model.delivery import (
    Accepted,
    Followup,
    Judged,
    Judgement,
    Known,
    Look,
    Reading,
    Received,
    Verdict,
)
from agent.storage import followups, judging, outbox, register
from tests.storage import seeding
from tests.storage.seeding import AT, ready, select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.storage.database import Database

VERSION = 3
COUPON = "coupon/7"
DELETION = seeding.reading(
    COUPON, type="retail.coupon.deleted.v1", digest=b"deleted", deletion=True
)


def content(row: Received) -> Reading:
    """The body is the content."""
    return seeding.reading("order/1", digest=row.webhook.body, changed_at=row.webhook.received_at)


async def judge(db: Database, rows: Sequence[Received], reading: Reading | None = None) -> None:
    """With the decisions of the daemon."""
    batch = [verdicts.Read(row.sequence, reading or content(row)) for row in rows]
    await db.writer.write(
        lambda tx: judging.judge(
            tx,
            verdicts.subjects(batch),
            lambda known: verdicts.decide(batch, known, version=VERSION),
            reread=content,
            version=VERSION,
            now=AT,
        )
    )


async def look(db: Database, verdict: Verdict) -> list[Followup]:
    """The store was asked about everything that is due, and said the same about all of it."""
    due = await db.read(followups.due, AT, 10)
    for followup in due:
        judged = Judged(followup.cause, verdict, DELETION)
        await _conclude(db, followup, judged)
    return due


async def _conclude(db: Database, followup: Followup, judged: Judged | None) -> None:
    await db.writer.write(
        lambda tx: judging.conclude(tx, followup, judged, version=VERSION, now=AT)
    )


async def verdicts_of(db: Database) -> list[str | None]:
    return [row[0] for row in await select(db, "SELECT verdict FROM outbox ORDER BY sequence")]


async def test_what_was_learned_counts_for_the_next_batch(db: Database) -> None:
    for body in (b"A", b"A", b"B"):
        await judge(db, await seeding.append(db, seeding.webhook(body)))
    assert await verdicts_of(db) == ["event", "duplicate", "event"]
    [known] = (await db.read(register.known, ["order/1", "order/2"])).values()
    assert (known.digest, known.version, known.changed_at, known.deleted) == (b"B", 3, AT, False)


async def test_digests_of_another_translator_are_made_anew_before_they_are_compared(
    db: Database,
) -> None:
    [row] = await seeding.append(db, seeding.webhook(b"A"))
    outdated = Known(row.sequence, b"digest of an older version", VERSION - 1, AT, deleted=False)
    await seeding.judge(
        db,
        Judged(row.sequence, Verdict.EVENT, content(row)),
        learned={"order/1": outdated},
    )
    await judge(db, await seeding.append(db, seeding.webhook(b"A")))
    assert await verdicts_of(db) == ["event", "duplicate"]


@pytest.mark.parametrize(("ours", "verdict"), [(False, "duplicate"), (True, "event")])
async def test_figures_of_ours_are_unknown_to_another_translator(
    db: Database, ours: bool, verdict: str
) -> None:
    """They came with no body that could be read again."""
    [row] = await seeding.append(db, seeding.webhook(b"A"))
    outdated = Known(row.sequence, b"old", VERSION - 1, AT, deleted=False, ours=ours)
    reading = replace(content(row), figures=b"7 pieces")
    await seeding.judge(
        db, Judged(row.sequence, Verdict.EVENT, reading), learned={"order/1": outdated}
    )
    [same] = await seeding.append(db, seeding.webhook(b"A"))
    batch = [verdicts.Read(same.sequence, replace(content(same), figures=b"7 pieces"))]
    judgement = await db.writer.write(
        lambda tx: judging.judge(
            tx,
            verdicts.subjects(batch),
            lambda known: verdicts.decide(batch, known, version=VERSION),
            reread=lambda _: reading,
            version=VERSION,
            now=AT,
        )
    )
    assert [judged.verdict for judged in judgement.judged] == [verdict]


async def test_a_late_body_has_its_subject_read_again_once(db: Database) -> None:
    late = seeding.webhook(b"A", at=AT - timedelta(minutes=1))
    await judge(db, await seeding.append(db, seeding.webhook(b"B")))
    rows = await seeding.append(db, late, late)
    await judge(db, rows)
    assert await verdicts_of(db) == ["event", "stale", "stale"]
    [asked] = await db.read(followups.due, AT, 10)
    assert asked == Followup(Look.RESOURCE, "order/1", rows[1].sequence)
    await db.writer.write(lambda tx: judging.looked(tx, asked, until=AT))
    assert await db.read(followups.due, AT, 10) == []


async def test_a_question_put_off_is_not_due_before_its_time(db: Database) -> None:
    await judge(db, await seeding.append(db, seeding.webhook()), DELETION)
    [asked] = await db.read(followups.due, AT, 10)
    await db.writer.write(lambda tx: followups.postpone(tx, asked, AT + timedelta(minutes=5)))
    assert await db.read(followups.due, AT + timedelta(minutes=4), 10) == []
    assert await db.read(followups.due, AT + timedelta(minutes=5), 10) == [asked]


async def test_nothing_is_learned_where_the_verdict_can_not_be_written(db: Database) -> None:
    rows = await seeding.append(db, seeding.webhook(b"A"))

    def decide(known: Mapping[str, Known]) -> Judgement:
        wrong = replace(seeding.reading("order/1"), type="", lane="")
        return Judgement(
            (Judged(rows[0].sequence, Verdict.EVENT, wrong),),
            {"order/1": Known(1, b"", VERSION, None, deleted=False)},
        )

    with pytest.raises(errors.StorageError, match="CHECK constraint"):
        await db.writer.write(
            lambda tx: judging.judge(tx, [], decide, reread=content, version=VERSION, now=AT)
        )
    assert await db.read(outbox.unjudged, 10) == rows
    assert await db.read(register.known, ["order/1"]) == {}


async def test_a_doubtful_deletion_is_no_work_for_the_judge_until_the_store_was_asked(
    db: Database,
) -> None:
    rows = await seeding.append(db, seeding.webhook())
    await judge(db, rows, DELETION)
    assert await db.read(outbox.unjudged, 10) == []
    assert await db.read(followups.due, AT - timedelta(seconds=1), 10) == []
    assert await look(db, Verdict.EVENT) == [Followup("deletion", COUPON, rows[0].sequence)]
    assert await verdicts_of(db) == ["event"]
    assert await ready(db) == [COUPON]
    assert (await db.read(register.known, [COUPON]))[COUPON].deleted
    assert await db.read(followups.due, AT, 10) == []


async def test_a_deletion_of_something_else_teaches_nothing(db: Database) -> None:
    await judge(db, await seeding.append(db, seeding.webhook()), DELETION)
    await look(db, Verdict.OTHER_KIND)
    assert await verdicts_of(db) == ["other_kind"]
    assert await db.read(register.known, [COUPON]) == {}
    assert await ready(db) == []


async def test_a_row_that_is_gone_leaves_no_question(db: Database) -> None:
    await judge(db, await seeding.append(db, seeding.webhook()), DELETION)
    [followup] = await db.read(followups.due, AT, 10)
    await _conclude(db, followup, None)
    assert await db.read(followups.due, AT, 10) == []


async def test_the_same_doubtful_deletion_twice_is_sent_once_and_neither_waits_for_ever(
    db: Database,
) -> None:
    first, second = await seeding.append(db, seeding.webhook(), seeding.webhook())
    await judge(db, [first], DELETION)
    await judge(db, [second], DELETION)
    assert [followup.cause for followup in await look(db, Verdict.EVENT)] == [second.sequence]
    await judge(db, await db.read(outbox.unjudged, 10), DELETION)
    assert await verdicts_of(db) == ["duplicate", "event"]


async def test_an_answer_for_an_older_cause_leaves_the_newer_question(db: Database) -> None:
    first, second = await seeding.append(db, seeding.webhook(), seeding.webhook())
    await judge(db, [first], DELETION)
    [asked] = await db.read(followups.due, AT, 10)
    await judge(db, [second], DELETION)
    await _conclude(db, asked, Judged(asked.cause, Verdict.OTHER_KIND, DELETION))
    assert [f.cause for f in await db.read(followups.due, AT, 10)] == [second.sequence]
    assert await db.read(outbox.unjudged, 10) == []
    assert await verdicts_of(db) == ["other_kind", None]


async def test_a_deletion_that_had_to_wait_goes_before_what_came_after_it(db: Database) -> None:
    [deletion] = await seeding.append(db, seeding.webhook())
    await judge(db, [deletion], DELETION)
    [later] = await seeding.events(db, COUPON)
    await look(db, Verdict.EVENT)
    sent = []
    while heads := await db.read(outbox.heads, 10):
        [event] = await db.read(outbox.events, [head.sequence for head in heads])
        sent.append(event.sequence)
        await seeding.settle(db, event, Accepted())
    assert sent == [deletion.sequence, later.sequence]


async def test_what_was_judged_meanwhile_is_not_compared_with_itself(db: Database) -> None:
    """A call that was given up is done after all, and the judge comes with the same rows again."""
    rows = await seeding.append(db, seeding.webhook(b"A"))
    await judge(db, rows)
    await judge(db, rows)
    assert await verdicts_of(db) == ["event"]
    assert await ready(db) != []


async def test_a_deletion_found_true_late_does_not_undo_what_came_in_meanwhile(
    db: Database,
) -> None:
    [deletion] = await seeding.append(db, seeding.webhook())
    await judge(db, [deletion], DELETION)
    [restored] = await seeding.append(db, seeding.webhook(b"B"))
    later = Known(restored.sequence, b"B", VERSION, None, deleted=False)
    await seeding.judge(
        db,
        Judged(restored.sequence, Verdict.EVENT, seeding.reading(COUPON)),
        learned={COUPON: later},
    )
    await look(db, Verdict.EVENT)
    assert await verdicts_of(db) == ["stale", "event"]
    assert not (await db.read(register.known, [COUPON]))[COUPON].deleted
    asked = await db.read(followups.due, AT, 10)
    assert [(one.kind, one.subject) for one in asked] == [("resource", COUPON)]
