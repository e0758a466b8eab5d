"""Which events go into the next batch: one per lane at most, and no lane twice at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from agent.model.delivery import Head

ENVELOPE_BYTES = 1024  # what the envelope adds to a body, generously


def choose(
    heads: Sequence[Head], in_flight: Collection[str], *, most: int, max_bytes: int
) -> list[Head]:
    """From the heads of the ready lanes, best first: those that fit. The first one always does: a
    gateway that finds it too large says so itself."""
    chosen: list[Head] = []
    total = 0
    for head in heads:
        if head.lane in in_flight:
            continue
        total += head.size + ENVELOPE_BYTES
        if chosen and (len(chosen) >= most or total > max_bytes):
            break
        chosen.append(head)
    return chosen
