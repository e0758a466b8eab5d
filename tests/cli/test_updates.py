from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from agent import errors

if TYPE_CHECKING:
    from tests.cli.conftest import Past

ROW = {
    "id": str,
    "kind": str,
    "sku": str,
    "version": int,
    "state": str,
    "code": str | None,
    "message": str | None,
    "received_at": str,
    "settled_at": str | None,
}


def test_rows_have_the_shape_that_scripts_rely_on(past: Past) -> None:
    rows = past.json("updates", "list")
    for row in rows:
        assert row.keys() == ROW.keys()
        assert all(isinstance(row[name], kind) for name, kind in ROW.items())
    assert {row["id"]: (row["state"], row["code"]) for row in rows} == {
        "u-applied": ("applied", None),
        "u-price": ("applied", None),
        "u-unknown": ("waiting", "unknown_sku"),
        "u-bad": ("rejected", "invalid"),
        "u-held": ("held", "zero_price"),
    }
    open_ones = {row["id"] for row in rows if row["settled_at"] is None}
    assert open_ones == {"u-unknown", "u-held"}


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (("--state", "applied"), {"u-applied", "u-price"}),
        (("--sku", "NO-SUCH"), {"u-unknown"}),
        (("--sku", "MUG-1", "--state", "rejected"), {"u-bad"}),
        (("--limit", "1"), {"u-price"}),
        (("--state", "held"), {"u-held"}),
        (("--state", "failed"), set()),
    ],
)
def test_filters_narrow_the_list(past: Past, arguments: tuple[str, ...], ids: set[str]) -> None:
    assert {row["id"] for row in past.json("updates", "list", *arguments)} == ids


def test_the_table_says_why(past: Past) -> None:
    shown = past.run("updates", "list").stdout
    assert "no product in the store has the SKU NO-SUCH" in shown
    assert "u-applied" in shown


def test_one_update_is_shown_as_it_came(past: Past) -> None:
    row = past.json("updates", "show", "u-bad")
    assert row["body"] == {
        "id": "u-bad",
        "kind": "stock",
        "sku": "MUG-1",
        "version": 2,
        "quantity": "12",
    }
    assert (row["code"], row["unreported"]) == ("invalid", [])
    shown = past.run("updates", "show", "u-unknown").stdout
    assert "due_at" in shown
    assert '"sku": "NO-SUCH"' in shown


@pytest.mark.parametrize("as_json", [(), ("--json",)])
@pytest.mark.parametrize(
    "body",
    [
        r'{"id": "u-bad", "note": "half \ud83d"}',
        '{"id": "u-bad", "note": NaN}',
        '{"id": "u-bad", "x": ' + "[" * 900 + "]" * 900 + "}",
        "[" * 100_000,
    ],
)
def test_a_body_of_an_earlier_program_is_shown_whatever_it_holds(
    fork: Past, body: str, as_json: tuple[str, ...]
) -> None:
    with sqlite3.connect(fork.config.parent / "state" / "agent.db") as db:
        db.execute("UPDATE inbox SET body = ? WHERE id = 'u-bad'", (body,))
    db.close()
    told = fork.run("updates", "show", "u-bad", *as_json)
    assert told.exit_code == 0
    assert "u-bad" in told.stdout
    if as_json:
        assert json.loads(told.stdout, parse_constant=pytest.fail)["body"] == body


def test_an_unknown_id_is_an_error_with_the_next_command(past: Past) -> None:
    with pytest.raises(errors.NotFoundError, match="no update u-0 in the inbox") as refused:
        past.run("updates", "show", "u-0")
    assert (refused.value.exit_code, refused.value.hint) == (1, "woo-agent updates list")
