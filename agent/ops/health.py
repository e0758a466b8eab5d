"""From what the agent knows of itself to pass, warn or fail. Pure.

The document is ``application/health+json`` (draft-inadarei-api-health-check): every check names
what was observed, and where it is not well, the cause and the next command.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent import __version__, clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from agent.settings import Settings

_RANK = {"pass": 0, "warn": 1, "fail": 2}
_SLOW_S = 60.0


@dataclass(frozen=True, slots=True)
class Side:
    """How it goes with the store or the gateway; ``refused``: a person has to do something."""

    trouble: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What was looked up. ``outbox`` and ``inbox`` are the counts of ``agent.storage``."""

    at: datetime
    store_id: str
    outbox: Mapping[str, Any]
    inbox: Mapping[str, Any]
    gateway: Side
    store: Side
    free_bytes: int
    writes: bool = True


def document(facts: Facts, settings: Settings) -> dict[str, Any]:
    """The whole truth; its ``status`` is the worst of its checks."""
    checks = {
        "state:writable": _writable(facts, settings),
        "state:freeSpace": _space(facts, settings),
        "state:databaseSize": _database(facts, settings),
        "outbox:oldestPending": _oldest(facts),
        "outbox:oldestOrder": _order(facts, settings),
        "outbox:dead": _dead(facts),
        "gateway:connection": _side(facts.gateway, "gateway", "woo-agent outbox stats"),
        "store:connection": _side(facts.store, "store", "woo-agent updates list --state pending"),
        "updates:open": _check("pass", facts.inbox["pending"] + facts.inbox["waiting"], "updates"),
        "updates:held": _held(facts),
    }
    return _document(facts.at, facts.store_id, checks)


def unreadable(at: datetime, store_id: str, reason: str) -> dict[str, Any]:
    """All that can be said while the database can't be read; ``reason`` is why."""
    check = _check("fail", False, "boolean", f"{reason}: journalctl -u 'woo-agent@*'")
    return _document(at, store_id, {"state:readable": check})


def line(health: Mapping[str, Any]) -> str:
    """The worst thing there is to say, in one line."""
    worst = [
        f"{name}: {check['output']}"
        for name, found in health["checks"].items()
        for check in found
        if check["status"] == health["status"] and "output" in check
    ]
    return "; ".join(worst) or "all is well"


def _document(at: datetime, store_id: str, checks: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    time = clock.iso(at)
    return {
        "status": max((check["status"] for check in checks.values()), key=_RANK.__getitem__),
        "version": "1",
        "releaseId": __version__,
        "serviceId": store_id,
        "description": "woo-agent: between a WooCommerce store and its ERP",
        "checks": {name: [{**check, "time": time}] for name, check in checks.items()},
    }


def _check(status: str, value: Any, unit: str, output: str = "") -> dict[str, Any]:
    check = {"observedValue": value, "observedUnit": unit, "status": status}
    return check | {"output": output} if output and status != "pass" else check


def _writable(facts: Facts, settings: Settings) -> dict[str, Any]:
    return _check(
        "pass" if facts.writes else "fail",
        facts.writes,
        "boolean",
        f"the database does not answer, check the disk: df -h {settings.state.dir}",
    )


def _space(facts: Facts, settings: Settings) -> dict[str, Any]:
    enough = facts.free_bytes >= settings.state.min_free
    return _check(
        "pass" if enough else "fail",
        facts.free_bytes,
        "bytes",
        f"less than state.min_free is left, make room: df -h {settings.state.dir}",
    )


def _database(facts: Facts, settings: Settings) -> dict[str, Any]:
    size = facts.outbox["db_bytes"]
    return _check(
        "pass" if size < settings.state.max_size else "fail",
        size,
        "bytes",
        "the database is at state.max_size, raise it or retain less: woo-agent outbox stats",
    )


def _oldest(facts: Facts) -> dict[str, Any]:
    age = facts.outbox["oldest_pending_s"] or 0.0
    return _check(
        "pass" if age < _SLOW_S else "warn",
        age,
        "seconds",
        "events wait for the gateway: woo-agent outbox list --state pending",
    )


def _order(facts: Facts, settings: Settings) -> dict[str, Any]:
    age = facts.outbox["oldest_order_s"] or 0.0
    return _check(
        "pass" if age < settings.health.max_order_age.total_seconds() else "fail",
        age,
        "seconds",
        "an order waits longer than health.max_order_age: woo-agent outbox list --state pending",
    )


def _dead(facts: Facts) -> dict[str, Any]:
    dead = facts.outbox["dead"]
    return _check(
        "warn" if dead else "pass",
        dead,
        "events",
        "dead letters wait for somebody: woo-agent outbox list --state dead",
    )


def _held(facts: Facts) -> dict[str, Any]:
    held = facts.inbox["held"]
    return _check(
        "warn" if held else "pass",
        held,
        "updates",
        "updates wait for approval: woo-agent updates list --state held",
    )


def _side(side: Side, name: str, waiting: str) -> dict[str, Any]:
    if not side.trouble:
        return _check("pass", "up", "state")
    if side.refused:
        output = f"{name} refuses us ({side.trouble}), check its section: woo-agent config show"
        return _check("fail", "down", "state", output)
    output = f"{name}: {side.trouble}; tried again by itself, what waits: {waiting}"
    return _check("warn", "down", "state", output)
