from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agent import errors
from agent.model.pause import Line, Pause
from agent.ops import health
from agent.ops.facts import Late, Side
from tests.ops.facts import SETTINGS, WELL, facts

PAUSE = Pause(Line.UPDATES, WELL.at, None, "ada", "the ERP counts its stock")

REPORT = {
    "made_at": "2026-11-24T03:00:00Z",
    "agreed": False,
    "orders": {"in_store": 10, "accepted": 8},
    "refunds": None,
    "drifted_count": 3,
    "hidden": ["products"],
    "unchecked_skus": 0,
}

_NO_DISK = errors.StorageError("the database is full", hint="make room: df -h /var")


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
        ({"trouble": _NO_DISK}, "state:writable", "fail", False),
        ({"deprecated": "gone after May"}, "gateway:protocol", "warn", False),
        ({"suspected": True}, "state:sound", "fail", False),
        ({"outbox": {"clock_behind_s": 3600.0}}, "state:clock", "warn", 3600.0),
        ({"lost": {"agent.db.corrupt-1": "3 of outbox"}}, "state:setAside", "warn", 1),
        ({"drop_folder": "it is gone"}, "updates:dropFolder", "warn", False),
        ({"free_bytes": 999}, "state:freeSpace", "warn", 999),
        ({"free_bytes": 249}, "state:freeSpace", "fail", 249),
        ({"outbox": {"db_bytes": 5000}}, "state:databaseSize", "warn", 5000),
        ({"outbox": {"db_bytes": 5500}}, "state:databaseSize", "fail", 5500),
        ({"outbox": {"oldest_pending_s": 60.0}}, "outbox:oldestPending", "warn", 60.0),
        ({"outbox": {"oldest_order_s": 900.0}}, "outbox:oldestOrder", "fail", 900.0),
        ({"outbox": {"dead_unresolved": 1}}, "outbox:dead", "warn", 1),
        ({"pauses": [PAUSE]}, "updates:paused", "warn", True),
        ({"inbox": {"held": 2}}, "updates:held", "warn", 2),
        ({"uncertain": 2}, "inventory:uncertain", "warn", 2),
        ({"failing": {14: "500"}}, "updates:failing", "warn", 1),
        ({"broken": ["coupon", "order"]}, "webhooks:errorObjects", "warn", 2),
        ({"drifted": {"MUG-1": ("sale_price",)}}, "store:drift", "warn", 1),
        ({"report": REPORT}, "store:agreement", "warn", False),
        ({"webhooks": "order.created is missing"}, "webhooks:registered", "fail", False),
        ({"loops": ["product/10"]}, "webhooks:repeats", "warn", 1),
        ({"late": Late(601.0)}, "webhooks:lag", "warn", 601.0),
        ({"behind_s": 300.0}, "store:clock", "warn", 300.0),
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
    known = ("woo-agent", "df", "rm", "ls", "systemctl", "timedatectl", "*")  # * * * * * of cron
    assert command.split()[0] in known
    assert health.line(document) == f"{check}: {found['output']}"
    assert [name for name, [c] in document["checks"].items() if c["status"] != "pass"] == [check]


@pytest.mark.parametrize(
    "changes",
    [
        {"free_bytes": 1000},
        {"outbox": {"oldest_pending_s": 59.9}},
        {"outbox": {"clock_behind_s": 59.9}},
        {"outbox": {"oldest_order_s": 899.9}},
        {"late": Late(600.0, 5, "wp-cron.php answers 403")},
        {"inbox": {"pending": 1000, "waiting": 1000}},
    ],
)
def test_what_is_within_its_bounds_passes(changes: dict[str, Any]) -> None:
    assert health.document(facts(**changes), SETTINGS)["status"] == "pass"


def test_webhooks_that_are_not_watched_are_no_check() -> None:
    checks = health.document(facts(webhooks=None), SETTINGS)["checks"]
    assert "webhooks:registered" not in checks
    well = health.document(facts(webhooks=""), SETTINGS)
    assert (well["status"], well["checks"]["webhooks:registered"][0]["status"]) == ("pass", "pass")


def test_the_worst_check_decides_and_is_what_the_line_tells() -> None:
    outbox = {"dead_unresolved": 1, "oldest_order_s": 1000.0, "oldest_pending_s": 1000.0}
    document = health.document(facts(outbox=outbox, writes=False), SETTINGS)
    assert document["status"] == "fail"
    told = health.line(document)
    assert "state:writable" in told
    assert "outbox:oldestOrder" in told
    assert "outbox:dead" not in told


