"""CSV as spreadsheets and ERPs write it."""

from __future__ import annotations

import pytest

from agent.dropfolder.rows import Bad
from tests.dropfolder.reading import AS_OF, bad, items, numbers, read

STOCK = {"kind": "stock", "sku": "MUG-1", "quantity": 5, "as_of": AS_OF}
PRICE = {"kind": "price", "sku": "MUG-1", "regular_price": "15.75"}


def test_a_row_with_a_quantity_and_a_price_is_two_updates_with_an_id_each() -> None:
    found = read("a.csv", "sku,quantity,regular_price\nMUG-1,5,15.75\n")
    assert items(found) == [STOCK, PRICE]
    [line] = found
    assert not isinstance(line, Bad)
    assert len({item["id"] for item in line.items}) == 2
    [named] = read("a.csv", "id,sku,quantity,regular_price\nu-1,MUG-1,5,15.75\n")
    assert not isinstance(named, Bad)
    assert [item["id"] for item in named.items] == ["u-1/stock", "u-1/price"]
    [alone] = read("a.csv", "id,sku,quantity\nu-1,MUG-1,5\n")
    assert not isinstance(alone, Bad)
    assert [item["id"] for item in alone.items] == ["u-1"]


def test_every_column_that_an_update_has_is_read() -> None:
    stock = (
        "sku,quantity,version,effective_at,expires_at,as_of,seen_position,seen,unseen,approved,"
        "correlation_id,id\nMUG-1,-5,7,2026-11-27T00:00:00Z,2026-11-28T00:00:00Z,"
        "2026-11-23T00:00:00Z,48811,order/1 order/2,order/3,TRUE,c-1,u-1\n"
    )
    assert items(read("a.csv", stock)) == [
        {
            "kind": "stock",
            "id": "u-1",
            "sku": "MUG-1",
            "quantity": -5,
            "version": 7,
            "effective_at": "2026-11-27T00:00:00Z",
            "expires_at": "2026-11-28T00:00:00Z",
            "as_of": "2026-11-23T00:00:00Z",
            "seen_position": 48811,
            "seen": ["order/1", "order/2"],
            "unseen": ["order/3"],
            "approved": True,
            "correlation_id": "c-1",
        }
    ]
    price = (
        "sku;regular_price;sale_price;sale_from;sale_to;currency;tax\n"
        "MUG-1;15.75;12;2026-11-27T00:00:00Z;2026-11-28T00:00:00Z;EUR;included\n"
    )
    assert items(read("a.csv", price)) == [
        PRICE
        | {
            "sale_price": "12",
            "sale_from": "2026-11-27T00:00:00Z",
            "sale_to": "2026-11-28T00:00:00Z",
            "currency": "EUR",
            "tax": "included",
        }
    ]


def test_a_figure_without_watermark_is_of_the_time_of_the_file() -> None:
    [item] = items(read("a.csv", "sku,quantity,seen_position\nMUG-1,5,7\n"))
    assert "as_of" not in item


@pytest.mark.parametrize(
    "text",
    [
        "sku,quantity\nMUG-1,5\n",
        "\ufeffsku;quantity\r\nMUG-1;5\r\n",
        "sku\tquantity\nMUG-1\t5",
        'SKU;"Quantity";Name, short\n"MUG-1"; 5 ;"Mug; blue, ""large"""\n',
        "\n\nquantity;sku\n\n5;MUG-1\n;\n\n",
    ],
)
def test_delimiter_mark_line_ends_quotes_and_blank_rows_are_as_they_come(text: str) -> None:
    found = read("A.CSV", text)
    assert (items(found), bad(found)) == ([STOCK], [])


