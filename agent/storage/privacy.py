"""The key of private digests: made with the state, it never leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import errors
from agent.model.privacy import Privacy
from agent.storage import cursors

if TYPE_CHECKING:
    import aiosqlite

    from agent.settings import PrivacySettings

KEY = "privacy_key"


async def of(db: aiosqlite.Connection, settings: PrivacySettings) -> Privacy | None:
    """What the gateway does not get to see; None if that is nothing.

    Raises StorageError in a state that no daemon of this version has opened yet.
    """
    if not (settings.omit or settings.hash):
        return None
    key = await cursors.get(db, KEY)
    if key is None:
        raise errors.StorageError(
            "the state has no key for privacy.hash yet", hint="start the agent: woo-agent run"
        )
    return Privacy.of(settings.omit, settings.hash, bytes.fromhex(key))
