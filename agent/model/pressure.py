"""What may still be stored when the disk or the database is nearly full.

The catalogue is refused first: it is read again over REST. Orders go on into a reserve; below that
only what makes room is written.
"""

from __future__ import annotations

from enum import IntEnum

ORDERS_BEYOND_MAX_SIZE = 0.10  # of state.max_size
KEPT_FROM_ORDERS = 0.25  # of state.min_free


class Room(IntEnum):
    """How much room there is."""

    NONE = 0
    ORDERS = 1
    ENOUGH = 2


def on_disk(free: int, min_free: int) -> Room:
    """``free`` bytes are left where ``min_free`` should be."""
    if free >= min_free:
        return Room.ENOUGH
    return Room.ORDERS if free >= min_free * KEPT_FROM_ORDERS else Room.NONE


def in_database(size: int, max_size: int) -> Room:
    """The database has ``size`` bytes and should stay below ``max_size``."""
    if size < max_size:
        return Room.ENOUGH
    return Room.ORDERS if size < max_size * (1 + ORDERS_BEYOND_MAX_SIZE) else Room.NONE


def admits(topic: str, room: Room) -> bool:
    """Whether a webhook of that topic is stored."""
    needed = Room.ORDERS if topic.partition(".")[0] == "order" else Room.ENOUGH
    return room >= needed
