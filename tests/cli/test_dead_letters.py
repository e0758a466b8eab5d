"""``outbox discard``, and what ``audit list`` tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent import errors

if TYPE_CHECKING:
    from tests.cli.conftest import Past


def dead(past: Past) -> str:
    [row] = past.json("outbox", "list", "--state", "dead")
    return str(row["id"])


@pytest.mark.parametrize("wanted", ["id", "--dead", "--subject"])
def test_a_dead_letter_is_taken_out_and_the_audit_says_who_and_why(fork: Past, wanted: str) -> None:
    event_id = dead(fork)
    given = {"id": [event_id], "--dead": ["--dead"], "--subject": ["--subject", fork.dead]}
    command = ("outbox", "discard", *given[wanted], "--reason", "a test\norder")
    assert fork.run(*command, environ={"SUDO_USER": "zoe"}).stdout == "1 discarded\n"
    assert fork.json("outbox", "show", event_id)["state"] == "discarded"
    stats = fork.json("outbox", "stats")
    assert (stats["dead"], stats["discarded"]) == (0, 1)
    [entry] = fork.json("audit", "list")
    assert entry.pop("at").endswith("Z")
    assert entry == {
        "who": "zoe",
        "action": "discard",
        "target": event_id,
        "reason": "a test order",
    }
    assert fork.run("outbox", "discard", "--dead", "--reason", "r").stdout == "0 discarded\n"


def test_a_subject_without_dead_letters_has_none(fork: Past) -> None:
    done = fork.run("outbox", "discard", "--subject", fork.accepted, "--reason", "r")
    assert done.stdout == "0 discarded\n"
    assert dead(fork)


@pytest.mark.parametrize("arguments", [(), ("x", "--dead"), ("x", "--subject", "order/1")])
def test_discarding_nothing_in_particular_is_wrong_usage(
    past: Past, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(errors.UsageError, match="say what to discard"):
        past.run("outbox", "discard", *arguments, "--reason", "r")


def test_what_is_not_dead_is_not_taken_out(past: Past) -> None:
    [row] = past.json("outbox", "list", "--state", "accepted")
    with pytest.raises(errors.UsageError, match="is accepted, not dead"):
        past.run("outbox", "discard", row["id"], "--reason", "r")


@pytest.mark.parametrize("command", [("outbox", "discard", "--dead"), ("pause", "events")])
def test_nobody_changes_anything_without_a_reason(past: Past, command: tuple[str, ...]) -> None:
    assert past.run(*command).exit_code == 2
    with pytest.raises(errors.UsageError, match="--reason is empty"):
        past.run(*command, "--reason", " \n")


def test_the_newest_entries_of_the_audit_come_first(fork: Past) -> None:
    assert fork.json("audit", "list") == []
    fork.run("outbox", "replay", dead(fork))
    fork.run("pause", "events", "--reason", "first things first")
    assert [row["action"] for row in fork.json("audit", "list")] == ["pause", "replay"]
    assert [row["action"] for row in fork.json("audit", "list", "--limit", "1")] == ["pause"]
    assert "first things first" in fork.run("audit", "list").stdout
