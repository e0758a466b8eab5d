"""``/webhooks``. A ping goes out at each creation, and its result is ignored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from agent.demo.shop import bodies, dates, query
from agent.demo.shop.refusal import Refusal, invalid_id, trash_not_supported
from agent.demo.shop.rest import EDIT, Answer, Call, Route, created
from agent.demo.shop.webhooks import Webhook

if TYPE_CHECKING:
    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.state import Shop

Ping = Callable[[Webhook], Awaitable[None]]

_SORT_KEYS = {"date": lambda w: w.created, "id": lambda w: w.id, "title": lambda w: w.name}
_STATUSES = ("active", "paused", "disabled")


def body(shop: Shop, webhook: Webhook) -> JSON:
    """Without the secret, and without the count of failures: nobody can read those."""
    action = [webhook.event] if webhook.resource == "action" else []
    body = {
        "id": webhook.id,
        "name": webhook.name,
        "status": webhook.status,
        "topic": webhook.topic,
        "resource": webhook.resource,
        "event": webhook.event,
        "hooks": bodies.template("webhook_hooks").get(webhook.topic, action),
        "delivery_url": webhook.delivery_url,
        **dates.pair("date_created", webhook.created, shop.utc_offset),
        **dates.pair("date_modified", webhook.modified, shop.utc_offset),
        "_links": bodies.links(shop.url(f"webhooks/{webhook.id}"), shop.url("webhooks")),
    }
    return shop.profile.shown("webhook", body)


def create(shop: Shop, sent: JSON) -> Webhook:
    """A row of its own, without the ping."""
    webhook = Webhook(
        id=shop.webhooks.next_id(),
        name=sent.get("name") or f"Webhook created on {shop.now():%b %d, %Y @ %I:%M %p}",
        topic=_topic(sent.get("topic")),
        delivery_url=_delivery_url(sent.get("delivery_url")),
        secret=sent.get("secret") or f"{shop.rng.getrandbits(200):050x}",
        created=shop.now(),
        status=sent.get("status") or "active",
    )
    shop.webhooks.by_id[webhook.id] = webhook
    return webhook


def routes(ping: Ping) -> list[Route]:
    """The routes; ``ping`` sends the unsigned form and marks the webhook when it hears 200."""

    async def create_and_ping(shop: Shop, call: Call) -> Answer:
        webhook = create(shop, call.body)
        answer = created(shop, f"webhooks/{webhook.id}", body(shop, webhook))
        await ping(webhook)
        return answer

    async def update(shop: Shop, call: Call) -> Answer:
        webhook = _existing(shop, call)
        before = webhook.delivery_url
        _apply(shop, webhook, call.body)
        revived = webhook.status == "active" and webhook.pending_ping
        if revived or webhook.delivery_url != before:
            await ping(webhook)
        return Answer(body(shop, webhook))

    return [
        Route("GET", "webhooks", _list),
        Route("POST", "webhooks", create_and_ping),
        Route("GET", "webhooks/{id}", _get),
        Route(EDIT, "webhooks/{id}", update),
        Route("DELETE", "webhooks/{id}", _delete),
    ]


def _apply(shop: Shop, webhook: Webhook, sent: JSON) -> None:
    """Re-activating leaves the count of failures as it is."""
    if "topic" in sent:
        webhook.topic = _topic(sent["topic"])
    if "delivery_url" in sent:
        webhook.delivery_url = _delivery_url(sent["delivery_url"])
    if sent.get("status") in _STATUSES:
        webhook.status = sent["status"]
    webhook.name = sent.get("name") or webhook.name
    webhook.secret = sent.get("secret") or webhook.secret
    webhook.modified = shop.now()


def _list(shop: Shop, call: Call) -> Answer:
    status = call.query.get("status", "all")
    rows = [w for w in shop.webhooks.by_id.values() if status in ("all", w.status)]
    page, headers = query.listed(shop, "webhooks", call.query, rows, _SORT_KEYS)
    return Answer([body(shop, webhook) for webhook in page], headers=headers)


def _get(shop: Shop, call: Call) -> Answer:
    return Answer(body(shop, _existing(shop, call)))


def _delete(shop: Shop, call: Call) -> Answer:
    webhook = _existing(shop, call)
    if not call.forced:
        raise trash_not_supported("Webhooks do not support trashing.")
    shop.webhooks.remove(webhook.id)
    return Answer(body(shop, webhook))


def _existing(shop: Shop, call: Call) -> Webhook:
    webhook = shop.webhooks.by_id.get(call.ids["id"])
    if webhook is None:
        raise invalid_id("shop_webhook", 404)
    return webhook


def _topic(topic: object) -> str:
    known = bodies.template("webhook_hooks")
    if isinstance(topic, str):
        own = topic.startswith(("action.woocommerce_", "action.wc_"))
        if topic in known or own:
            return topic
    message = "Webhook topic is required and must be valid."
    raise Refusal("woocommerce_rest_shop_webhook_invalid_topic", message, 400)


def _delivery_url(url: object) -> str:
    if isinstance(url, str) and url.startswith(("http://", "https://")):
        return url
    message = "Webhook delivery URL must be a valid URL starting with http:// or https://."
    raise Refusal("woocommerce_rest_shop_webhook_invalid_delivery_url", message, 400)
