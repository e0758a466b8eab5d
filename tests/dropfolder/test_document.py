"""JSON and NDJSON: rows as objects, and what is left of a file that is broken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.dropfolder.lines import LONGEST
from agent.dropfolder.rows import Bad
from tests.dropfolder.reading import AS_OF, bad, items, numbers, read


def row(sku: str, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "quantity": 5} | more


def stock(sku: str) -> dict[str, Any]:
    return {"kind": "stock", **row(sku), "as_of": AS_OF}


ROWS = [row("A"), row("B"), row("C")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps(ROWS)),
        ("a.json", json.dumps(ROWS, indent=2)),
        ("a.json", "\ufeff \n" + json.dumps(ROWS) + "\n\n"),
        ("a.json", "\n".join(map(json.dumps, ROWS))),
        ("a.ndjson", "\n".join(map(json.dumps, ROWS))),
        ("a.NDJSON", "\ufeff" + "\r\n\r\n".join(map(json.dumps, ROWS)) + "\r\n"),
    ],
)
def test_rows_come_as_a_list_or_one_after_the_other(name: str, text: str) -> None:
    found = read(name, text)
    assert (items(found), bad(found)) == ([stock("A"), stock("B"), stock("C")], [])


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_an_update_may_stand_as_in_the_feed_and_more_fields_may_come(name: str) -> None:
    of_feed = {"kind": "price", "id": "u-1", "sku": "A", "version": 3, "sale_price": None}
    both = row("B", id="u-2", regular_price="9.90")
    text = json.dumps(of_feed | {"later": [1]}) + "\n" + json.dumps(both) + "\n"
    price = {"kind": "price", "id": "u-2/price", "sku": "B", "regular_price": "9.90"}
    assert items(read(name, text)) == [of_feed, stock("B") | {"id": "u-2/stock"}, price]


@pytest.mark.parametrize(
    "wrong",
    [
        "5",
        '"text"',
        "null",
        "[]",
        "{}",
        '{"sku": "X", "quantity": "5"}',
        '{"sku": "X", "quantity": 5.5}',
        '{"sku": "X", "regular_price": 15.75}',
        '{"sku": "X", "regular_price": "15,75"}',
        '{"sku": "X", "regular_price": null}',
        '{"sku": 7, "quantity": 5}',
        '{"sku": "\\ud800", "quantity": 5}',
        '{"sku": "\\u0000", "quantity": 5}',
        '{"sku": "X", "quantity": NaN}',
        '{"sku": "X", "quantity": ' + "9" * 5000 + "}",
        '{"sku": "X", "quantity": }',
        '{"sku": "X" "quantity": 5}',
        '{"sku": "X", "quantity": 5,}',
        '{"sku: "X", "quantity": 5}',
        '{"sku": "X\t", "quantity": 5}',
        '{"sku": "X", "seen": ["a", "quantity": 5}',
        '{"sku": "X", "more": ' + '{"a":' * 5000 + "5" + "}" * 5001,
        '{"sku": "X", "quantity": 5, "more": "' + "x" * LONGEST + '"}',
        '{"kind": "resend", "id": "r", "type": "x"}',
        '{"kind": ["stock"], "sku": "X", "quantity": 5}',
        "abc",
    ],
)
@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_a_bad_row_is_named_and_its_neighbours_are_taken(name: str, wrong: str) -> None:
    rows = [json.dumps(row("A")), wrong, json.dumps(row("B"))]
    text = "[\n" + ",\n".join(rows) + "\n]" if name == "a.json" else "\n" + "\n".join(rows)
    found = read(name, text)
    assert [item["sku"] for item in items(found)] == ["A", "B"]
    assert [line for line, _ in bad(found)] == [3]


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_what_is_not_utf_8_is_named_by_its_line(name: str) -> None:
    raw = b'{"sku":"A","quantity":5}\n{"sku":"\xfc","quantity":5}\n{"sku":"B","quantity":5}\n'
    found = read(name, raw)
    assert (numbers(found), [line for line, _ in bad(found)]) == ([1, 3], [2])


def test_the_place_of_a_fault_is_told_as_an_editor_counts() -> None:
    text = '[\n  {\n    "sku": "A",\n    "quantity": x\n  }\n]'
    assert read("a.json", text) == [Bad(4, 17, "not JSON: Expecting value")]
    assert read("a.json", '[{"sku": }]') == [Bad(1, 10, "not JSON: Expecting value")]
    assert read("a.ndjson", '\n{"sku": }') == [Bad(2, 9, "not JSON: Expecting value")]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("NaN", "NaN is not JSON"),
        ("1e999", "a number is too long"),
        ('"\\ud800"', "half of a surrogate pair"),
        ("[" * 500 + "]" * 500, "nested too deeply"),
    ],
)
def test_a_row_that_is_no_json_is_told_and_passed_over(value: str, reason: str) -> None:
    rows = [json.dumps(row(sku)) for sku in "ABC"]
    rows[1] = rows[1][:-1] + f', "note": {value}}}'
    for name, text in (("a.json", f"[{','.join(rows)}]"), ("a.ndjson", "\n".join(rows))):
        found = read(name, text)
        assert [item["sku"] for item in items(found)] == ["A", "C"]
        assert [one.reason for one in found if isinstance(one, Bad)] == [f"not JSON: {reason}"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("sku,quantity", "neither a list nor an object"),
        ('[{"sku":"A","quantity":5}', "the list is not closed: is the file complete?"),
        ("[] {}", "there is text behind the list"),
    ],
)
def test_what_is_wrong_with_the_file_as_a_whole_is_told(text: str, reason: str) -> None:
    last = read("a.json", text)[-1]
    assert isinstance(last, Bad)
    assert last.reason == reason


def test_a_row_that_is_never_closed_does_not_take_the_rest_with_it() -> None:
    rows = [json.dumps(row(sku)) for sku in "ABCD"]
    rows[1] = rows[1][:-1]
    assert [item["sku"] for item in items(read("a.json", "[" + ",\n".join(rows) + "]"))] == [*"ACD"]
    pretty = json.dumps(ROWS, indent=2).replace('"B",\n    "quantity": 5\n  }', '"B",\n')
    assert [item["sku"] for item in items(read("a.json", pretty))] == ["A", "C"]


def test_a_text_without_end_ends_the_file_but_keeps_what_came_before() -> None:
    text = json.dumps([row("A")])[:-1] + ', {"sku": "' + "x" * (3 * LONGEST) + '"}]'
    found = read("a.json", text)
    assert [item["sku"] for item in items(found)] == ["A"]
    assert "longer than" in next(one.reason for one in found if isinstance(one, Bad))


def test_a_row_inside_a_bad_row_is_no_row() -> None:
    inner = json.dumps(row("INNER"))
    broken = f'{{"sku": "X" "old": {inner},\n    "older":\n    {inner} }}'
    text = f"[\n  {broken},\n  {json.dumps(row('B'))}]"
    assert [item["sku"] for item in items(read("a.json", text))] == ["B"]
