"""``outbox export`` and ``outbox compact``, with the daemon down."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from tests import agents
from tests.cli.conftest import EMAIL

if TYPE_CHECKING:
    from tests.cli.conftest import Past


def exported(past: Past, *arguments: str) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in past.run("outbox", "export", *arguments).stdout.splitlines()
    ]


def test_every_event_is_a_line_as_the_gateway_would_get_it(past: Past) -> None:
    found = exported(past)
    assert [event["subject"] for event in found] == [past.accepted, past.dead, past.deferred]
    for event in found:
        shown = json.loads(past.run("outbox", "show", event["id"], "--reveal", "--json").stdout)
        assert event == shown["envelope"]
        assert event["source"].endswith(agents.STORE)
    assert EMAIL in json.dumps(found)  # it is for machines


def test_since_a_moment(past: Past) -> None:
    first = past.json("outbox", "list", "--subject", past.dead)[-1]["received_at"]
    found = exported(past, "--since", first.rstrip("Z")[:26])
    assert [event["subject"] for event in found] == [past.dead, past.deferred]
    assert exported(past, "--since", "2999-01-01") == []


def test_what_was_taken_out_is_not_in_it_and_what_has_no_verdict_is_told(fork: Past) -> None:
    fork.run("outbox", "discard", "--dead", "--reason", "r")
    with sqlite3.connect(fork.config.parent / "state" / "agent.db") as db:
        db.execute("INSERT INTO arrivals SELECT max(sequence) + 1, 'x', 1, '', '', '', '', x'', ''"
                   " FROM arrivals")  # fmt: skip
    db.close()
    result = fork.run("outbox", "export")
    assert [json.loads(line)["subject"] for line in result.stdout.splitlines()] == [
        fork.accepted,
        fork.deferred,
    ]
    assert result.stderr == "1 left out that have no verdict yet: woo-agent run\n"


def test_compact_tells_what_it_gave_back(fork: Past) -> None:
    with sqlite3.connect(fork.config.parent / "state" / "agent.db") as db:
        db.execute("CREATE TABLE ballast (x)")
        db.execute("INSERT INTO ballast VALUES (zeroblob(1000000))")
        db.execute("DROP TABLE ballast")
    db.close()
    told = fork.json("outbox", "compact")
    assert told["given_back"] == told["before"] - told["after"] > 1_000_000
    assert fork.run("outbox", "compact").stdout == f"0 bytes given back, {told['after']} in use\n"
    assert len(exported(fork)) == 3