def test_what_is_saved_in_a_loop_is_named_but_a_thousand_are_not() -> None:
    loops = [f"product/{n}" for n in range(1000)]
    told = health.line(health.document(facts(loops=loops), SETTINGS))
    assert "product/4 and 995 more saved again and again" in told
    assert told.endswith("woo-agent outbox list --subject product/0")
    assert "product/5" not in told


@pytest.mark.parametrize(
    ("late", "told"),
    [
        (Late(1500.0), "the store tells of changes 25 min late (its cron runs when somebody"),
        (Late(1500.0, 3), "25 min late, 3 not told of yet (its cron"),
        (Late(1500.0, 3, "wp-cron.php answers 403"), "can't call it (wp-cron.php answers 403): *"),
    ],
)
def test_late_webhooks_have_a_cause_and_a_cure(late: Late, told: str) -> None:
    said = health.line(health.document(facts(late=late), SETTINGS))
    assert told in said
    assert said.endswith(f": * * * * * curl -fsS {SETTINGS.store.url}/wp-cron.php")


def test_how_late_is_late_is_a_setting() -> None:
    limit = SETTINGS.health.model_copy(update={"max_webhook_lag": timedelta(seconds=30)})
    strict = SETTINGS.model_copy(update={"health": limit})
    document = health.document(facts(late=Late(31.0)), strict)
    assert "changes 31 s late" in health.line(document)


def test_a_database_that_cannot_be_read_fails_with_the_reason() -> None:
    document = health.unreadable(WELL.at, "brand-de", "disk I/O error")
    assert document.keys() == health.document(WELL, SETTINGS).keys()
    assert document["status"] == "fail"
    assert health.line(document).startswith("state:readable: disk I/O error: journalctl")


def test_a_dead_deletion_is_named() -> None:
    """The next snapshot of its subject does not make it good."""
    dead = {"dead_unresolved": 7, "dead_alarms": ["product.deleted of product/5"]}
    told = health.line(health.document(facts(outbox=dead), SETTINGS))
    assert "among them product.deleted of product/5: woo-agent outbox list" in told


def test_a_pause_says_who_why_and_until_when() -> None:
    until = replace(PAUSE, line=Line.EVENTS, until=WELL.at + timedelta(hours=2))
    told = health.line(health.document(facts(pauses=[until, PAUSE]), SETTINGS))
    assert told == (
        "events:paused: paused by ada until 2026-11-24T10:00:00Z: the ERP counts its stock:"
        " woo-agent resume events; "
        "updates:paused: paused by ada: the ERP counts its stock: woo-agent resume updates"
    )


def test_a_cache_before_the_store_is_said() -> None:
    told = health.line(health.document(facts(cache="Age: 300"), SETTINGS))
    assert told == (
        "store:cache: a cache answers in the store's place (Age: 300), have it leave out /wp-json/"
        " or go past it with store.connect_to: woo-agent config show"
    )


def test_it_is_said_where_both_ends_did_not_agree() -> None:
    document = health.document(facts(report=REPORT), SETTINGS)
    assert health.line(document) == (
        "store:agreement: both ends did not agree at 2026-11-24T03:00:00Z: 2 orders not accepted,"
        " 3 figures drifted, the store hides products that were told (reconcile --believe,"
        " if they are gone): woo-agent reconcile orders"
    )
    short = {"orders": None, "drifted_count": 0, "hidden": ["orders: not compared, 10 of 25"]}
    told = health.line(health.document(facts(report=REPORT | short), SETTINGS))
    assert "Z: orders: not compared, 10 of 25: woo-agent" in told
    agreeing: dict[str, Any] = {"orders": None, "drifted_count": 0, "hidden": []}
    others = {"customers": {"in_store": 9, "accepted": 8}, "unchecked_skus": 4}
    told = health.line(health.document(facts(report=REPORT | agreeing | others), SETTINGS))
    assert "Z: 1 customers not accepted, 4 SKUs seem wrong: woo-agent" in told
    well = REPORT | {"agreed": True, "drifted_count": 0, "hidden": []}
    [check] = health.document(facts(report=well), SETTINGS)["checks"]["store:agreement"]
    assert (check["status"], check["observedValue"]) == ("pass", True)
