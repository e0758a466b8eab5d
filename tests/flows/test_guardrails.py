"""A day with guardrails: a real daemon, commands beside it, a restart in between."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agent.dropfolder import watcher
from agent.storage import database
from tests import agents, processes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.flows.shop import Ends, Shop

pytestmark = pytest.mark.timeout(30)  # several processes, one after the other
PRODUCTS, GONE = 100, 25


async def say(shop: Shop, *command: str) -> str:
    """A command, beside the running daemon; what it prints."""
    done = await processes.run(*command, "--config", str(shop.config))
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


async def until(shop: Shop, holds: Callable[[], bool]) -> None:
    """The gateway is polled all the time: it is looked at whenever that happens."""
    await shop.gateway.until(holds)


def status(shop: Shop, name: str) -> str | None:
    result = shop.gateway.result(agents.STORE, name)
    return None if result is None else str(result["status"])


async def test_held_approved_applied_and_reverted(ends: Ends) -> None:
    """Somebody approves while the daemon is up, and takes it back after a restart."""
    ends.store.add_product("MUG-1", price="12.50")
    update = {"id": "u", "kind": "price", "sku": "MUG-1", "version": 1, "regular_price": "125.00"}
    async with ends.agent() as shop:
        shop.gateway.publish(agents.STORE, update)
        await until(shop, lambda: status(shop, "u") == "held")
        held = shop.gateway.result(agents.STORE, "u")
        assert held is not None
        assert held["code"] == "price_change"
        assert (held["before"]["regular_price"], held["store"]["regular_price"]) == (
            "12.50",
            "125.00",
        )
        check = await shop.check("updates:held")
        assert (check["status"], check["observedValue"]) == ("warn", 1)
        assert shop.store.product("MUG-1")["regular_price"] == "12.50"
        await say(shop, "updates", "approve", "u")
        await until(shop, lambda: status(shop, "u") == "applied")
        assert shop.store.product("MUG-1")["regular_price"] == "125.00"
        assert (await shop.check("updates:held"))["status"] == "pass"
    async with ends.agent() as shop:
        assert await say(shop, "updates", "revert", "u") == "1 to be put back\n"
        await until(shop, lambda: status(shop, "u") == "reverted")
        assert shop.store.product("MUG-1")["regular_price"] == "12.50"
        results = shop.gateway.results(agents.STORE)
    assert [(result["id"], result["n"], result["status"]) for result in results] == [
        ("u", 1, "held"),
        ("u", 2, "applied"),
        ("u", 3, "reverted"),
    ]


@pytest.mark.parametrize(
    ("door", "who"), [("feed", "gateway"), ("drop folder", "drop folder"), ("submit", "ada")]
)
async def test_what_is_approved_through_any_door_is_applied(
    ends: Ends, monkeypatch: pytest.MonkeyPatch, door: str, who: str
) -> None:
    """Whoever came through it has approved it."""
    monkeypatch.setenv("SUDO_USER", "ada")
    monkeypatch.setattr(watcher, "QUIET_S", 0.1)
    ends.store.add_product("MUG-1", price="12.50")
    update = {"id": "u", "kind": "price", "sku": "MUG-1", "version": 1, "regular_price": "125.00"}
    folder, file = ends.folder / "drop", ends.folder / "approved.json"
    folder.mkdir()
    async with ends.agent(updates={"drop_folder": str(folder)}) as shop:
        shop.gateway.publish(agents.STORE, update)
        await until(shop, lambda: status(shop, "u") == "held")
        file.write_text(json.dumps([update | {"approved": True}]))
        match door:
            case "feed":
                shop.gateway.publish(agents.STORE, update | {"approved": True})
            case "drop folder":
                file.rename(folder / file.name)
            case _:
                await say(shop, "updates", "submit", str(file), "--json")
        await until(shop, lambda: status(shop, "u") == "applied")
        assert shop.store.product("MUG-1")["regular_price"] == "125.00"
        audit = json.loads(await say(shop, "audit", "list", "--json"))
    approvals = [(row["who"], row["target"]) for row in audit if row["action"] == "approve"]
    assert approvals == [(who, "u")]


async def test_a_quarter_of_the_catalogue_goes_to_zero_across_a_restart(ends: Ends) -> None:
    """20 of 100 pass, 10 of them before the restart; the gateway approves the others."""
    for n in range(PRODUCTS):
        ends.store.add_product(f"A-{n}", stock=3)
    zeros: list[dict[str, Any]] = [
        {"id": f"u-{n}", "kind": "stock", "sku": f"A-{n}", "version": 1, "quantity": 0}
        for n in range(GONE)
    ]

    def reported(shop: Shop, names: list[dict[str, Any]], wanted: dict[str, int]) -> bool:
        found = [status(shop, item["id"]) for item in names]
        return {name: found.count(name) for name in wanted} == wanted

    async with ends.agent() as shop:
        await _catalogue(ends.folder / "state", ends)
        shop.gateway.publish(agents.STORE, *zeros[:10])
        await until(shop, lambda: reported(shop, zeros[:10], {"applied": 10}))
    async with ends.agent() as shop:
        shop.gateway.publish(agents.STORE, *zeros[10:])
        await until(shop, lambda: reported(shop, zeros, {"applied": 20, "held": 5}))
        left = [item for item in zeros if status(shop, item["id"]) == "held"]
        assert [shop.store.stock(item["sku"]) for item in left] == [3] * 5
        assert sum(shop.store.stock(item["sku"]) == 0 for item in zeros) == 20
        assert (await shop.check("updates:held"))["observedValue"] == 5
        shop.gateway.publish(agents.STORE, *[item | {"approved": True} for item in left])
        await until(shop, lambda: reported(shop, zeros, {"applied": 25}))
        assert {shop.store.stock(item["sku"]) for item in zeros} == {0}
        audit = await say(shop, "audit", "list", "--json")
    assert audit.count('"who": "gateway"') == 5


async def _catalogue(state: Path, ends: Ends) -> None:
    """The agent knows the whole shop."""
    known = [(int(ends.store.product(f"A-{n}")["id"]), f"A-{n}") for n in range(PRODUCTS)]
    async with database.connected(state / database.FILE, readonly=False) as db:
        await db.executemany(
            "INSERT OR IGNORE INTO catalogue"
            " VALUES (?, 0, 'simple', ?, 'publish', 'yes', '{}', 1, 0)",
            known,
        )
