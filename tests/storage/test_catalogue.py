"""What the store showed last, and when it can be relied on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.model.delivery import Judged, Verdict
from agent.storage import catalogue
from tests.storage import seeding
from tests.storage.seeding import AT, select
from tests.updates.rows import product

if TYPE_CHECKING:
    from agent.model.product import StoreProduct
    from agent.storage.database import Database

LATER = AT + timedelta(minutes=1)


async def looked_up(db: Database, *products: StoreProduct, sku: str = "MUG-1") -> None:
    await db.writer.write(lambda tx: catalogue.looked_up(tx, {sku: products}, AT))


async def heard(
    db: Database, shown: StoreProduct, at: datetime = LATER, *, confirmed: bool = False
) -> None:
    await db.writer.write(lambda tx: catalogue.heard(tx, [shown], at, confirmed=confirmed))


async def learned(db: Database, shown: StoreProduct, at: datetime, *, written: bool) -> None:
    await db.writer.write(lambda tx: catalogue.learn(tx, [shown], at, written=written))


async def known(db: Database, sku: str = "MUG-1") -> list[tuple[StoreProduct, datetime]]:
    found = await db.read(catalogue.by_sku, [sku])
    return [(shown.product, shown.confirmed_at) for shown in found.get(sku, ())]


async def test_a_product_comes_back_as_it_was_shown(db: Database) -> None:
    friday = datetime(2026, 11, 27, tzinfo=UTC)
    shown = product(sale_price="9.90", sale_from=friday, manages_stock="parent", parent_id=3)
    await looked_up(db, shown)
    assert await known(db) == [(shown, AT)]
    assert (await db.read(catalogue.by_id, [10, 11]))[10].product == shown
    assert await db.read(catalogue.size) == 1


async def test_what_could_not_be_read_comes_back_as_that(db: Database) -> None:
    shown = replace(product(quantity=None), unreadable={"quantity": "stock_quantity is missing"})
    await looked_up(db, shown)
    assert await known(db) == [(shown, AT)]
    await looked_up(db, product())
    assert await known(db) == [(product(), AT)]


@pytest.mark.parametrize(
    ("shown", "is_certain"),
    [
        (product(), True),
        (product(quantity=None), False),
        (product(regular_price=None), False),
    ],
)
async def test_a_row_of_before_it_was_told_what_can_not_be_read_is_asked_for_again(
    db: Database, shown: StoreProduct, is_certain: bool
) -> None:
    await looked_up(db, shown)
    forget = "UPDATE catalogue SET figures = json_remove(figures, '$.unreadable')"
    await db.write(lambda tx: tx.execute(forget))
    [(product_, at)] = await known(db)
    assert (product_, at == AT) == (shown, is_certain)


async def test_a_row_that_does_not_tell_its_type_leaves_the_one_that_is_known(
    db: Database,
) -> None:
    variation = product(type="variation", parent_id=3)
    await looked_up(db, variation)
    for quantity, row in enumerate((product(type="", parent_id=3), variation)):
        told = replace(row, values={**row.values, "quantity": quantity})
        await learned(db, told, LATER, written=True)
        [(shown, _)] = await known(db)
        assert (shown.type, shown.is_variation) == ("variation", True)
        assert shown.values["quantity"] == quantity
    await learned(db, product(type="simple"), LATER, written=False)
    [(shown, _)] = await known(db)
    assert (shown.type, shown.is_variation) == ("simple", False)


async def test_a_sku_is_known_only_once_the_store_was_asked_for_it(db: Database) -> None:
    await heard(db, product())
    assert await known(db) == []
    assert set(await db.read(catalogue.by_sku, ["MUG-1"], complete=False)) == {"MUG-1"}
    await looked_up(db, product(), product(id=11))
    assert [shown.id for shown, _ in await known(db)] == [10, 11]


async def test_a_product_that_a_look_up_does_not_find_any_more_has_no_sku(db: Database) -> None:
    await looked_up(db, product())
    await looked_up(db, product(id=11))
    assert [shown.id for shown, _ in await known(db)] == [11]
    await looked_up(db)
    assert await known(db) == []
    assert await select(db, "SELECT * FROM sku_lookups") == []


async def test_what_webhooks_tell_is_newer(db: Database) -> None:
    await looked_up(db, product())
    await heard(db, product(quantity=3))
    assert [(shown.values["quantity"], at) for shown, at in await known(db)] == [(3, LATER)]
    await heard(db, product(quantity=9), AT)  # came before that, and was judged after it
    assert [shown.values["quantity"] for shown, _ in await known(db)] == [3]


async def test_trash_and_another_sku_take_a_product_off_its_sku(db: Database) -> None:
    await looked_up(db, product(), product(id=11))
    await heard(db, product(status="trash"))
    await heard(db, product(id=11, sku="CUP-1"))
    assert await known(db) == []


async def test_a_body_soon_after_our_own_write_is_not_relied_on_unless_it_is_its_echo(
    db: Database,
) -> None:
    await looked_up(db, product())
    await learned(db, product(quantity=16), AT, written=True)
    await heard(db, product(quantity=18))
    [(shown, at)] = await known(db)
    assert at < AT
    await learned(db, product(quantity=16), LATER, written=False)
    await heard(db, product(quantity=16), LATER + timedelta(seconds=1), confirmed=True)
    [(shown, at)] = await known(db)
    assert (shown.values["quantity"], at) == (16, LATER + timedelta(seconds=1))
    late = LATER + timedelta(seconds=catalogue.SOON_S)
    await heard(db, product(quantity=17), late)
    assert [at for _, at in await known(db)] == [late]


async def test_a_product_goes_with_its_variations(db: Database) -> None:
    await looked_up(db, product(), product(id=11, parent_id=10), product(id=12))
    await db.writer.write(lambda tx: catalogue.gone(tx, [10]))
    assert [shown.id for shown, _ in await known(db)] == [12]


async def test_what_is_in_doubt_was_confirmed_long_ago(db: Database) -> None:
    await looked_up(db, product())
    await db.writer.write(lambda tx: catalogue.distrust(tx, [10]))
    assert [at.year for _, at in await known(db)] == [1970]


async def test_products_are_learned_as_they_are_judged(db: Database) -> None:
    rows = await seeding.append(db, *[seeding.webhook(topic="product.updated")] * 3)
    numbers = [row.sequence for row in rows]
    subject = seeding.reading("product/10", resource="product", product=product())
    old = seeding.reading("product/10", resource="product", product=product(quantity=99))
    await seeding.judge(
        db, Judged(numbers[0], Verdict.EVENT, subject), Judged(numbers[1], Verdict.STALE, old)
    )
    assert [shown.product for shown in (await db.read(catalogue.by_id, [10])).values()] == [
        product()
    ]
    gone = seeding.reading("product/10", resource="product", deletion=True)
    await seeding.judge(db, Judged(numbers[2], Verdict.EVENT, gone))
    assert await db.read(catalogue.by_id, [10]) == {}


async def test_no_look_up_scans_the_catalogue(db: Database) -> None:
    async def planned(tx: Any) -> list[str]:
        rows = await tx.execute_fetchall(f"EXPLAIN QUERY PLAN {catalogue.RENAMED}", ("A", "[1]"))
        return [str(row[3]) for row in rows]

    plans = await db.writer.write(planned)
    assert any("catalogue_sku" in plan for plan in plans), plans
