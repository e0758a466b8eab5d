from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.model import personal
from tests import processes
from tests.cli.conftest import EMAIL, Past

if TYPE_CHECKING:
    from pathlib import Path

ROW = {
    "id": str,
    "sequence": str,
    "subject": str,
    "type": str,
    "topic": str,
    "state": str,
    "verdict": str,
    "attempts": int,
    "received_at": str,
    "next_attempt_at": str | None,
    "last_error": str | None,
}


def only(past: Past, state: str) -> dict[str, Any]:
    """The one row in that state."""
    [row] = past.json("outbox", "list", "--state", state)
    assert isinstance(row, dict)
    return row


def test_rows_have_the_shape_that_scripts_rely_on(past: Past) -> None:
    rows = past.json("outbox", "list")
    assert len(rows) == 6
    for row in rows:
        assert row.keys() == ROW.keys()
        assert all(isinstance(row[name], kind) for name, kind in ROW.items())
    sequences = [row["sequence"] for row in rows]
    assert sequences == sorted(sequences, reverse=True)


def test_each_row_says_what_became_of_it(past: Past) -> None:
    assert only(past, "accepted")["subject"] == past.accepted
    dead = only(past, "dead")
    assert (dead["subject"], dead["attempts"]) == (past.dead, 1)
    assert dead["last_error"] == "unknown_currency: EUR is not sold here"
    pending = only(past, "pending")
    assert pending["subject"] == past.deferred
    assert pending["next_attempt_at"] > pending["received_at"]


def test_filters_narrow_the_list(past: Past) -> None:
    skipped = past.json("outbox", "list", "--state", "skipped")
    assert {row["verdict"] for row in skipped} == {"duplicate"}
    about = past.json("outbox", "list", "--subject", past.accepted)
    assert [row["topic"] for row in about] == ["order.updated", "order.created"]
    newest = past.json("outbox", "list", "--limit", "1")
    assert newest == past.json("outbox", "list")[:1]
    assert past.json("outbox", "list", "--subject", "order/999999") == []


def test_the_table_holds_every_row(past: Past) -> None:
    shown = past.run("outbox", "list").stdout
    for row in past.json("outbox", "list"):
        assert row["id"] in shown
    assert "unknown_currency: EUR is not sold here" in shown


def test_stats_have_the_shape_that_scripts_rely_on(past: Past) -> None:
    stats = past.json("outbox", "stats")
    counts = {name: stats[name] for name in ("pending", "accepted", "dead", "discarded")}
    assert counts == {"pending": 1, "accepted": 1, "dead": 1, "discarded": 0}
    assert stats["skipped"] == {
        "duplicate": 3,
        "stale": 0,
        "echo": 0,
        "foreign_source": 0,
        "error_body": 0,
        "other_kind": 0,
        "draft": 0,
    }
    assert stats["oldest_pending_s"] > 0
    assert stats["last_sequence"] == past.json("outbox", "list")[0]["sequence"]
    assert stats["db_bytes"] > 4096
    assert "duplicate       3" in past.run("outbox", "stats").stdout


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_one_row_is_shown_without_personal_data_unless_somebody_asks(
    past: Past, as_json: tuple[str, ...]
) -> None:
    event_id = only(past, "accepted")["id"]
    masked = past.run("outbox", "show", event_id, *as_json).stdout
    assert EMAIL not in masked
    assert "Zoë" not in masked
    assert personal.MASK in masked
    revealed = past.run("outbox", "show", event_id, "--reveal", *as_json).stdout
    assert EMAIL in revealed
    assert "Zoë" in revealed


def test_one_row_comes_with_its_body_envelope_and_attempts(past: Past) -> None:
    event_id = only(past, "accepted")["id"]
    row = past.json("outbox", "show", event_id)
    assert row.keys() >= ROW.keys()
    assert f"order/{row['body']['id']}" == past.accepted
    assert row["envelope"]["id"] == event_id
    assert row["envelope"]["sequence"] == row["sequence"]
    [attempt] = row["history"]
    assert (attempt["n"], attempt["outcome"], attempt["status"]) == (1, "accepted", 200)


def test_an_id_may_be_shortened_as_long_as_it_is_one_rows(past: Past) -> None:
    rows = past.json("outbox", "list")
    wanted = rows[0]["id"]
    assert past.json("outbox", "show", wanted[:-2])["id"] == wanted
    with pytest.raises(errors.NotFoundError, match="more than one event begins with 0"):
        past.run("outbox", "show", "0")


