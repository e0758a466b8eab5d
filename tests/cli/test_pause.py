"""``pause`` and ``resume``, with the daemon down."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from agent import errors

if TYPE_CHECKING:
    from tests.cli.conftest import Past


def paused(past: Past) -> dict[str, str]:
    """What ``status`` tells from the files."""
    result = past.run("status", "--json")
    assert result.exit_code == 3
    found: dict[str, str] = json.loads(result.stdout)["paused"]
    return found


def test_a_pause_is_seen_until_somebody_resumes(fork: Past) -> None:
    assert paused(fork) == {}
    command = ("pause", "updates", "--reason", "stocktaking")
    assert fork.run(*command, environ={"SUDO_USER": "zoe"}).stdout == "updates paused\n"
    assert paused(fork) == {"updates": "paused by zoe: stocktaking"}
    assert "updates paused by zoe: stocktaking" in fork.run("status").stdout
    assert fork.run("resume", "events").stdout == "events was not paused\n"
    assert paused(fork).keys() == {"updates"}
    assert fork.run("resume", "updates").stdout == "updates resumed\n"
    assert paused(fork) == {}


def test_a_pause_for_a_time_says_until_when(fork: Past) -> None:
    told = fork.run("pause", "events", "--for", "2h", "--reason", "moving house").stdout
    until = told.removeprefix("events paused until ").strip()
    assert until.endswith("Z")
    assert f" until {until}: moving house" in paused(fork)["events"]
    fork.run("pause", "events", "--for", "1ms", "--reason", "moved")
    assert paused(fork) == {}


@pytest.mark.parametrize(
    ("span", "told"),
    [("2", "--for needs a unit"), ("2 years", "--for must be"), ("0s", "--for must be more than")],
)
def test_a_time_that_is_none_is_wrong_usage(past: Past, span: str, told: str) -> None:
    with pytest.raises(errors.UsageError, match=told) as refused:
        past.run("pause", "events", "--for", span, "--reason", "r")
    assert refused.value.hint == "--for 2h"


def test_there_are_two_lines(past: Past) -> None:
    result = past.run("pause", "webhooks", "--reason", "r")
    assert result.exit_code == 2
    assert "'events', 'updates'" in result.stderr
