"""``woo-agent outbox``: what the store said, and what became of it."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Annotated, Any

import typer

from agent import errors
from agent.cli import output, state
from agent.clock import SystemClock
from agent.model import personal, rfc8259
from agent.model.delivery import Event, State
from agent.model.privacy import Privacy
from agent.settings import Settings
from agent.storage import (
    check,
    compaction,
    dead_letters,
    export,
    outbox,
    outbox_view,
    privacy,
    replay,
    salvage,
)
from agent.storage.writer import Tx
from agent.woo.translate import payload, rules
from agent.woo.translate.errors import Untranslatable

app = typer.Typer(help="What the store said, and what became of it.", no_args_is_help=True)

_LISTED = ("sequence", "id", "subject", "topic", "state", "verdict", "attempts", "last_error")


@app.command("list")
def list_(
    wanted: Annotated[
        State | None, typer.Option("--state", help="Only rows in that state.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="Only rows about it, such as order/1022.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="At most so many, newest first.")
    ] = 50,
    as_json: state.AsJson = False,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """List rows, newest first."""
    wish = outbox_view.Filter(wanted, subject, limit)
    found = state.read(state.settings(config, instance), lambda db: outbox_view.rows(db, wish))
    if as_json:
        output.as_json(found)
    else:
        output.table(found, _LISTED)


@app.command()
def show(
    event_id: Annotated[str, typer.Argument(metavar="ID", help="The event id, or its beginning.")],
    reveal: state.Reveal = False,
    as_json: state.AsJson = False,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Show one row with its body, its envelope and every attempt."""
    of = state.settings(config, instance)

    async def look(db: Any) -> dict[str, Any]:
        row = await outbox_view.row(db, event_id)
        is_gone = row["erased"] and row["subject"].startswith("customer/")
        is_event = row["type"] and not is_gone
        events = await outbox.events(db, [int(row["sequence"])]) if is_event else []
        private = await privacy.of(db, of.privacy)
        return row | {"envelope": _envelope(events[0], of, private) if events else None}

    row = state.read(of, look)
    row["body"] = _body(row["body"])
    if not reveal:
        row = personal.masked(row)
        if isinstance(row["body"], str):  # no JSON: nobody knows what is in it
            row["body"] = personal.MASK
    if as_json:
        output.as_json(row)
        return
    body, envelope, history = (row.pop(name) for name in ("body", "envelope", "history"))
    output.pairs(row)
    for title, part in (("attempts", history), ("envelope", envelope), ("body", body)):
        print(f"\n{title}")
        output.as_json(part)


