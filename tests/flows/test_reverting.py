"""What somebody took back is nobody's edit, whichever way the update had come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.demo.shop import catalog, product_changes
from agent.dropfolder import watcher
from agent.model.registration import TOPICS
from tests import agents, processes, recordings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from agent.demo.store import Store
    from tests.flows.shop import Ends, Shop

SETS: dict[str, dict[str, Any]] = {
    "stock": {"quantity": 18},
    "price": {"regular_price": "15.75", "sale_price": "9.90"},
}
STOOD = (40, "12.50", "")
SOURCES = ("feed", "file", "file without version", "submit", "submit without version")


@pytest.fixture
async def shop(ends: Ends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    monkeypatch.setattr(watcher, "QUIET_S", 0.1)
    (tmp_path / "drop").mkdir()
    async with ends.agent(
        updates={"drop_folder": str(tmp_path / "drop")}, reconcile={"requests_per_minute": 6000}
    ) as shop:
        for topic in TOPICS:
            shop.store.add_webhook(topic, agents.url(shop.agent), recordings.SECRET)
        await agents.begun(shop.agent, shop.gateway)
        yield shop


async def bring(shop: Shop, source: str, kind: str, folder: Path) -> str:
    """An update comes that way and is applied; its id."""
    versioned = {} if source.endswith("without version") else {"version": 7}
    item = {"sku": "MUG-1", **SETS[kind], **versioned}
    if source == "feed":
        shop.gateway.publish(agents.STORE, {**item, "id": "u-1", "kind": kind})
    else:
        names = [*item]
        text = "\n".join((",".join(names), ",".join(str(item[name]) for name in names), ""))
        if source.startswith("submit"):
            (folder / "given.csv").write_text(text)
            given = ("updates", "submit", str(folder / "given.csv"), "--config", str(shop.config))
            assert (await processes.run(*given)).exit_code == 0
        else:
            (folder / "drop" / "given.csv.part").write_text(text)
            (folder / "drop" / "given.csv.part").rename(folder / "drop" / "given.csv")
    await shop.gateway.until(lambda: bool(shop.gateway.results(agents.STORE)))
    [result] = shop.gateway.results(agents.STORE)
    assert result["status"] == "applied"
    return str(result["id"])


def rename(store: Store) -> None:
    """Somebody edits what nobody owns."""
    product = store._product("MUG-1")
    loaded, draft = catalog.loaded(product)
    product_changes.apply(store.shop, draft, {"name": "A better mug"})
    store.shop.catalog.save(loaded, draft)
    store.shop.emit("product.updated", product.id)


def figures(shop: Shop) -> tuple[Any, ...]:
    product = shop.store.product("MUG-1")
    return product["stock_quantity"], product["regular_price"], product["sale_price"]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["stock", "price"])
@pytest.mark.parametrize("source", SOURCES)
async def test_nothing_drifts_after_an_update_was_taken_back(
    shop: Shop, tmp_path: Path, source: str, kind: str
) -> None:
    shop.store.add_product("MUG-1", price="12.50", stock=40)
    await shop.deliver()
    update_id = await bring(shop, source, kind, tmp_path)
    await shop.deliver()
    assert figures(shop) != STOOD

    reverted = await processes.run("updates", "revert", update_id, "--config", str(shop.config))
    assert reverted.exit_code == 0, reverted.stderr
    await shop.gateway.until(lambda: len(shop.gateway.results(agents.STORE)) == 2)
    assert shop.gateway.results(agents.STORE)[-1]["status"] == "reverted"
    assert figures(shop) == STOOD
    await shop.deliver()
    rename(shop.store)
    await shop.deliver()

    compared = await processes.run("reconcile", "stock", "--config", str(shop.config))
    assert (compared.exit_code, compared.stdout.splitlines()[-1]) == (0, "both ends agree")
    assert (await shop.check("store:drift"))["status"] == "pass"
    assert not any(event.get("conflict") for event in shop.gateway.events(agents.STORE))
