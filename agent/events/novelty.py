"""Is this news? A body is compared with the newest content of its subject, never with a clock.

WooCommerce sends the same state several times, and now and then an old one late. What counts is
content: A → B → A is three events, A → A is one.
"""

from __future__ import annotations

from dataclasses import replace

from agent.model.delivery import Known, Reading, Verdict


def verdict(reading: Reading, known: Known | None) -> Verdict:
    """What a readable body is, given the newest content of its subject that was taken in."""
    if known is None or not reading.subject:
        return Verdict.EVENT
    if reading.deletion:
        return Verdict.DUPLICATE if known.deleted else Verdict.EVENT
    if known.deleted:  # late bodies must not bring it back
        return Verdict.EVENT if reading.revives else Verdict.STALE
    if reading.digest == known.digest:
        return Verdict.DUPLICATE
    if reading.changed_at and known.changed_at and reading.changed_at < known.changed_at:
        return Verdict.STALE
    return Verdict.EVENT


def learned(
    reading: Reading, known: Known | None, found: Verdict, *, sequence: int, version: int
) -> Known | None:
    """What is known of the subject afterwards; None if nothing changed."""
    if found is Verdict.DUPLICATE and known is not None:
        if not reading.changed_at or (known.changed_at and known.changed_at >= reading.changed_at):
            return None
        return replace(known, changed_at=reading.changed_at)  # the same content, confirmed later
    if found is not Verdict.EVENT or not reading.subject:
        return None
    return Known(
        sequence=sequence,
        digest=reading.digest,
        version=version,
        changed_at=reading.changed_at or (known.changed_at if known else None),
        deleted=reading.deletion,
    )
