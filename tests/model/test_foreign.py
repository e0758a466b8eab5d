"""Text of others, made fit to store and to print."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import foreign


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("two\n lines", "two lines"),
        (b"<h1>\xff</h1>", "<h1>\ufffd</h1>"),
        ("half \ud83d", "half ?"),
        (None, ""),
        (7, ""),
        (["a"], ""),
        ("x" * 10_000, "x" * foreign.LONGEST),
    ],
)
def test_one_line_that_can_be_stored(value: object, line: str) -> None:
    assert foreign.line(value) == line


@given(st.text(alphabet=st.characters()) | st.binary())
def test_whatever_it_is_sqlite_takes_it(value: str | bytes) -> None:
    with sqlite3.connect(":memory:") as db:
        [(kept,)] = db.execute("SELECT ?", (foreign.line(value),)).fetchall()
    db.close()
    assert "\n" not in kept
    assert len(kept) <= foreign.LONGEST


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("7f3a52c0", "7f3a52c0"),
        ("a  b", "a b"),
        (" a\u00a0b\n", "a b"),
        ("a\x00b", "a?b"),
        ("a\ud800", "a?"),
        ("x" * 499 + " y", "x" * 499),
        (7, ""),
        (None, ""),
    ],
)
def test_a_name_has_one_form(told: object, name: str) -> None:
    assert foreign.name(told) == name


@given(st.text(alphabet=st.characters(), max_size=20) | st.text(" \ta", min_size=490, max_size=520))
def test_a_name_in_its_form_stays_as_it_is(told: str) -> None:
    name = foreign.name(told)
    assert name == foreign.name(name)
    assert name.isprintable()
    assert foreign.name(foreign.line(told)) == name  # as earlier programs stored it
