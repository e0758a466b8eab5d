"""Whatever is in a file: it is read to its end, in little memory, with ids that stay the same."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dropfolder import formats
from agent.dropfolder.rows import Bad, Line
from agent.model import update as updates
from agent.model.update import Refusal
from tests.dropfolder.reading import SOURCE, items, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = st.sampled_from(["a.csv", "a.json", "a.ndjson"])
_WORDS = st.sampled_from(
    [
        *("sku", "quantity", "regular_price", "sale_price", "kind", "stock", "id", "version"),
        *(",", ";", "\t", "\n", "\r\n", '"', "[", "]", "{", "}", ":", "\\", "null", "5", "15,75"),
        *("sku,quantity\n", '{"sku":"A","quantity":5}', '"sku":', "\0", "\ufeff", "é", "\ud800"),
        *("x" * 70_000, "9" * 5000, "[" * 3000, '{"a":' * 3000),
    ]
)
_TEXTS = st.lists(_WORDS, max_size=40).map(lambda words: "".join(words).encode(errors="replace"))
_BYTES = st.binary(max_size=200)
_MIXED = st.lists(_TEXTS | _BYTES, max_size=4).map(b"".join)


@given(NAMES, _MIXED)
def test_no_bytes_break_it_and_what_it_brings_can_be_taken_in_and_reported(
    name: str, content: bytes
) -> None:
    found = read(name, content)
    last = content.count(b"\n") + 1
    for one in found:
        if isinstance(one, Bad):
            assert 1 <= one.line <= last
            json.dumps([one.column, one.reason]).encode("ascii")
            assert len(one.reason) < 200
        else:
            assert 1 <= one.number <= last
            for item in one.items:
                assert not isinstance(updates.read(item), Refusal)
                json.dumps(item)
    assert len(found) <= len(content) + 1


@given(NAMES, _MIXED)
def test_reading_again_brings_the_same(name: str, content: bytes) -> None:
    assert read(name, content) == read(name, content)


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.ndjson"])
def test_ids_hang_on_the_file_the_place_and_the_content(name: str) -> None:
    rows = [{"sku": "A", "quantity": 5}, {"sku": "A", "quantity": 6}, {"sku": "A", "quantity": 5}]
    text = "\n".join(map(json.dumps, rows))
    if name == "a.csv":
        text = "sku,quantity\nA,5\nA,6\nA,5\n"
    ids = [item["id"] for item in formats.items(read(name, text))]
    assert len(set(ids)) == 3
    other = read(name, text, replace(SOURCE, name="20261125T080000.000000Z-stock.csv"))
    assert not {item["id"] for item in formats.items(other)}.intersection(ids)
    later = read(name, text, replace(SOURCE, at=SOURCE.at.replace(hour=9)))
    assert [item["id"] for item in formats.items(later)] == ids  # a clock that was put right


def test_equal_rows_on_one_line_are_rows_of_their_own() -> None:
    found = read("a.json", json.dumps([{"sku": "A", "quantity": 5}] * 3))
    assert len({item["id"] for item in formats.items(found)}) == 3


def test_pieces_are_as_large_as_a_page_of_the_feed() -> None:
    both = read("a.csv", "sku,quantity,regular_price\n" + "A,1,1\n" * 600 + "A,x,\n" * 3)
    pieces = list(formats.pieces(iter(both)))
    assert [len(formats.items(piece)) for piece in pieces] == [500, 500, 200]
    assert [row for piece in pieces for row in piece] == both
    assert list(formats.pieces(iter([]))) == []


PAD = "x" * 500


def _csv(n: int) -> str:
    return "sku,quantity,text\n" + "".join(f"SKU-{i},{i},{PAD}\n" for i in range(n))


def _objects(n: int) -> list[str]:
    return [f'{{"sku":"SKU-{i}","quantity":{i},"text":"{PAD}"}}' for i in range(n)]


def _list(n: int) -> str:
    return "[" + ",".join(_objects(n)) + "]"


def _lines(n: int) -> str:
    return "\n".join(_objects(n))


def _broken(n: int) -> str:
    return '[{"sku": "A", "more": [' + f'"{PAD}",' * n + "}]"


def _endless(n: int) -> str:
    return '[{"sku": "A", "more": "' + PAD * n + '"}]'


def _deep(n: int) -> str:
    return "[" * (len(PAD) * n)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        *(("a.csv", _csv), ("a.json", _list), ("a.ndjson", _lines), ("a.json", _broken)),
        *(("a.csv", _endless), ("a.json", _endless), ("a.ndjson", _endless)),
        ("a.json", _deep),
    ],
)
def test_memory_does_not_grow_with_the_file(
    name: str, made: Callable[[int], str], tmp_path: Path
) -> None:
    def peak(rows: int) -> int:
        path = tmp_path / name
        path.write_text(made(rows))
        with path.open("rb") as file:
            tracemalloc.start()
            for _ in formats.pieces(formats.read(file, name, SOURCE)):
                pass
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return most

    peak(10)
    small, large = peak(1_500), peak(6_000)  # 800 kB, 3 MB
    assert large < small * 1.25
    assert large < 2**21


def test_only_what_the_names_end_in_counts() -> None:
    assert [formats.is_known(name) for name in ("a.csv", "a.b.JSON", "a.ndjson", ".csv.tmp")] == [
        *(True, True, True, False)
    ]
    assert not any(map(formats.is_known, ("a.csv.part", "csv", "a.xlsx", "a", "")))
    assert items([Line(1, ())]) == []
