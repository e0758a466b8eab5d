"""From readings to verdicts, for a batch: each body is compared with what the one before left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.events import novelty, refunds
from agent.model.delivery import Dead, Heard, Judged, Judgement, Known, Reading, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# WordPress keeps all of these in one table of posts: one id is never two of them. Its deletion
# hooks fire for posts of any kind (recordings 34-36: a trashed product sends coupon.deleted).
_POSTS = ("product", "coupon", "order")
_DOUBTFUL = frozenset({"product", "coupon"})


@dataclass(frozen=True, slots=True)
class Read:
    """A stored webhook's number and what its body says."""

    sequence: int
    reading: Reading


def subjects(batch: Iterable[Read]) -> list[str]:
    """Everything that must be known to decide on the batch."""
    wanted: dict[str, None] = {}
    for read in batch:
        if read.reading.subject:
            wanted |= dict.fromkeys((read.reading.subject, *_namesakes(read.reading)))
    return list(wanted)


def decide(batch: Sequence[Read], known: Mapping[str, Known], *, version: int) -> Judgement:
    """The verdict on every row of the batch, in order."""
    judged: list[Judged] = []
    learned: dict[str, Known] = {}
    unsure: list[tuple[int, str]] = []
    outdated: list[tuple[int, str]] = []
    refunded: list[tuple[int, str]] = []
    stocked: list[tuple[int, bytes]] = []
    fresh: list[tuple[int, str]] = []
    last_bodies: dict[str, int] = {}
    for read in batch:
        subject = read.reading.subject
        newest = {**known, **learned} if learned else known
        found = _verdict(read.reading, newest, last_bodies.get(subject, 0))
        last_bodies[subject] = read.sequence
        if found is None:
            unsure.append((read.sequence, subject))
            continue
        judged.append(conclude(read, found))
        if found is Verdict.STALE or novelty.may_be_late(read.reading, found):
            (refunded if read.reading.parent else outdated).append(
                (read.sequence, read.reading.parent or subject)
            )
        if refunds.are_news(read.reading, found, newest):
            named_by = read.sequence if found is Verdict.EVENT else newest[subject].sequence
            refunded.append((named_by, subject))
        if novelty.may_change_soon(read.reading, found):
            fresh.append((read.sequence, subject))
        if novelty.shows_other_stock(read.reading, found, newest.get(subject)):
            stocked.append((read.sequence, read.reading.inventory))
        content = novelty.learned(
            read.reading, newest.get(subject), found, sequence=read.sequence, version=version
        )
        if content is not None and read.reading.snapshot and not read.reading.untranslatable:
            learned[subject] = content
    return Judgement(
        *(tuple(judged), learned, tuple(unsure), tuple(outdated)),
        heard(batch),
        tuple(refunded),
        tuple(stocked),
        tuple(fresh),
    )


def heard(batch: Sequence[Read]) -> tuple[Heard, ...]:
    """Good and broken bodies of each kind of resource, in order; of a run of the same the last.

    Only what the store sent by itself counts: a read over REST says nothing of its webhooks, and a
    deletion carries no body that could be broken.
    """
    runs: list[Heard] = []
    last: dict[str, int] = {}
    for read in batch:
        reading = read.reading
        if not reading.resource or reading.deletion or reading.read_after is not None:
            continue
        good = reading.verdict is not Verdict.ERROR_BODY
        one = Heard(read.sequence, reading.resource, good, reading.gone)
        place = last.get(one.resource)
        if place is not None and replace(runs[place], sequence=one.sequence) == one:
            runs[place] = one
        else:
            last[one.resource] = len(runs)
            runs.append(one)
    return tuple(runs)


def conclude(read: Read, verdict: Verdict) -> Judged:
    """An event that can't be translated is kept as a dead letter: a later version may heal it."""
    dead = Dead("untranslatable", read.reading.untranslatable)
    return Judged(
        read.sequence, verdict, read.reading, dead if read.reading.untranslatable else None
    )


def _verdict(reading: Reading, known: Mapping[str, Known], last_body: int) -> Verdict | None:
    """None: only the store can tell what that deletion was about. ``last_body`` is the number of
    the last one about that subject in the batch."""
    if reading.verdict is not None:
        return reading.verdict
    if reading.untranslatable or not reading.snapshot:
        return Verdict.EVENT
    newest = known.get(reading.subject)
    if newest is None:
        namesakes = _namesakes(reading)
        if any(name in known for name in namesakes):
            return Verdict.OTHER_KIND
        if namesakes:
            return None
    elif last_body > newest.last_body:
        newest = replace(newest, last_body=last_body)
    return novelty.verdict(reading, newest)


def _namesakes(reading: Reading) -> tuple[str, ...]:
    """The other subjects a doubtful deletion could be about."""
    resource, _, number = reading.subject.partition("/")
    if not reading.deletion or resource not in _DOUBTFUL:
        return ()
    return tuple(f"{kind}/{number}" for kind in _POSTS if kind != resource)
