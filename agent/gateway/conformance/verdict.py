"""What a check may find."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agent.gateway.conformance.session import Session


class Unmet(Exception):
    """The contract is not kept; the text says what came instead."""


class NotOffered(Exception):
    """There is nothing to judge: it is optional, and not there. The text says what is missing."""


class Outcome(StrEnum):
    """How a check ended."""

    PASS = "pass"
    FAIL = "fail"
    SKIPPED = "skipped"


class Check(NamedTuple):
    """``rule`` is the sentence of the contract; ``run`` raises Unmet or NotOffered.

    Where the check that it ``needs`` failed, it has nothing to say.
    """

    name: str
    rule: str
    run: Callable[[Session], Awaitable[None]]
    needs: str = ""


class Finding(NamedTuple):
    """What one check found; ``found`` is empty where it passed."""

    check: str
    outcome: Outcome
    found: str
    rule: str


GOOD = "good batch"
"""The check without which most others have nothing to say."""


def must(kept: bool, found: str) -> None:
    """Raises Unmet unless ``kept``."""
    if not kept:
        raise Unmet(found)