def test_a_body_that_is_no_json_is_kept_back_too(fork: Past) -> None:
    event_id = only(fork, "accepted")["id"]
    with sqlite3.connect(fork.config.parent / "state" / "agent.db") as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema")]
        [table] = {"arrivals", "bodies"} & set(tables)
        db.execute(f"UPDATE {table} SET body = ?", (f"<p>{EMAIL}</p>".encode(),))
    db.close()
    assert EMAIL not in fork.run("outbox", "show", event_id).stdout
    assert EMAIL in fork.run("outbox", "show", event_id, "--reveal").stdout


@pytest.mark.parametrize("as_json", [(), ("--json",)])
@pytest.mark.parametrize(
    "body",
    [
        rb'{"id": 7, "note": "half \ud83d"}',
        b'{"id": 7, "note": NaN}',
        b'{"id": 7, "x": ' + b"[" * 900 + b"]" * 900 + b"}",
        b"[" * 100_000,
    ],
)
def test_a_body_of_an_earlier_program_is_shown_whatever_it_holds(
    fork: Past, body: bytes, as_json: tuple[str, ...]
) -> None:
    event_id = only(fork, "accepted")["id"]
    with sqlite3.connect(fork.config.parent / "state" / "agent.db") as db:
        db.execute("DELETE FROM translations")
        db.execute("UPDATE arrivals SET body = ?", (body,))
    db.close()
    for shown in (("--reveal",), ()):
        told = fork.run("outbox", "show", event_id, *shown, *as_json)
        assert told.exit_code == 0
        assert event_id in told.stdout
        if as_json:
            json.loads(told.stdout, parse_constant=pytest.fail)


@pytest.mark.parametrize("command", ["show", "replay"])
def test_an_unknown_id_is_an_error_with_the_next_command(past: Past, command: str) -> None:
    with pytest.raises(errors.NotFoundError, match="no event ffff in the outbox") as refused:
        past.run("outbox", command, "ffff")
    assert (refused.value.exit_code, refused.value.hint) == (1, "woo-agent outbox list")


@pytest.mark.parametrize(
    "arguments", [(), ("--dead", "--since", "2026-01-01"), ("x", "--dead"), ("--type", "t")]
)
def test_a_replay_of_nothing_in_particular_is_wrong_usage(
    past: Past, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(errors.UsageError, match="say what to replay"):
        past.run("outbox", "replay", *arguments)


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (("--dead",), 1),
        (("--since", "2020-01-01"), 2),
        (("--since", "2020-01-01", "--type", "retail.order.snapshot.v1"), 2),
        (("--since", "2020-01-01", "--type", "retail.refund"), 0),
        (("--since", "2999-01-01"), 0),
    ],
)
def test_a_replay_puts_rows_back_into_their_line(
    fork: Past, arguments: tuple[str, ...], count: int
) -> None:
    before = fork.json("outbox", "stats")["pending"]
    told = fork.run("outbox", "replay", *arguments).stdout
    assert told == f"{count} to be sent again, 0 superseded\n"
    assert fork.json("outbox", "stats")["pending"] == before + count


def test_a_replay_keeps_the_id_and_is_written_down_with_the_person_behind_sudo(
    fork: Past,
) -> None:
    event_id = only(fork, "accepted")["id"]
    done = fork.run("outbox", "replay", event_id, environ={"SUDO_USER": "zoe"})
    assert done.stdout == "1 to be sent again\n"
    row = fork.json("outbox", "show", event_id)
    assert (row["id"], row["state"]) == (event_id, "pending")
    with sqlite3.connect(fork.config.parent / "state" / "agent.db") as db:
        audit = db.execute("SELECT who, action, target FROM audit").fetchall()
    db.close()
    assert audit == [("zoe", "replay", event_id)]


def test_what_was_never_an_event_is_not_sent(past: Past) -> None:
    skipped = past.json("outbox", "list", "--state", "skipped")[0]["id"]
    with pytest.raises(errors.UsageError, match="duplicate"):
        past.run("outbox", "replay", skipped)


@pytest.mark.parametrize("command", [("list",), ("stats",), ("show", "x"), ("replay", "--dead")])
def test_without_a_state_every_command_says_where_it_looked(
    past: Past, tmp_path: Path, command: tuple[str, ...]
) -> None:
    nowhere = replace(past, config=processes.write_config(tmp_path))
    with pytest.raises(errors.StorageError, match=str(tmp_path / "state")) as refused:
        nowhere.run("outbox", *command)
    assert "woo-agent run" in refused.value.hint
    assert not (tmp_path / "state").exists()


def test_json_goes_to_stdout_alone(past: Past) -> None:
    result = past.run("outbox", "list", "--json")
    assert json.loads(result.stdout)
    assert not result.stderr