@app.command()
def stats(
    as_json: state.AsJson = False,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Counts, ages and sizes."""
    now = SystemClock().now()
    found = state.read(state.settings(config, instance), lambda db: outbox_view.stats(db, now))
    if as_json:
        output.as_json(found)
    else:
        output.pairs(found)


@app.command("replay")
def replay_(
    event_ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID…", help="Event ids, whole.")
    ] = None,
    dead: Annotated[bool, typer.Option("--dead", help="All dead letters.")] = False,
    since: Annotated[
        datetime | None,
        typer.Option("--since", help="The newest snapshot of each subject received since (UTC)."),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--type", help="With --since: only that type of event.")
    ] = None,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Send events again: same id, marked as a replay."""
    if sum((bool(event_ids), dead, since is not None)) != 1 or (kind and since is None):
        raise errors.UsageError(
            "say what to replay: ids, or --dead, or --since TIME [--type TYPE]",
            hint="woo-agent outbox list --state dead",
        )
    of, who, now = state.settings(config, instance), state.who(), SystemClock().now()
    if event_ids:
        done = state.write(of, lambda tx: replay.by_id(tx, event_ids, who=who, now=now))
        print(f"{done.sent} to be sent again")
        return
    moment, done = state.utc(since) if since else None, replay.Replayed()

    async def step(tx: Tx) -> bool:
        nonlocal done
        if moment is None:
            more = await replay.dead(tx, done.up_to, who=who, now=now)
        else:
            more = await replay.since(tx, moment, kind, done.up_to, who=who, now=now)
        done = done.then(more)
        return done.up_to is not None

    state.write_in_steps(of, step)
    print(f"{done.sent} to be sent again, {done.superseded} superseded")


@app.command()
def discard(
    reason: state.Reason,
    event_ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID…", help="Ids of dead letters, whole.")
    ] = None,
    dead: Annotated[bool, typer.Option("--dead", help="All dead letters.")] = False,
    subject: Annotated[
        str | None, typer.Option("--subject", help="All dead letters about it.")
    ] = None,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Take dead letters out: they are not waited for any more, and age."""
    if bool(event_ids) == (dead or subject is not None):
        raise errors.UsageError(
            "say what to discard: ids, or --dead, or --subject S",
            hint="woo-agent outbox list --state dead",
        )
    of, who, now = state.settings(config, instance), state.who(), SystemClock().now()

    async def step(tx: Tx) -> int:
        why: dict[str, Any] = {"who": who, "reason": reason, "now": now}
        if event_ids:
            return await dead_letters.discard_by_id(tx, event_ids, **why)
        return await dead_letters.discard_all(tx, subject, **why)

    print(f"{state.write(of, step)} discarded")


@app.command("export")
def export_(
    since: Annotated[
        datetime | None, typer.Option("--since", help="Only what was received since then (UTC).")
    ] = None,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Print every event as a CloudEvent, one a line, oldest first; without discarded ones.

    For machines: nothing is masked, the lines hold names, addresses and all that privacy lets out.
    """
    of, moment = state.settings(config, instance), state.utc(since) if since else None

    async def write(db: Any) -> tuple[int, int]:
        private, unreadable = await privacy.of(db, of.privacy), 0
        async for event in export.events(db, moment):
            try:
                line = _sent(event, of, private)
            except Untranslatable:
                unreadable += 1
            else:
                print(line.decode("ascii"))
        return unreadable, await export.unjudged(db)

    unreadable, unjudged = state.read(of, write)
    if unreadable:
        output.say(f"{unreadable} left out that could not be translated")
    if unjudged:
        output.say(f"{unjudged} left out that have no verdict yet: woo-agent run")


@app.command()
def compact(
    as_json: state.AsJson = False,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Give the space of deleted rows back to the disk, also while the daemon runs."""
    path = state.file(state.settings(config, instance))
    done = asyncio.run(compaction.compact(path, SystemClock()))
    given = max(0, done.before - done.after)
    if as_json:
        output.as_json({"given_back": given, "before": done.before, "after": done.after})
    else:
        print(f"{given} bytes given back, {done.after} in use")


@app.command("check")
def check_(
    as_json: state.AsJson = False,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Look through the whole database, also while the daemon runs; exits 1 on any finding."""
    of, now = state.settings(config, instance), SystemClock().now()
    found = state.read(of, lambda db: check.findings(db, now))
    if any(finding.is_broken for finding in found):
        salvage.suspect(state.file(of))
    if as_json:
        output.as_json([{"found": one.what, "next": one.next_step} for one in found])
    else:
        for one in found:
            print(f"{one.what}: {one.next_step}")
        output.say(f"{len(found)} found" if found else "all is well")
    if found:
        raise typer.Exit(1)


def _body(raw: bytes) -> Any:
    """As it is read; what an earlier program took for JSON may be none."""
    try:
        return rfc8259.parse_of_store(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


def _envelope(event: Event, of: Settings, private: Privacy | None) -> Any:
    try:
        return json.loads(_sent(event, of, private))
    except Untranslatable as error:
        return str(error)


def _sent(event: Event, of: Settings, private: Privacy | None) -> bytes:
    return payload.encoded(
        event,
        store_id=of.store.id,
        payload=of.gateway.payload,
        rules=rules.of(of.canonical),
        privacy=private,
    )
