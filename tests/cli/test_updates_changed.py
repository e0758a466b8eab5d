"""``updates approve``, ``reject`` and ``revert`` on the state that a daemon left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent import errors

if TYPE_CHECKING:
    from tests.cli.conftest import Past

ZOE = {"SUDO_USER": "zoe"}


def states(past: Past) -> dict[str, str]:
    return {row["id"]: row["state"] for row in past.json("updates", "list")}


def audited(past: Past) -> set[tuple[str, str, str, str]]:
    rows = past.json("audit", "list")
    assert all(row["at"] for row in rows)
    return {(row["who"], row["action"], row["target"], row["reason"]) for row in rows}


def test_a_held_update_is_approved(fork: Past) -> None:
    assert "sale_price from 10.00 to 0" in fork.run("updates", "list", "--state", "held").stdout
    told = fork.run("updates", "approve", "u-held", "u-held", environ=ZOE).stdout
    assert told == "1 approved\n"
    row = fork.json("updates", "show", "u-held")
    assert (row["state"], row["approved"], row["code"]) == ("pending", True, None)
    assert audited(fork) == {("zoe", "approve", "u-held", "")}


def test_the_reason_for_an_approval_is_kept(fork: Past) -> None:
    fork.run("updates", "approve", "u-held", "--reason", "a gift,\nI asked", environ=ZOE)
    assert audited(fork) == {("zoe", "approve", "u-held", "a gift, I asked")}


def test_a_held_update_is_rejected_with_a_reason(fork: Past) -> None:
    result = fork.run("updates", "reject", "u-held", "--reason", "a typo", environ=ZOE)
    assert result.stdout == "1 rejected\n"
    row = fork.json("updates", "show", "u-held")
    assert (row["state"], row["code"], row["message"]) == ("rejected", "not_approved", "a typo")
    assert row["unreported"][0]["message"] == "a typo"
    assert audited(fork) == {("zoe", "reject", "u-held", "a typo")}
    assert fork.run("updates", "reject", "u-held").exit_code == 2


@pytest.mark.parametrize("command", [("approve",), ("reject", "--reason", "r")])
def test_only_what_is_held_is_approved_or_rejected(fork: Past, command: tuple[str, ...]) -> None:
    with pytest.raises(errors.UsageError, match="u-price is applied, not held") as refused:
        fork.run("updates", *command, "u-held", "u-price")
    assert refused.value.hint == "woo-agent updates list --state held"
    with pytest.raises(errors.NotFoundError, match="no update u-0"):
        fork.run("updates", *command, "u-0")
    assert states(fork)["u-held"] == "held"
    assert audited(fork) == set()


def test_updates_are_taken_back_by_id(fork: Past) -> None:
    told = fork.run("updates", "revert", "u-price", "--reason", "too early", environ=ZOE).stdout
    assert told == "1 to be put back\n"
    assert states(fork)["revert-u-price"] == "pending"
    body = fork.json("updates", "show", "revert-u-price")["body"]
    assert (body["sku"], body["regular_price"]) == ("MUG-1", "10.00")
    assert fork.json("updates", "show", "u-price")["reverted_by"] == "revert-u-price"
    assert audited(fork) == {("zoe", "revert", "u-price", "too early")}


def test_all_since_a_moment_are_taken_back(fork: Past) -> None:
    told = fork.run("updates", "revert", "--since", "2020-01-01", environ=ZOE)
    assert (told.stdout, told.exit_code) == ("2 to be put back\n", 0)
    assert {"revert-u-price", "revert-u-applied"} < states(fork).keys()
    why = "since 2020-01-01T00:00:00Z"
    assert audited(fork) == {("zoe", "revert", name, why) for name in ("u-price", "u-applied")}
    again = fork.run("updates", "revert", "--since", "2020-01-01", "--reason", "again")
    assert (again.stdout, again.exit_code) == ("0 to be put back, 2 not\n", 1)
    assert "u-price: revert-u-price is at it already" in again.stderr
    later = fork.run("updates", "revert", "--since", "2999-01-01")
    assert (later.stdout, later.exit_code) == ("0 to be put back\n", 0)


@pytest.mark.parametrize("given", [(), ("u-price", "--since", "2020-01-01")])
def test_what_to_take_back_must_be_said_once(past: Past, given: tuple[str, ...]) -> None:
    with pytest.raises(errors.UsageError, match="say what to revert") as refused:
        past.run("updates", "revert", *given)
    assert refused.value.hint == "woo-agent updates list --state applied"


def test_what_was_not_applied_can_not_be_taken_back(past: Past) -> None:
    with pytest.raises(errors.UsageError, match="u-held is held, not applied"):
        past.run("updates", "revert", "u-price", "u-held")
