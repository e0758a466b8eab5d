"""Which events go into the next batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.model.delivery import Head

ENVELOPE_BYTES = 1024  # what the envelope adds to a body, generously


URGENT = 0  # the priority of orders and refunds


def choose(
    heads: Sequence[Head],
    *,
    most: int,
    max_bytes: int,
    urgent_only: bool = False,
) -> list[Head]:
    """From the heads of the lanes that may send, best first: those that fit. The first one always
    does: a gateway that finds it too large says so itself.

    ``urgent_only`` is for the last free place: however slowly the gateway takes a flood of
    products, an order always finds one.
    """
    chosen: list[Head] = []
    total = 0
    for head in heads:
        if urgent_only and head.priority != URGENT:
            break
        total += head.size + ENVELOPE_BYTES
        if chosen and (len(chosen) >= most or total > max_bytes):
            break
        chosen.append(head)
    return chosen
