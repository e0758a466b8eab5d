"""From what the agent knows of itself to pass, warn or fail. Pure.

The document is ``application/health+json`` (draft-inadarei-api-health-check): every check names
what was observed, and where it is not well, the cause and the next command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent import __version__, clock
from agent.model import pressure
from agent.model.pause import Line
from agent.model.pressure import Room
from agent.ops import store_checks
from agent.ops.store_checks import check

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from agent.ops.facts import Facts, Side
    from agent.settings import Settings

_ROOM = {
    Room.ENOUGH: ("pass", ""),
    Room.ORDERS: ("warn", "only orders are taken in"),
    Room.NONE: ("fail", "nothing is taken in"),
}
_RANK = {"pass": 0, "warn": 1, "fail": 2}
_SLOW_S = 60.0
_MOST_NAMED = 3


def document(facts: Facts, settings: Settings) -> dict[str, Any]:
    """The whole truth; its ``status`` is the worst of its checks."""
    checks = {
        "state:writable": _writable(facts, settings),
        "state:freeSpace": _space(facts, settings),
        "state:databaseSize": _database(facts, settings),
        "state:sound": _sound(facts),
        "state:setAside": _set_aside(facts, settings),
        "state:clock": _clock(facts),
        "outbox:oldestPending": _oldest(facts),
        "outbox:oldestOrder": _order(facts, settings),
        "outbox:dead": _dead(facts),
        "gateway:connection": _side(facts.gateway, "gateway", "woo-agent outbox stats"),
        "gateway:protocol": _protocol(facts),
        "store:connection": _side(facts.store, "store", "woo-agent updates list --state pending"),
        **store_checks.checks(facts, settings),
        "updates:open": check("pass", facts.inbox["pending"] + facts.inbox["waiting"], "updates"),
        "updates:held": _held(facts),
        "updates:failing": _failing(facts),
        "inventory:uncertain": _uncertain(facts),
        "updates:dropFolder": _drop_folder(facts, settings),
        **{f"{line}:paused": _paused(facts, line) for line in Line},
    }
    return _document(facts.at, facts.store_id, checks)


def unreadable(at: datetime, store_id: str, reason: str) -> dict[str, Any]:
    """All that can be said while the database can't be read; ``reason`` is why."""
    found = check("fail", False, "boolean", f"{reason}: journalctl -u 'woo-agent@*'")
    return _document(at, store_id, {"state:readable": found})


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


def _uncertain(facts: Facts) -> dict[str, Any]:
    return check(
        "warn" if facts.uncertain else "pass",
        facts.uncertain,
        "products",
        "may show too little until the ERP's next figure: whether it counts some orders is not"
        " known, their answers were lost or told no position: woo-agent contract check",
    )


def _writable(facts: Facts, settings: Settings) -> dict[str, Any]:
    if facts.trouble is not None:
        output = f"{facts.trouble.message}: {facts.trouble.hint}"
        return check("fail", False, "boolean", output)
    return check(
        "pass" if facts.writes else "fail",
        facts.writes,
        "boolean",
        f"the database does not answer, check the disk: df -h {settings.state.dir}",
    )


def _space(facts: Facts, settings: Settings) -> dict[str, Any]:
    room = pressure.on_disk(facts.free_bytes, settings.state.min_free)
    return check(
        _ROOM[room][0],
        facts.free_bytes,
        "bytes",
        f"less than state.min_free is left, {_ROOM[room][1]}: df -h {settings.state.dir}",
    )


def _database(facts: Facts, settings: Settings) -> dict[str, Any]:
    size = facts.outbox["db_bytes"]
    room = pressure.in_database(size, settings.state.max_size)
    return check(
        _ROOM[room][0],
        size,
        "bytes",
        f"the database is at state.max_size, {_ROOM[room][1]}, raise it or retain less:"
        " woo-agent outbox stats",
    )


