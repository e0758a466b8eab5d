"""What the gateway said it takes: events of other types are set aside until it does."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agent import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.model.delivery import Event

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """As the gateway describes them; None for what it did not name."""

    accepts: frozenset[str] | None = None
    max_batch_bytes: int | None = None

    def takes(self, kind: str) -> bool:
        """Whether events of that type are sent."""
        return (
            self.accepts is None
            or kind in self.accepts
            or any(one.endswith("*") and kind.startswith(one[:-1]) for one in self.accepts)
        )


class Storage(Protocol):
    """Where events that are not accepted are kept."""

    async def set_aside(self, events: Sequence[Event]) -> None:
        """Settles them as discarded, ``not_accepted``."""

    async def bring_back(self, takes: Callable[[str], bool]) -> int:
        """Those of such types are pending again; how many."""


class Agreement:
    """The ``terms`` in force; ``asked`` once the gateway was asked for them, whatever it said."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._told: set[str] = set()
        self.terms = Terms()
        self.asked = False

    async def renewed(self, terms: Terms) -> None:
        """The gateway said what it takes."""
        self.terms = terms
        self._told = {kind for kind in self._told if not terms.takes(kind)}
        if count := await self._storage.bring_back(terms.takes):
            log.info("%d events that the gateway did not accept before are sent now", count)

    async def sifted(self, events: Sequence[Event]) -> list[Event]:
        """Those that may be sent; the others are set aside."""
        aside = [event for event in events if not self.terms.takes(event.type)]
        if not aside:
            return list(events)
        await self._storage.set_aside(aside)
        metrics.SENT.labels("not_accepted").inc(len(aside))
        for kind in sorted({event.type for event in aside} - self._told):
            self._told.add(kind)
            log.warning("the gateway does not accept %s: kept, and sent once it does", kind)
        return [event for event in events if self.terms.takes(event.type)]
