"""How long to wait before trying again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

FIRST_S = 1.0
LONGEST_S = 300.0
LONGEST_ASKED_S = 3600.0  # a Retry-After beyond that is taken for a mistake


def wait_s(failures: int, rng: random.Random, asked_s: float | None = None) -> float:
    """Full jitter between nothing and a ceiling that doubles with each failure in a row.

    ``asked_s`` is the other side's Retry-After: never sooner than that, within reason.
    """
    ceiling = min(LONGEST_S, FIRST_S * 2 ** min(failures - 1, 16))
    jittered = rng.uniform(0, ceiling)
    if asked_s is None:
        return jittered
    return min(max(asked_s, 0.0), LONGEST_ASKED_S) + jittered * 0.1
