"""Somebody drops a file, and the store changes."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from agent.dropfolder import watcher
from tests import agents, processes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flows.shop import Ends


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(watcher, "QUIET_S", 0.1)
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


def drop(folder: Path, name: str, text: str) -> None:
    """As it should be done: written under another name, then renamed."""
    (folder / f"{name}.part").write_text(text)
    (folder / f"{name}.part").rename(folder / name)


def results(ends: Ends) -> dict[tuple[str, str], tuple[str, Any]]:
    """(SKU, kind) → (status, code) as the gateway was told."""
    told = ends.gateway.results(agents.STORE)
    return {(each["sku"], each["kind"]): (each["status"], each.get("code")) for each in told}


def skus(state: Path) -> list[str]:
    """Of everything that was taken in."""
    with closing(sqlite3.connect(state / "agent.db")) as db:
        return [sku for (sku,) in db.execute("SELECT sku FROM inbox")]


async def polled(ends: Ends) -> None:
    """Returns when the agent has come to the gateway again."""
    before = ends.gateway.site.requests
    await ends.gateway.until(lambda: ends.gateway.site.requests > before)


def some_are_in(state: Path) -> None:
    """Returns when the agent has taken some lines in."""
    with closing(sqlite3.connect(f"file:{state / 'agent.db'}?mode=ro", uri=True)) as db:
        while not db.execute("SELECT count(*) FROM inbox").fetchone()[0]:
            time.sleep(0.005)


async def test_a_file_changes_the_store(ends: Ends, folder: Path) -> None:
    ends.store.add_product("MUG-1", stock=40, price="12.50")
    ends.store.add_product("MUG-2", stock=40, price="12.50")
    async with ends.agent(updates={"drop_folder": str(folder)}) as shop:
        await shop.update(
            {"id": "u", "kind": "stock", "sku": "MUG-2", "version": 9, "quantity": 30}
        )
        drop(
            folder,
            "stock.csv",
            "sku;quantity;regular_price;sale_price\r\n"
            "MUG-1;18;15.75;9.90\r\nMUG-1;;15,75;\r\nMUG-2;5;;\r\n",
        )
        await ends.gateway.until(lambda: len(ends.gateway.results(agents.STORE)) == 4)
        assert results(ends) == {
            ("MUG-1", "stock"): ("applied", None),
            ("MUG-1", "price"): ("applied", None),
            ("MUG-2", "stock"): ("rejected", "unversioned"),
        }
        assert (ends.store.stock("MUG-1"), ends.store.stock("MUG-2")) == (18, 30)
        assert (await shop.check("updates:dropFolder"))["status"] == "pass"
        drop(folder, "again.ndjson", '{"sku": "MUG-1", "quantity": 17}\n')
        await ends.gateway.until(lambda: len(ends.gateway.results(agents.STORE)) == 5)
        assert ends.store.stock("MUG-1") == 17
    told = json.loads((folder / "done" / "stock.csv.report.json").read_text())
    assert [(bad["line"], bad["column"]) for bad in told["refused"]] == [
        (3, "regular_price"),
        (4, None),
    ]


async def test_rows_without_version_are_taken_beside_a_feed_where_that_is_wanted(
    ends: Ends, folder: Path
) -> None:
    ends.store.add_product("MUG-1", stock=40)
    wanted = {"drop_folder": str(folder), "unversioned": "accept"}
    async with ends.agent(updates=wanted) as shop:
        feed = {"id": "u", "kind": "stock", "sku": "MUG-1", "version": 9, "quantity": 30}
        await shop.update(feed)
        drop(folder, "stock.csv", "sku,quantity\nMUG-1,5\n")
        await ends.gateway.until(lambda: len(ends.gateway.results(agents.STORE)) == 2)
        assert ends.store.stock("MUG-1") == 5
        await shop.update(feed | {"id": "v", "version": 10})
        assert ends.store.stock("MUG-1") == 30


async def test_a_folder_that_is_missing_is_a_warning(ends: Ends, tmp_path: Path) -> None:
    missing = tmp_path / "not-there"
    async with ends.agent(updates={"drop_folder": str(missing)}) as shop:
        while (check := await shop.check("updates:dropFolder"))["status"] == "pass":
            await polled(ends)
    assert check["output"] == (
        f"the drop folder {missing} can't be used: No such file or directory;"
        f" tried again by itself: ls -ld {missing}"
    )


@pytest.mark.timeout(60)
async def test_a_daemon_that_is_killed_in_the_middle_of_a_file_takes_every_line_once(
    tmp_path: Path, folder: Path
) -> None:
    config = processes.write_config(tmp_path, updates={"drop_folder": str(folder)})
    lines = "".join(f"SKU-{n},{n}\n" for n in range(8_000))
    drop(folder, "stock.csv", "sku,quantity\n" + lines)
    async with processes.running(config) as agent:
        await asyncio.to_thread(some_are_in, tmp_path / "state")
        agent.process.kill()
        await agent.ended()
    before = len(skus(tmp_path / "state"))
    assert 0 < before < 8_000, "it was killed before or behind the middle"
    async with processes.running(config) as agent:
        assert f"{8_000 - before} updates taken" in await agent.said("0 lines refused")
    taken = skus(tmp_path / "state")
    assert len(taken) == len(set(taken)) == 8_000
