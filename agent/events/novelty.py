"""Is this news? A body is compared with the newest content of its subject, never with a clock.

WooCommerce sends the same state several times, and now and then an old one late. What counts is
content: A → B → A is three events, A → A is one. What we wrote ourselves is no news either: it is
told by the state that we left, not by when we wrote.
"""

from __future__ import annotations

from dataclasses import replace

from agent.model.delivery import Known, Reading, Verdict

_CONFIRMED = frozenset({Verdict.DUPLICATE, Verdict.ECHO})


def verdict(reading: Reading, known: Known | None) -> Verdict:
    """What a readable body is, given the newest content of its subject that was taken in."""
    if known is None or not reading.subject:
        return Verdict.EVENT
    if reading.deletion and known.deleted:
        return Verdict.DUPLICATE
    if reading.deletion:
        overtaken = reading.read_after is not None and known.last_body > reading.read_after
        return Verdict.STALE if overtaken else Verdict.EVENT
    if _is_same(reading, known):
        return Verdict.ECHO if known.ours else Verdict.DUPLICATE
    if reading.read_after is not None and known.last_body > reading.read_after:
        return Verdict.STALE  # the store may have changed it while it was read
    if known.deleted:
        return _of_deleted(reading)
    return Verdict.STALE if _is_older(reading, known) else Verdict.EVENT


def learned(
    reading: Reading, known: Known | None, found: Verdict, *, sequence: int, version: int
) -> Known | None:
    """What is known of the subject afterwards; None if nothing changed."""
    if found in _CONFIRMED and known is not None:
        confirmed = known
        if reading.changed_at and not (known.changed_at and known.changed_at >= reading.changed_at):
            confirmed = replace(known, changed_at=reading.changed_at)  # the same content, later
        if reading.resource == "order" and not known.figures:  # an earlier version told of it
            confirmed = replace(confirmed, figures=reading.figures)
        return None if confirmed == known else confirmed
    if found is not Verdict.EVENT or not reading.subject:
        return None
    return Known(
        sequence=sequence,
        digest=reading.digest,
        version=version,
        changed_at=reading.changed_at or (known.changed_at if known else None),
        deleted=reading.deletion,
        figures=reading.figures,
        ours=known is not None and known.ours and known.figures == reading.figures,
        parent=reading.parent,
        stock=reading.stock,
    )


def may_be_late(reading: Reading, found: Verdict) -> bool:
    """Whether that is a deletion which the store told of by itself: it carries no date, and what
    was deleted may have been restored since. A customer never is."""
    told = found is Verdict.EVENT and reading.read_after is None
    return told and reading.deletion and reading.resource in ("order", "product", "coupon")


def may_change_soon(reading: Reading, found: Verdict) -> bool:
    """Whether that is an order the store told of by itself: what changes right after it may have no
    webhook of its own."""
    told = found in (Verdict.EVENT, Verdict.DUPLICATE) and reading.read_after is None
    return told and reading.resource == "order" and not reading.deletion


def shows_other_stock(reading: Reading, found: Verdict, known: Known | None) -> bool:
    """Whether that product shows other stock than was known to both sides: told to the ERP, or
    written for it. A product that is seen for the first time tells its stock itself."""
    if found is not Verdict.EVENT or reading.untranslatable or not reading.inventory:
        return False
    return known is not None and known.stock != reading.stock


def _is_same(reading: Reading, known: Known) -> bool:
    if reading.resource == "order":  # its digest is of its figures too
        return reading.digest == known.digest
    return (reading.digest, reading.figures) == (known.digest, known.figures)


def _of_deleted(reading: Reading) -> Verdict:
    """Late bodies must not bring it back; a read that finds it in the trash says nothing new."""
    if reading.revives:
        return Verdict.EVENT
    return Verdict.STALE if reading.read_after is None else Verdict.DUPLICATE


def _is_older(reading: Reading, known: Known) -> bool:
    """A read over REST shows how it is, whatever the dates say."""
    if reading.read_after is not None or reading.changed_at is None or known.changed_at is None:
        return False
    return reading.changed_at < known.changed_at
