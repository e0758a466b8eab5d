"""``…/batch``: up to 100 creates, updates and deletes, each saved or refused on its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.demo.shop import php
from agent.demo.shop.refusal import Refusal
from agent.demo.shop.rest import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.rest import Call

_MAX_ITEMS = 100  # woocommerce_rest_batch_items_limit


@dataclass(frozen=True)
class Actions:
    """What a batch does with one item; items come as they were sent, unchecked."""

    create: Callable[[JSON], Awaitable[JSON]]
    update: Callable[[JSON], Awaitable[JSON]]
    delete: Callable[[JSON], Awaitable[JSON]]


async def run(call: Call, actions: Actions) -> Answer:
    """200 with the results in the order sent; a refused item is ``{"id", "error"}``."""
    lists = {name: rows for name in ("create", "update", "delete") if (rows := call.body.get(name))}
    if sum(map(len, lists.values())) > _MAX_ITEMS:
        message = f"Unable to accept more than {_MAX_ITEMS} items for this request."
        raise Refusal("woocommerce_rest_request_entity_too_large", message, 413)
    results: dict[str, list[Any]] = {}
    for name, items in lists.items():
        action: Callable[[JSON], Awaitable[JSON]] = getattr(actions, name)
        results[name] = []
        for item in items:
            sent = item if isinstance(item, dict) else {"id": item}
            results[name].append(await _one(action, sent))
            call.work.item_done()
    return Answer(results or [])


async def _one(action: Callable[[JSON], Awaitable[JSON]], item: JSON) -> JSON:
    try:
        return await action(item)
    except Refusal as refusal:
        return {"id": php.intval(item.get("id", 0)), "error": refusal.body()}
