"""A page of the feed becomes inbox rows: checked, versions compared, nothing lost. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from agent.model import resend
from agent.model import update as updates
from agent.model.inbox import Fence, FenceKey, Intake, KnownVersions, NewRow
from agent.model.resend import Resend
from agent.model.update import Code, Rank, Refusal, Update, UpdateState
from agent.updates import versions

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

Unversioned = Literal["never", "refuse", "accept"]

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
    """Every item of a page; of items with one id the first counts, approved if one of them is."""
    read: dict[str, Entry] = {}
    for item in items:
        said = resend.read(item) or updates.read(item)
        entry = Entry(updates.identity(item), item, said)
        first = read.setdefault(entry.id, entry)
        if not isinstance(first.read, Resend | Refusal) and _approves(entry.read, first.read):
            approved = first.read.model_copy(update={"approved": True})
            read[entry.id] = replace(first, read=approved)
    return list(read.values())


def _approves(read: Update | Resend | Refusal, of: Update) -> bool:
    return not isinstance(read, Resend | Refusal) and read.approved and versions.is_same(read, of)


def skus(page: Sequence[Entry]) -> list[str]:
    """The SKUs whose versions must be known to decide on the page."""
    return list(dict.fromkeys(update.sku for update in _updates(page)))


def version_numbers(page: Sequence[Entry]) -> list[int]:
    """The versions that the page gives: only open updates with one of them can conflict."""
    given = (update.version for update in _updates(page))
    return list(dict.fromkeys(version for version in given if version is not None))


def unversioned(page: Sequence[Entry]) -> list[str]:
    """The SKUs of which the page has updates without version: the newest open one must be known."""
    return list(dict.fromkeys(one.sku for one in _updates(page) if one.version is None))


def _updates(page: Sequence[Entry]) -> list[Update]:
    return [entry.read for entry in page if not isinstance(entry.read, Resend | Refusal)]


def decide(
    page: Sequence[Entry],
    seen: Collection[str],
    known: KnownVersions,
    now: datetime,
    unversioned: Unversioned = "never",
) -> Intake:
    """What the page adds. Ids that were ``seen`` before add nothing, but with ``approved`` they say
    yes to an update that is still open, if they say the same as it did. ``unversioned``: whether an
    update needs a version always, where its kind and SKU had one before, or not."""
    return Intake(
        _rows([entry for entry in page if entry.id not in seen], known, now, unversioned),
        tuple(
            entry.id
            for entry in page
            if entry.id in known.again and _approves(entry.read, known.again[entry.id])
        ),
    )


def _rows(
    page: Sequence[Entry], known: KnownVersions, now: datetime, unversioned: Unversioned
) -> tuple[NewRow, ...]:
    rows: list[NewRow] = []
    opened: dict[tuple[str, str, int | None], list[Update]] = {}
    for update in known.open:
        opened.setdefault((update.kind, update.sku, update.version), []).append(update)
    ranks = versions.newest(known)
    for entry in page:
        if isinstance(entry.read, Resend):
            rows.append(_asked(entry))
            continue
        outcome = _ranked(entry.read, ranks, unversioned)
        if not isinstance(outcome, Refusal):
            outcome = _admitted(outcome, known.fences, opened, now)
        if isinstance(outcome, Refusal):
            rows.append(_rejected(entry, outcome))
        else:
            subject = (outcome.kind, outcome.sku)
            ranks[subject] = max(ranks.get(subject, updates.UNKNOWN), outcome.rank)
            opened.setdefault((outcome.kind, outcome.sku, outcome.version), []).append(outcome)
            rows.append(_opened(entry, outcome, now))
    return tuple(rows)


def _ranked(
    update: Update | Refusal, ranks: Mapping[tuple[str, str], Rank], unversioned: Unversioned
) -> Update | Refusal:
    """One without version is newer than all that came before."""
    if isinstance(update, Refusal) or update.version is not None:
        return update
    if unversioned == "never":
        return Refusal(Code.UNVERSIONED, "an update of the feed needs a version")
    version, nth = ranks.get((update.kind, update.sku), updates.UNKNOWN)
    if version >= 0 and unversioned == "refuse":
        return Refusal(
            Code.UNVERSIONED,
            f"{update.kind} of {update.sku} has versions (the newest is {version}): give one,"
            ' or set updates.unversioned = "accept"',
        )
    return update.model_copy(update={"rank_given": (version, nth + 1)})


def _admitted(
    update: Update,
    fences: Mapping[FenceKey, Fence],
    opened: Mapping[tuple[str, str, int | None], Sequence[Update]],
    now: datetime,
) -> Update | Refusal:
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
        body=_body(_kept(entry.item, update)),
        state=UpdateState.WAITING if future else UpdateState.PENDING,
        due_at=update.effective_at if future else _AT_ONCE,
        code=Code.NOT_DUE if future else None,
        message="takes effect at effective_at" if future else None,
        approved=update.approved,
    )


def _kept(item: object, update: Update) -> object:
    if update.version is None and isinstance(item, Mapping):
        return {**item, "rank_given": update.rank}
    return item


def _asked(entry: Entry) -> NewRow:
    """A row as durable as an update's, once per id; the events line works it off."""
    return NewRow(
        id=entry.id,
        kind=resend.KIND,
        sku="",
        version=None,
        body=_body(entry.item),
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
        body=_excerpt(entry.item),
        state=UpdateState.REJECTED,
        code=refusal.code,
        message=refusal.message,
        correlation_id=updates.claimed(entry.item, "correlation_id"),
    )


def _excerpt(item: object) -> str:
    """Its beginning, as a JSON string, where it is too large to be kept."""
    body = _body(item)
    return body if len(body) <= _LARGEST_KEPT else _body(body[:_LARGEST_KEPT])


def _body(value: object) -> str:
    """What every row has: whole JSON, written by us."""
    return json.dumps(value, allow_nan=False)
