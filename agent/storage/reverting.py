"""Puts back what stood before updates were applied: by updates of our own, that somebody asked for.

Such an update is resolved, compared, written and checked like any other, but has no version: it is
held by no fence and no guardrail, and raises no fence. What it takes back is superseded if the
gateway sends it again; the gateway's next figure overrules it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent import clock, errors
from agent.model import update as updates
from agent.model.inbox import Settlement
from agent.model.update import Refusal, UpdateState
from agent.storage import audit, fences, inbox, inbox_view
from agent.storage.outbox import marks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import aiosqlite

    from agent.storage.writer import Tx

SUBJECTS_AT_ONCE = 100
_DONE = frozenset({UpdateState.APPLIED, UpdateState.UNCHANGED})
_NOT_FIELDS = ("id", "manage_stock")  # of what stood before

Subject = tuple[str, str]
"""(kind, SKU)"""


@dataclass(frozen=True, slots=True)
class Reverted:
    """The ids of updates that are taken back, and of those that can't be, with the reason."""

    ids: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Applied:
    """An update that was applied, and what stood before, by field."""

    number: int
    id: str
    settled_at: int
    before: Mapping[str, Any]

    @property
    def fields(self) -> set[str]:
        return {*self.before} - {*_NOT_FIELDS}


async def by_id(tx: Tx, ids: Sequence[str], *, who: str, reason: str, now: datetime) -> Reverted:
    """Takes those updates back; of several of a field the oldest says what stood before.

    Raises NotFoundError for an unknown id, UsageError where nothing can be put back, or where an
    update that is not among them has set the same field since.
    """
    subjects: dict[Subject, list[str]] = {}
    for update_id in ids:
        subjects.setdefault(await _subject(tx, update_id), []).append(update_id)
    for subject, named in subjects.items():
        applied = await _applied(tx, subject)
        chosen = [one for one in applied if one.id in named]
        why = _later(applied, chosen) or await _put_back(tx, subject, chosen, now)
        if why:
            raise errors.UsageError(why, hint=f"woo-agent updates show {named[0]}")
    await audit.record(tx, who=who, action="revert", targets=ids, reason=reason, now=now)
    return Reverted([*ids])


async def subjects_since(db: aiosqlite.Connection, moment: datetime) -> list[Subject]:
    """What updates were applied to since then."""
    rows = await db.execute_fetchall(
        "SELECT DISTINCT kind, sku FROM inbox"
        " WHERE settled_at >= ? AND state = 'applied' AND NOT reverts ORDER BY kind, sku",
        (clock.micros(moment),),
    )
    return [(kind, sku) for kind, sku in rows]


async def since(
    tx: Tx,
    subjects: Sequence[Subject],
    moment: datetime,
    *,
    who: str,
    reason: str,
    now: datetime,
) -> Reverted:
    """Takes back all that was applied to those subjects since then."""
    reverted = Reverted()
    for subject in subjects:
        chosen = await _applied(tx, subject, moment)
        ids = [one.id for one in chosen]
        if chosen and (why := await _put_back(tx, subject, chosen, now)):
            reverted.left.update(dict.fromkeys(ids, why))
        else:
            reverted.ids.extend(ids)
    targets = reverted.ids
    await audit.record(tx, who=who, action="revert", targets=targets, reason=reason, now=now)
    return reverted


async def settled(tx: Tx, settlements: Sequence[Settlement], now: datetime) -> None:
    """What one of ours has put back is reverted, and the gateway told so."""
    for settlement in settlements:
        if not settlement.opened.reverts or settlement.state not in _DONE:
            continue
        rows = await tx.execute_fetchall(
            f"SELECT {inbox.ROW} FROM inbox WHERE reverted_by = ? AND state = 'applied'",
            (settlement.opened.number,),
        )
        taken_back = [
            Settlement(
                inbox.opened(row),
                UpdateState.REVERTED,
                message="somebody put back what stood before",
                store=settlement.store,
                before=settlement.before,
            )
            for row in rows
        ]
        await inbox.settle(tx, taken_back, {}, now)
        await fences.took_back(tx, [one.opened.update for one in taken_back])


async def _subject(tx: Tx, update_id: str) -> Subject:
    state = await inbox_view.state(tx, update_id)
    [(kind, sku, reverts)] = await tx.execute_fetchall(
        "SELECT kind, sku, reverts FROM inbox WHERE id = ?", (update_id,)
    )
    if state is not UpdateState.APPLIED or reverts:
        raise errors.UsageError(
            f"{update_id} puts back an old value itself"
            if reverts
            else f"{update_id} is {state}, not applied: nothing to put back",
            hint="woo-agent updates list --state applied",
        )
    return kind, sku


async def _applied(tx: Tx, subject: Subject, moment: datetime | None = None) -> list[_Applied]:
    """The newest first."""
    rows = await tx.execute_fetchall(
        "SELECT number, id, settled_at, before FROM inbox WHERE kind = ? AND sku = ?"
        " AND state = 'applied' AND NOT reverts AND settled_at >= ?"
        " ORDER BY settled_at DESC, number DESC",
        (*subject, 0 if moment is None else clock.micros(moment)),
    )
    return [
        _Applied(number, update_id, at, json.loads(before or "{}"))
        for number, update_id, at, before in rows
    ]


def _later(applied: Sequence[_Applied], chosen: Sequence[_Applied]) -> str:
    """Putting an old value back over one that came later would take that one back too."""
    for one in chosen:
        for other in applied:
            newer = (other.settled_at, other.number) > (one.settled_at, one.number)
            if newer and other not in chosen and one.fields & other.fields:
                return f"{other.id} was applied after {one.id}: revert both, or the later one only"
    return ""


async def _put_back(tx: Tx, subject: Subject, chosen: Sequence[_Applied], now: datetime) -> str:
    """Makes the update that does it; why it can't be made, if it can't."""
    kind, sku = subject
    open_one = await tx.execute_fetchall(
        "SELECT id FROM inbox WHERE kind = ? AND sku = ? AND settled_at IS NULL AND reverts",
        subject,
    )
    for (update_id,) in open_one:
        return f"{update_id} is at it already"
    stood: dict[str, Any] = {}
    for one in chosen:  # newest first: the oldest has the last word
        stood |= one.before
    if not stood:
        return f"what stood before {chosen[-1].id} is not known"
    if stood.get("manage_stock") is False:
        return f"stock was not managed before {chosen[-1].id}"
    name = await _free_name(tx, f"revert-{chosen[-1].id}"[:190])
    values = {name: value for name, value in stood.items() if name not in _NOT_FIELDS}
    item = {"id": name, "kind": kind, "sku": sku} | values
    read = updates.read(item)
    if isinstance(read, Refusal):
        return f"what stood before {chosen[-1].id} can't be put back: {read.message}"
    made = await tx.execute(
        "INSERT INTO inbox (id, kind, sku, body, state, received_at, due_at, reverts)"
        " VALUES (?, ?, ?, ?, 'pending', ?, 0, 1)",
        (name, kind, sku, json.dumps(item), clock.micros(now)),
    )
    numbers = [one.number for one in chosen]
    await tx.execute(
        f"UPDATE inbox SET reverted_by = ? WHERE number IN ({marks(numbers)})",
        (made.lastrowid, *numbers),
    )
    return ""


async def _free_name(tx: Tx, wanted: str) -> str:
    name, n = wanted, 1
    while list(await tx.execute_fetchall("SELECT 1 FROM inbox WHERE id = ?", (name,))):
        n += 1
        name = f"{wanted}-{n}"
    return name
