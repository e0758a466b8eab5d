"""How the store is: its webhooks, and whether it shows what it should. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.model.report import KINDS, is_not_compared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.ops.facts import Facts
    from agent.settings import Settings

_MOST_NAMED = 5
_BEHIND_S = 60.0  # less may be how long a change takes to be there


def checks(facts: Facts, settings: Settings) -> Mapping[str, dict[str, Any]]:
    """By name, as ``check`` makes them."""
    return {
        **_registered(facts),
        "webhooks:errorObjects": _broken(facts),
        "webhooks:repeats": _loops(facts),
        "webhooks:lag": _late(facts, settings),
        "store:clock": _behind(facts),
        "store:drift": _drift(facts),
        "store:cache": _cache(facts),
        **_agreement(facts),
    }


def check(status: str, value: Any, unit: str, output: str = "") -> dict[str, Any]:
    """One check; ``output`` is told only where it is not well."""
    found = {"observedValue": value, "observedUnit": unit, "status": status}
    return found | {"output": output} if output and status != "pass" else found


def _registered(facts: Facts) -> dict[str, dict[str, Any]]:
    if facts.webhooks is None:
        return {}
    well, output = not facts.webhooks, f"{facts.webhooks}: woo-agent webhooks repair"
    return {"webhooks:registered": check("pass" if well else "fail", well, "boolean", output)}


def _broken(facts: Facts) -> dict[str, Any]:
    kinds = _named([f"{kind}s" for kind in facts.broken])
    return check(
        "warn" if facts.broken else "pass",
        len(facts.broken),
        "kinds",
        f"the store sends error objects in place of {kinds} that are there: hidden from the"
        " webhook's user, or by a plugin: woo-agent outbox list --state skipped",
    )


def _loops(facts: Facts) -> dict[str, Any]:
    return check(
        "warn" if facts.loops else "pass",
        len(facts.loops),
        "resources",
        f"{_named(facts.loops)} saved again and again without a change, see when:"
        f" woo-agent outbox list --subject {next(iter(facts.loops), '')}",
    )


def _late(facts: Facts, settings: Settings) -> dict[str, Any]:
    late, home = facts.late, settings.store.url
    unheard = f", {late.unheard} not told of yet" if late.unheard else ""
    refused = f"; the agent can't call it ({late.cron})" if late.cron else ""
    return check(
        "pass" if late.seconds <= settings.health.max_webhook_lag.total_seconds() else "warn",
        late.seconds,
        "seconds",
        f"the store tells of changes {_span(late.seconds)} late{unheard} (its cron runs when"
        f" somebody visits, or its queue is long), have the system's cron call wp-cron.php every"
        f" minute{refused}: * * * * * curl -fsS {home}/wp-cron.php",
    )


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


def _behind(facts: Facts) -> dict[str, Any]:
    return check(
        "pass" if facts.behind_s < _BEHIND_S else "warn",
        facts.behind_s,
        "seconds",
        f"the store dates changes {_span(facts.behind_s)} behind the time that its answers tell:"
        " set the clocks of its hosts, PHP's and the web server's: timedatectl",
    )


def _drift(facts: Facts) -> dict[str, Any]:
    named = _named([f"{sku} ({', '.join(found)})" for sku, found in facts.drifted.items()])
    return check(
        "warn" if facts.drifted else "pass",
        len(facts.drifted),
        "products",
        f"changed in the store where the ERP has the last word: {named}; its next figure goes over"
        " it: woo-agent updates list --sku " + next(iter(facts.drifted), ""),
    )


def _cache(facts: Facts) -> dict[str, Any]:
    return check(
        "warn" if facts.cache else "pass",
        bool(facts.cache),
        "boolean",
        f"a cache answers in the store's place ({facts.cache}), have it leave out /wp-json/ or go"
        " past it with store.connect_to: woo-agent config show",
    )


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else shown


def _agreement(facts: Facts) -> dict[str, dict[str, Any]]:
    """Of the last comparison of both ends; a state that was never compared has none."""
    made = facts.report
    if made is None:
        return {}
    wrong = [
        f"{missing} {kind} not accepted"
        for kind in KINDS
        if (found := made.get(kind)) and (missing := found["in_store"] - found["accepted"])
    ]
    if made["drifted_count"]:
        wrong.append(f"{made['drifted_count']} figures drifted")
    wrong += [
        kind
        if is_not_compared(kind)
        else f"the store hides {kind} that were told (reconcile --believe, if they are gone)"
        for kind in made["hidden"]
    ]
    if made["unchecked_skus"]:
        wrong.append(f"{made['unchecked_skus']} SKUs seem wrong")
    said = ", ".join(wrong) or "sums of refunds differ"
    output = f"both ends did not agree at {made['made_at']}: {said}: woo-agent reconcile orders"
    return {
        "store:agreement": check(
            "pass" if made["agreed"] else "warn", made["agreed"], "boolean", output
        )
    }
