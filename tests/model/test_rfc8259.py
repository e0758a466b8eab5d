"""JSON of others: what is not JSON is malformed, and what is read can be written again."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import rfc8259

DEEP = rfc8259.DEEPEST
_ANY_BYTES = st.binary() | st.text(st.sampled_from('[]{}",:1NaeE+-\\ud8 ')).map(str.encode)


@pytest.mark.parametrize(
    ("raw", "why_not"),
    [
        (b'{"x": NaN}', "NaN is not JSON"),
        (b"[Infinity]", "Infinity is not JSON"),
        (b"-Infinity", "-Infinity is not JSON"),
        (rb'"\ud800"', "half of a surrogate pair"),
        (rb'{"\uDC00x": 1}', "half of a surrogate pair"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b"\xff\xfe[\x00]\x00", "not UTF-8"),
        (b"1" * 309, "a number is too long"),
        (b"-" + b"1" * 5000, "a number is too long"),
        (b"1e999", "a number is too long"),
        (b"[" * (DEEP + 1) + b"]" * (DEEP + 1), "nested too deeply"),
        (b'{"a":' * (DEEP + 1) + b"1" + b"}" * (DEEP + 1), "nested too deeply"),
        (b"[[]," * (DEEP + 1) + b"1" + b"]" * (DEEP + 1), "nested too deeply"),
        (b"[" * 967 + b"]" * 967, "nested too deeply"),
        (b"[" * 100_000, "nested too deeply"),
        (b"", ""),
        (b"{", ""),
        (b"<html>", ""),
        (b"[1] 2", ""),
    ],
)
def test_what_is_not_json_is_malformed(raw: bytes, why_not: str) -> None:
    with pytest.raises(ValueError) as found:  # noqa: PT011 - of any kind
        rfc8259.parse(raw)
    assert rfc8259.why_not(found.value) == why_not


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"\xef\xbb\xbf[]", []),
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (rb'"\\ud800"', "\\ud800"),
        (b" 1 ", 1),
        (b"1" * 308, int("1" * 308)),
        (b"1e308", 1e308),
        (b'"' + b"[" * 500 + b'"', "[" * 500),
        (b"[" + b"[]," * 500 + b"[]]", [[]] * 501),
    ],
)
def test_what_is_json_is_read(raw: bytes, value: Any) -> None:
    assert rfc8259.parse(raw) == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (rb'{"\uDC00x": ["\ud83d", 1.5, -7]}', {"\ufffdx": ["\ufffd", 1.5, -7]}),
        (rb'"\ud83d\ude00 \\ud83d \ude00\ud83d"', "\U0001f600 \\ud83d \ufffd\ufffd"),
        (b'"caf\xe9"', "caf\ufffd"),
        (b"\xef\xbb\xbf[]", []),
    ],
)
def test_the_store_is_forgiven_a_character_that_is_none(raw: bytes, value: Any) -> None:
    assert rfc8259.parse_of_store(raw) == value


@given(_ANY_BYTES)
def test_the_store_is_forgiven_nothing_else(raw: bytes) -> None:
    try:
        read = rfc8259.parse(raw)
    except ValueError as error:
        if rfc8259.why_not(error) in ("half of a surrogate pair", "not UTF-8"):
            return
        with pytest.raises(type(error)):
            rfc8259.parse_of_store(raw)
    else:
        assert rfc8259.parse_of_store(raw) == read


def test_as_deep_as_it_may_be() -> None:
    raw = "[" * DEEP + "]" * DEEP
    assert json.dumps(rfc8259.parse(raw)) == raw


def test_a_value_within_a_text_is_read_by_the_same_rules() -> None:
    assert rfc8259.parse_at('[{"a": 1}, NaN]', 1) == ({"a": 1}, 9)
    with pytest.raises(rfc8259.NotJsonError):
        rfc8259.parse_at('[{"a": 1}, NaN]', 11)
    with pytest.raises(rfc8259.NotJsonError):
        rfc8259.parse_at("[" * 1000, 0)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
)


@given(_JSON, st.booleans())
def test_what_is_read_can_be_stored_and_read_by_sql(value: Any, ensure_ascii: bool) -> None:
    """Whatever Python writes, which is more than JSON."""
    raw = json.dumps(value, ensure_ascii=ensure_ascii).encode("utf-8", "surrogatepass")
    try:
        read = rfc8259.parse(raw)
    except ValueError:
        return
    assert read == value
    text = json.dumps(read, ensure_ascii=False, allow_nan=False)
    with sqlite3.connect(":memory:") as db:
        assert db.execute("SELECT json_valid(?)", (text,)).fetchall() == [(1,)]
    db.close()


@given(_ANY_BYTES)
def test_any_bytes_are_read_or_malformed(raw: bytes) -> None:
    try:
        json.dumps(rfc8259.parse(raw), allow_nan=False)
    except ValueError as error:
        assert isinstance(error, rfc8259.NotJsonError | json.JSONDecodeError)  # noqa: PT017
