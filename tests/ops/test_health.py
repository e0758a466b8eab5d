from __future__ import annotations

from typing import Any

import pytest

from agent.ops import health
from agent.ops.health import Side
from tests.ops.facts import SETTINGS, WELL, facts


def test_an_agent_without_trouble_passes_and_has_nothing_to_say() -> None:
    document = health.document(WELL, SETTINGS)
    assert document["status"] == "pass"
    assert document["serviceId"] == "brand-de"
    assert health.line(document) == "all is well"
    for [check] in document["checks"].values():
        assert check.keys() == {"observedValue", "observedUnit", "status", "time"}
        assert (check["status"], check["time"]) == ("pass", "2026-11-24T08:00:00Z")


@pytest.mark.parametrize(
    ("changes", "check", "status", "observed"),
    [
        ({"writes": False}, "state:writable", "fail", False),
        ({"free_bytes": 999}, "state:freeSpace", "fail", 999),
        ({"outbox": {"db_bytes": 5000}}, "state:databaseSize", "fail", 5000),
        ({"outbox": {"oldest_pending_s": 60.0}}, "outbox:oldestPending", "warn", 60.0),
        ({"outbox": {"oldest_order_s": 900.0}}, "outbox:oldestOrder", "fail", 900.0),
        ({"outbox": {"dead": 1}}, "outbox:dead", "warn", 1),
        ({"inbox": {"held": 2}}, "updates:held", "warn", 2),
        ({"gateway": Side("unreachable")}, "gateway:connection", "warn", "down"),
        ({"gateway": Side("http_401", True)}, "gateway:connection", "fail", "down"),
        ({"store": Side("in maintenance")}, "store:connection", "warn", "down"),
        ({"store": Side("it refuses the key", True)}, "store:connection", "fail", "down"),
    ],
)
def test_each_trouble_says_what_to_run(
    changes: dict[str, Any], check: str, status: str, observed: object
) -> None:
    document = health.document(facts(**changes), SETTINGS)
    [found] = document["checks"][check]
    assert (document["status"], found["status"], found["observedValue"]) == (
        status,
        status,
        observed,
    )
    *_, command = found["output"].split(": ")
    assert command.split()[0] in ("woo-agent", "df")
    assert health.line(document) == f"{check}: {found['output']}"
    assert [name for name, [c] in document["checks"].items() if c["status"] != "pass"] == [check]


@pytest.mark.parametrize(
    "changes",
    [
        {"free_bytes": 1000},
        {"outbox": {"oldest_pending_s": 59.9}},
        {"outbox": {"oldest_order_s": 899.9}},
        {"inbox": {"pending": 1000, "waiting": 1000}},
    ],
)
def test_what_is_within_its_bounds_passes(changes: dict[str, Any]) -> None:
    assert health.document(facts(**changes), SETTINGS)["status"] == "pass"


def test_the_worst_check_decides_and_is_what_the_line_tells() -> None:
    changes = {"outbox": {"dead": 1, "oldest_order_s": 1000.0, "oldest_pending_s": 1000.0}}
    document = health.document(facts(**changes, writes=False), SETTINGS)
    assert document["status"] == "fail"
    told = health.line(document)
    assert "state:writable" in told
    assert "outbox:oldestOrder" in told
    assert "outbox:dead" not in told


def test_a_database_that_cannot_be_read_fails_with_the_reason() -> None:
    document = health.unreadable(WELL.at, "brand-de", "disk I/O error")
    assert document.keys() == health.document(WELL, SETTINGS).keys()
    assert document["status"] == "fail"
    assert health.line(document).startswith("state:readable: disk I/O error: journalctl")
