"""An update is either sound or refused with a reason; no JSON value breaks the reading of it."""

from __future__ import annotations

import json
import math
import sqlite3
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import clock
from agent.model import update
from agent.model.update import Code, PriceUpdate, Refusal, StockUpdate
from tests.updates import json_values

STOCK: dict[str, Any] = {"id": "u-1", "kind": "stock", "sku": "MUG-1", "version": 1, "quantity": 18}
PRICE: dict[str, Any] = {
    "id": "u-2",
    "kind": "price",
    "sku": "MUG-1",
    "version": 1,
    "regular_price": "12.90",
}
ABSENT = object()
NO_PRICES: list[Any] = [
    *("15,75", "abc", "-5", "+5", "1e3", "", " 12.90", "12.90\n", ".5", "5.", "1_000", "NaN"),
    *("\u0661\u0662.\u0669", "\uff11\uff12", "12.1234567", "1234567890123", "\ud800"),
    *(15.5, 15, True, math.nan, [], {}),
]


def changed(base: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {name: value for name, value in {**base, **fields}.items() if value is not ABSENT}


def test_a_stock_update_reads_as_it_was_meant() -> None:
    read = update.read(
        changed(STOCK, seen_position=48811, unseen=["order/7"], as_of="2026-11-23T20:22:51Z")
    )
    assert isinstance(read, StockUpdate)
    assert read.values() == {"quantity": 18}
    assert (read.seen_position, read.unseen) == (48811, ("order/7",))
    assert read.as_of == datetime(2026, 11, 23, 20, 22, 51, tzinfo=UTC)


def test_a_price_update_sets_the_fields_that_are_there_and_no_others() -> None:
    read = update.read(changed(PRICE, sale_price=None, currency="EUR", tax="excluded"))
    assert isinstance(read, PriceUpdate)
    assert read.values() == {"regular_price": "12.90", "sale_price": None}
    assert not read.approved


@pytest.mark.parametrize(
    ("base", "field", "value"),
    [
        *((STOCK, "quantity", value) for value in (0, -3, 10**9)),
        *((PRICE, "regular_price", value) for value in ("0", "0.000001", "007", "999999999999.99")),
        (PRICE, "sale_price", "0"),
        (PRICE, "sale_to", None),
        (PRICE, "sale_to", "9999-12-31T23:59:59Z"),
        (PRICE, "sale_from", "2026-11-27T00:00:00+01:00"),
        *((STOCK, "version", value) for value in (0, 2**53 - 1, None)),
        (STOCK, "sku", "Ein größerer Becher, blau/grün 100% + ~"),
        (STOCK, "id", "x" * 200),
        (STOCK, "of_a_later_protocol", {"any": ["thing"]}),
    ],
)
def test_sound_values_are_taken(base: dict[str, Any], field: str, value: Any) -> None:
    assert not isinstance(update.read(changed(base, **{field: value})), Refusal)


@pytest.mark.parametrize(
    ("base", "field", "value"),
    [
        *((PRICE, "regular_price", value) for value in NO_PRICES),
        *((PRICE, "sale_price", value) for value in NO_PRICES),
        (PRICE, "regular_price", None),
        (PRICE, "regular_price", ABSENT),
        *(
            (STOCK, "quantity", value)
            for value in ("12", 2.5, 2.0, True, None, 2**60, -(2**60), ABSENT, math.inf, [1])
        ),
        *((STOCK, "version", value) for value in (-1, 2**53, 1.0, "1", True)),
        *(
            (STOCK, field, value)
            for field in ("id", "sku")
            for value in (ABSENT, None, "", "x" * 201, "a\nb", "a\x00", "\ud800", 7, ["MUG-1"])
        ),
        *(
            (PRICE, field, value)
            for field in ("effective_at", "expires_at", "sale_from", "sale_to")
            for value in (
                *("2026-11-27T00:00:00", "2026-11-27", "tomorrow", "", "1764201600"),
                *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"),
                *(1764201600, 1764201600.5, math.nan, True, ["2026-11-27T00:00:00Z"]),
            )
        ),
        *((PRICE, "currency", value) for value in ("eur", "EURO", "EUR\n", 978)),
        (PRICE, "tax", "none"),
        *((STOCK, "approved", value) for value in ("true", 1, None)),
        *((STOCK, "seen", value) for value in ("order/1", [1], [""], ["\ud800"])),
        *((STOCK, "seen_position", value) for value in (-1, 1.5, "7", True)),
    ],
)
def test_unsound_values_are_invalid_and_the_message_names_the_field(
    base: dict[str, Any], field: str, value: Any
) -> None:
    refusal = update.read(changed(base, **{field: value}))
    assert isinstance(refusal, Refusal), refusal
    assert refusal.code is Code.INVALID
    assert field in refusal.message
    assert refusal.message.isprintable()


def test_a_sale_that_ends_before_it_begins_is_invalid() -> None:
    sale = changed(PRICE, sale_from="2026-11-30T00:00:00Z", sale_to="2026-11-29T23:59:59Z")
    refusal = update.read(sale)
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.INVALID


@pytest.mark.parametrize("kind", [ABSENT, None, "fulfilment", "resend", "Stock", 1, ["stock"], {}])
def test_other_kinds_are_unknown(kind: Any) -> None:
    refusal = update.read(changed(STOCK, kind=kind))
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.UNKNOWN_KIND


@pytest.mark.parametrize("item", [None, True, 7, 1.5, "stock", [], [STOCK]])
def test_what_is_no_object_is_invalid(item: object) -> None:
    refusal = update.read(item)
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.INVALID


def test_one_moment_written_in_two_time_zones_is_one_value() -> None:
    there, here = (
        update.read(changed(PRICE, sale_to=at))
        for at in ("2026-11-27T01:00:00+01:00", "2026-11-27T00:00:00Z")
    )
    assert there == here
    assert isinstance(there, PriceUpdate)
    assert str(there.sale_to) == "2026-11-27 00:00:00+00:00"


def test_an_item_without_a_usable_id_is_known_by_its_content() -> None:
    assert update.identity({"id": "u-1", "kind": "stock"}) == "u-1"
    nameless = [
        *({"id": given, "sku": "MUG-1"} for given in (None, 7, "", "x" * 201, "\n", "\ud800")),
        *("text", None, [1]),
    ]
    names = [update.identity(item) for item in nameless]
    assert len({*names}) == len(names)
    assert names == [update.identity(json.loads(json.dumps(item))) for item in nameless]


@given(json_values.items())
def test_every_json_value_can_be_read_and_named_and_what_comes_out_can_be_stored(
    item: object,
) -> None:
    read = update.read(item)
    said = [update.identity(item), update.claimed(item, "sku"), update.claimed(item, "kind")]
    if isinstance(read, Refusal):
        said += [read.code, read.message]
    else:
        said += [read.id, read.sku, *map(str, read.values().values())]
        moments = (getattr(read, name, None) for name in ("effective_at", "sale_from", "sale_to"))
        said += [clock.iso(clock.from_micros(clock.micros(at))) for at in moments if at]
    with sqlite3.connect(":memory:") as db:
        [stored] = db.execute(f"SELECT {','.join('?' * len(said))}", said)
    db.close()
    assert [*stored] == said
    json.dumps(said, ensure_ascii=False).encode()


@given(st.text(max_size=20))
def test_a_price_is_taken_exactly_if_it_is_plain_decimal_text(text: str) -> None:
    taken = not isinstance(update.read(changed(PRICE, regular_price=text)), Refusal)
    whole, point, fraction = text.partition(".")
    assert taken == (
        set(text) <= set("0123456789.")
        and 1 <= len(whole) <= 12
        and (1 <= len(fraction) <= 6 if point else not fraction)
        and "." not in fraction
    )
