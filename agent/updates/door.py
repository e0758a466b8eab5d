"""The door of the inbox for what comes by file, as the puller is the one for the feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from agent.updates.files import Piece

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from agent.clock import Clock
    from agent.model.inbox import Intake, KnownVersions, Taken
    from agent.settings import Settings

_WHO = "drop folder"


class Inbox(Protocol):
    """What the door needs of the storage."""

    async def take_in(
        self,
        ids: Sequence[str],
        skus: Sequence[str],
        decide: Callable[[frozenset[str], KnownVersions], Intake],
        cursor: str | None,
        versions: Sequence[int],
        unversioned: Sequence[str],
        *,
        who: str,
    ) -> Intake:
        """Stores what ``decide`` makes of some items; ``who`` brought them in."""


class Door:
    """Takes the items of files in."""

    def __init__(
        self,
        inbox: Inbox,
        *,
        settings: Callable[[], Settings],
        clock: Clock,
        arrived: asyncio.Event,
    ) -> None:
        self._inbox = inbox
        self._settings = settings
        self._clock = clock
        self._arrived = arrived

    async def take(self, items: Sequence[object]) -> Taken:
        """Some hundred items, in one transaction."""
        rule = self._settings().updates.unversioned
        piece = Piece(items, unversioned=rule, now=self._clock.now())
        await self._inbox.take_in(
            *(piece.ids, piece.skus, piece.decide, None, piece.versions, piece.unversioned),
            who=_WHO,
        )
        self._arrived.set()
        return piece.taken