def test_an_empty_cell_says_nothing_and_null_ends_a_sale() -> None:
    found = read("a.csv", "sku,regular_price,sale_price\nA,,null\nB,9,\nC,,9\n")
    said = [{name: item[name] for name in item if name.endswith("price")} for item in items(found)]
    assert said == [{"sale_price": None}, {"regular_price": "9"}, {"sale_price": "9"}]
    refused = read("a.csv", "sku,quantity,regular_price\nA,null,\nB,,null\n")
    assert bad(refused) == [(2, "quantity"), (3, "regular_price")]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ('sku,regular_price\nA,"15,75"\nB,1\n', "regular_price"),
        ("sku;regular_price\nA;15,75\nB;1\n", "regular_price"),
        ("sku,regular_price\nA,15,75\nB,1\n", 3),
        ("sku,regular_price\nA,1.000.00\nB,1\n", "regular_price"),
        ("sku,regular_price\nA,€15\nB,1\n", "regular_price"),
        ("sku,sale_price\nA,-1\nB,1\n", "sale_price"),
        ("sku,quantity\nA,5.0\nB,1\n", "quantity"),
        ("sku,quantity\nA,1e3\nB,1\n", "quantity"),
        ("sku,quantity\nA,٣\nB,1\n", "quantity"),
        ("sku,quantity\nA,9999999999\nB,1\n", "quantity"),
        ("sku,quantity,version\nA,5,-1\nB,1,1\n", "version"),
        ("sku,quantity,effective_at\nA,5,27.11.2026\nB,1,\n", "effective_at"),
        ("sku,quantity,approved\nA,5,yes\nB,1,\n", "approved"),
        ("sku,regular_price,tax\nA,5,gross\nB,1,\n", "tax"),
        ("sku,quantity\n,5\nB,1\n", "sku"),
        ("sku,quantity,regular_price\nA,,\nB,1,\n", None),
        ("sku,quantity,regular_price\nA,5\nB,1,\n", 3),
        ('sku,quantity\n"A,5\nB,1\n', None),
        ('sku,quantity\nA"x"y,"5"z\nB,1\n', None),
        ("sku,quantity\nA\0,5\nB,1\n", 2),
        (b"sku,quantity\nA\xfc,5\nB,1\n", 2),
        ("sku,quantity\nA\x07,5\nB,1\n", "sku"),
        ("sku,quantity\n" + "A" * 201 + ",5\nB,1\n", "sku"),
        ("sku,quantity\n" + "A" * 70_000 + ",5\nB,1\n", None),
        ("sku,quantity\n" + "A," * 30_000 + "\nB,1\n", 3),
    ],
)
def test_a_bad_line_is_named_with_its_column_and_the_next_one_is_taken(
    text: str | bytes, column: str | int | None
) -> None:
    found = read("a.csv", text)
    assert (bad(found), numbers(found)) == ([(2, column)], [3])


def test_reasons_tell_what_to_do_and_nothing_of_what_the_line_holds() -> None:
    comma = read("a.csv", "sku;regular_price\nSECRET;15,75\n")
    assert comma == [
        Bad(2, "regular_price", 'must be a decimal text with a point, such as "15.75"')
    ]
    more = read("a.csv", "sku,regular_price\nSECRET,15,75\n")
    assert more == [Bad(2, 3, "3 cells where the header has 2 (a price is written with a point)")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty"),
        ("\n \n", "the file is empty"),
        ("MUG-1,5\nMUG-2,6\n", "the header has no column sku"),
        ("sku,stock\nMUG-1,5\n", "the header has none of quantity, regular_price"),
        ("sku,quantity,Quantity\nMUG-1,5,6\n", "the header has this column twice"),
        ("sku,quantity".encode("utf-16"), "the file is UTF-16"),
        (b"sku,qu\xe4ntity\nMUG-1,5\n", "not UTF-8"),
        ('sku,"quantity\nMUG-1,5\n', "the header has no column sku"),
        ("sku,quantity\rMUG-1,5\r", "the header has no column sku"),
    ],
)
def test_nothing_is_read_below_a_header_that_can_not_be_used(
    text: str | bytes, reason: str
) -> None:
    [only] = read("a.csv", text)
    assert isinstance(only, Bad)
    assert (only.line, only.reason[: len(reason)]) == (1, reason)
