"""A page of the feed becomes inbox rows: checked, versions compared, nothing lost. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.model import resend
from agent.model import update as updates
from agent.model.resend import Resend
from agent.model.update import (
    Code,
    Fence,
    FenceKey,
    Intake,
    KnownVersions,
    NewRow,
    Refusal,
    Update,
    UpdateState,
)
from agent.updates import versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Not the time of arrival: a clock that is put back must not make it wait.
_AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_KEPT = 4096  # of an item that is no update: enough to find out where it came from


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a page, read."""

    id: str
    item: object
    read: Update | Resend | Refusal


def entries(items: Sequence[object]) -> list[Entry]:
    """Every item of a page; of items with one id the first counts."""
    read: dict[str, Entry] = {}
    for item in items:
        entry = Entry(updates.identity(item), item, resend.read(item) or updates.read(item))
        read.setdefault(entry.id, entry)
    return list(read.values())


def skus(page: Sequence[Entry]) -> list[str]:
    """The SKUs whose versions must be known to decide on the page."""
    return list(dict.fromkeys(update.sku for update in _updates(page)))


def version_numbers(page: Sequence[Entry]) -> list[int]:
    """The versions that the page gives: only open updates with one of them can conflict."""
    given = (update.version for update in _updates(page))
    return list(dict.fromkeys(version for version in given if version is not None))


def _updates(page: Sequence[Entry]) -> list[Update]:
    return [entry.read for entry in page if not isinstance(entry.read, Resend | Refusal)]


def decide(page: Sequence[Entry], known: KnownVersions, now: datetime) -> Intake:
    """What the page adds. Ids that were taken in before must be left out of it."""
    rows: list[NewRow] = []
    opened: dict[tuple[str, str, int | None], list[Update]] = {}
    for update in known.open:
        opened.setdefault((update.kind, update.sku, update.version), []).append(update)
    for entry in page:
        outcome = _admitted(entry, known.fences, opened, now)
        if isinstance(outcome, Refusal):
            rows.append(_rejected(entry, outcome))
        elif isinstance(outcome, Resend):
            rows.append(_asked(entry))
        else:
            opened.setdefault((outcome.kind, outcome.sku, outcome.version), []).append(outcome)
            rows.append(_opened(entry, outcome, now))
    return Intake(tuple(rows))


def _admitted(
    entry: Entry,
    fences: Mapping[FenceKey, Fence],
    opened: Mapping[tuple[str, str, int | None], Sequence[Update]],
    now: datetime,
) -> Update | Resend | Refusal:
    update = entry.read
    if isinstance(update, Resend | Refusal):
        return update
    if update.version is None:
        return Refusal(Code.UNVERSIONED, "an update of the feed needs a version")
    if update.expires_at is not None and update.expires_at <= now:
        return Refusal(Code.EXPIRED, "expires_at has passed")
    if versions.conflicts(
        update, fences, opened.get((update.kind, update.sku, update.version), ())
    ):
        return Refusal(
            Code.VERSION_CONFLICT, f"version {update.version} came before with other content"
        )
    return update


def _is_future(update: Update, now: datetime) -> bool:
    return update.effective_at is not None and update.effective_at > now


def _opened(entry: Entry, update: Update, now: datetime) -> NewRow:
    future = _is_future(update, now)
    return NewRow(
        id=entry.id,
        kind=update.kind,
        sku=update.sku,
        version=update.version,
        body=json.dumps(entry.item),
        state=UpdateState.WAITING if future else UpdateState.PENDING,
        due_at=update.effective_at if future else _AT_ONCE,
        code=Code.NOT_DUE if future else None,
        message="takes effect at effective_at" if future else None,
    )


def _asked(entry: Entry) -> NewRow:
    """A row as durable as an update's, once per id; the events line works it off."""
    return NewRow(
        id=entry.id,
        kind=resend.KIND,
        sku="",
        version=None,
        body=json.dumps(entry.item),
        state=UpdateState.PENDING,
        due_at=_AT_ONCE,
    )


def _rejected(entry: Entry, refusal: Refusal) -> NewRow:
    version = entry.item.get("version") if isinstance(entry.item, dict) else None
    whole = type(version) is int and 0 <= version <= updates.HIGHEST_VERSION
    return NewRow(
        id=entry.id,
        kind=updates.claimed(entry.item, "kind"),
        sku=updates.claimed(entry.item, "sku"),
        version=version if whole else None,
        body=json.dumps(entry.item)[:_LARGEST_KEPT],
        state=UpdateState.REJECTED,
        code=refusal.code,
        message=refusal.message,
    )