def _sound(facts: Facts) -> dict[str, Any]:
    return check(
        "fail" if facts.suspected else "pass",
        not facts.suspected,
        "boolean",
        "the database is broken, see where with woo-agent outbox check; what can be read is"
        " salvaged at the next start: systemctl restart 'woo-agent@*'",
    )


def _clock(facts: Facts) -> dict[str, Any]:
    behind_s = facts.outbox["clock_behind_s"]
    return check(
        "pass" if behind_s < _SLOW_S else "warn",
        behind_s,
        "seconds",
        "the clock is behind the newest event, it was set back: timedatectl",
    )


def _set_aside(facts: Facts, settings: Settings) -> dict[str, Any]:
    name, lost = next(iter(facts.lost.items()), ("", ""))
    return check(
        "warn" if facts.lost else "pass",
        len(facts.lost),
        "databases",
        f"a broken database was set aside, lost: {lost}; remove it when that is seen to:"
        f" rm {settings.state.dir}/{name}*",
    )


def _oldest(facts: Facts) -> dict[str, Any]:
    age = facts.outbox["oldest_pending_s"] or 0.0
    return check(
        "pass" if age < _SLOW_S else "warn",
        age,
        "seconds",
        "events wait for the gateway: woo-agent outbox list --state pending",
    )


def _order(facts: Facts, settings: Settings) -> dict[str, Any]:
    age = facts.outbox["oldest_order_s"] or 0.0
    return check(
        "pass" if age < settings.health.max_order_age.total_seconds() else "fail",
        age,
        "seconds",
        "an order waits longer than health.max_order_age: woo-agent outbox list --state pending",
    )


def _dead(facts: Facts) -> dict[str, Any]:
    """A later snapshot makes a dead one good, but no deletion and no refund: it names those."""
    unresolved, alarms = facts.outbox["dead_unresolved"], facts.outbox["dead_alarms"]
    among = f", among them {', '.join(alarms)}" if alarms else ""
    return check(
        "warn" if unresolved else "pass",
        unresolved,
        "events",
        f"dead letters wait for somebody{among}: woo-agent outbox list --state dead",
    )


def _paused(facts: Facts, line: Line) -> dict[str, Any]:
    for pause in facts.pauses:
        if pause.line is line:
            return check("warn", True, "boolean", f"{pause.told()}: woo-agent resume {line}")
    return check("pass", False, "boolean")


def _held(facts: Facts) -> dict[str, Any]:
    held = facts.inbox["held"]
    return check(
        "warn" if held else "pass",
        held,
        "updates",
        "updates wait for approval: woo-agent updates list --state held",
    )


def _failing(facts: Facts) -> dict[str, Any]:
    some = [f"{number} ({why})" for number, why in facts.failing.items()][:_MOST_NAMED]
    return check(
        "warn" if facts.failing else "pass",
        len(facts.failing),
        "products",
        f"the store breaks whenever it is to write product {', '.join(some)}; the others are"
        " written, see the shop's error log: woo-agent updates list --state waiting",
    )


def _drop_folder(facts: Facts, settings: Settings) -> dict[str, Any]:
    return check(
        "warn" if facts.drop_folder else "pass",
        not facts.drop_folder,
        "boolean",
        f"{facts.drop_folder}; tried again by itself: ls -ld {settings.updates.drop_folder}",
    )


def _protocol(facts: Facts) -> dict[str, Any]:
    return check(
        "warn" if facts.deprecated else "pass",
        not facts.deprecated,
        "boolean",
        f"the gateway says that what we speak is {facts.deprecated}, a newer agent is needed:"
        " woo-agent --version",
    )


def _side(side: Side, name: str, waiting: str) -> dict[str, Any]:
    if not side.trouble:
        return check("pass", "up", "state")
    if side.refused:
        output = f"{name} refuses us ({side.trouble}), check its section: woo-agent config show"
        return check("fail", "down", "state", output)
    output = f"{name}: {side.trouble}; tried again by itself, what waits: {waiting}"
    return check("warn", "down", "state", output)
