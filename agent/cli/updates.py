"""``woo-agent updates``: what the store was told, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from agent import clock, errors
from agent.cli import output, state, submit
from agent.clock import SystemClock
from agent.model import rfc8259
from agent.model.update import UpdateState
from agent.storage import holds, inbox_view, reverting
from agent.storage.writer import Tx

app = typer.Typer(help="What the store was told, and what became of it.", no_args_is_help=True)

app.command()(submit.submit)

_LISTED = ("id", "kind", "sku", "version", "state", "code", "message", "received_at")


@app.command("list")
def list_(
    wanted: Annotated[
        UpdateState | None, typer.Option("--state", help="Only updates in that state.")
    ] = None,
    sku: Annotated[str | None, typer.Option("--sku", help="Only updates of that SKU.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="At most so many, newest first.")
    ] = 50,
    as_json: state.AsJson = False,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """List updates, newest first."""
    found = state.read(
        state.settings(config, instance),
        lambda db: inbox_view.rows(db, state=wanted, sku=sku, limit=limit),
    )
    if as_json:
        output.as_json(found)
    else:
        output.table(found, _LISTED)


@app.command()
def show(
    update_id: Annotated[str, typer.Argument(metavar="ID", help="The id of the update.")],
    as_json: state.AsJson = False,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Show one update as it came, and results the gateway has not taken yet."""
    row = state.read(state.settings(config, instance), lambda db: inbox_view.row(db, update_id))
    row["body"] = _parsed(row["body"])
    if as_json:
        output.as_json(row)
        return
    body, unreported = row.pop("body"), row.pop("unreported")
    output.pairs(row)
    for title, part in (("update", body), ("results not yet reported", unreported)):
        print(f"\n{title}")
        output.as_json(part)


@app.command()
def approve(
    update_ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Ids of held updates.")],
    reason: state.Why = None,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Let held updates go: they are written, and no guardrail holds them again."""
    ids, why = [*dict.fromkeys(update_ids)], _why(reason)
    state.write(state.settings(config, instance), lambda tx: holds.approve(tx, ids, **why))
    print(f"{len(ids)} approved")


@app.command()
def reject(
    update_ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Ids of held updates.")],
    reason: state.Reason,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Refuse held updates; the gateway gets the reason."""
    ids, why = [*dict.fromkeys(update_ids)], _why(reason)
    state.write(state.settings(config, instance), lambda tx: holds.reject(tx, ids, **why))
    print(f"{len(ids)} rejected")


@app.command()
def revert(
    update_ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID…", help="Ids of applied updates.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", help="All that were applied since then (UTC).")
    ] = None,
    reason: state.Why = None,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Put back what stood before; the next figure of the ERP overrules it."""
    if bool(update_ids) == (since is not None):
        raise errors.UsageError(
            "say what to revert: ids, or --since TIME",
            hint="woo-agent updates list --state applied",
        )
    of, done = state.settings(config, instance), reverting.Reverted()
    if since is None:
        ids, why = [*dict.fromkeys(update_ids or ())], _why(reason)
        done = state.write(of, lambda tx: reverting.by_id(tx, ids, **why))
    else:
        moment = state.utc(since)
        why = _why(f"since {clock.iso(moment)}" + (f": {reason}" if reason else ""))
        left = state.read(of, lambda db: reverting.subjects_since(db, moment))

        async def step(tx: Tx) -> bool:
            some = [left.pop() for _ in left[: reverting.SUBJECTS_AT_ONCE]]
            more = await reverting.since(tx, some, moment, **why)
            done.ids.extend(more.ids)
            done.left.update(more.left)
            return bool(left)

        state.write_in_steps(of, step)
    for update_id, why_not in done.left.items():
        output.say(f"{update_id}: {why_not}")
    print(f"{len(done.ids)} to be put back" + (f", {len(done.left)} not" if done.left else ""))
    if done.left:
        raise typer.Exit(1)


def _why(reason: str | None) -> dict[str, Any]:
    return {"who": state.who(), "reason": reason or "", "now": SystemClock().now()}


def _parsed(body: str) -> object:
    """An item that was no update may have been cut, and what an earlier program took for JSON may
    be none."""
    try:
        parsed: object = rfc8259.parse(body)
    except ValueError:
        return body
    return parsed
