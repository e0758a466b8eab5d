"""The gateway's journals: which one it has now, and how many restores there were before it.

Names are those of ``foreign.name``. Earlier programs stored them as they were told, or cut, so what
is read is brought into that form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiosqlite

from agent.model import foreign

if TYPE_CHECKING:
    from agent.storage.writer import Tx  # which salvages, which asks for the present one

PRESENT = "(SELECT max(number) FROM journals)"
"""The number of the present one."""


async def current(db: aiosqlite.Connection) -> tuple[int, str]:
    """Number and name of the present one; the name is empty where the gateway tells none."""
    [(number, name)] = await db.execute_fetchall(
        "SELECT number, name FROM journals ORDER BY number DESC LIMIT 1"
    )
    return int(number), foreign.name(name)


async def named(db: aiosqlite.Connection, name: str) -> int:
    """The number of the newest with that name, which was told before."""
    rows = await db.execute_fetchall("SELECT number, name FROM journals ORDER BY number DESC")
    return next(int(number) for number, kept in rows if foreign.name(kept) == name)


async def name_of(db: aiosqlite.Connection, number: int) -> str | None:
    """The name of that one."""
    rows = await db.execute_fetchall("SELECT name FROM journals WHERE number = ?", (number,))
    return next((foreign.name(name) for (name,) in rows), None)


async def name_it(tx: Tx, number: int, name: str) -> None:
    """Give a journal its name, or begin a new one of that number."""
    await tx.execute(
        "INSERT INTO journals (number, name) VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET name = excluded.name",
        (number, name),
    )
