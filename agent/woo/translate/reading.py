"""What a stored webhook says: the first look at topic, source and body. Pure.

Topics and their quirks: WooCommerce ``includes/class-wc-webhook.php`` and the recordings.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agent.model import content, rfc8259
from agent.model.delivery import OURS, Reading, Verdict
from agent.model.order import Order
from agent.model.stock import HeldLine
from agent.woo.translate import (
    broken,
    canonical,
    fields,
    figures,
    made_here,
    order_figures,
    order_state,
    product,
    store_product,
)
from agent.woo.translate.errors import Untranslatable
from agent.woo.translate.rules import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import BaseModel

    from agent.model.delivery import Webhook
    from agent.woo.translate.rules import Rules

VERSION = 4
"""Rises when equal bodies may give other digests or other data than before."""

# Change by themselves from one read to the next (recordings: related_ids is shuffled each time).
_VOLATILE = frozenset(
    {"related_ids", "price_html", "total_sales", "_links", "date_modified", "date_modified_gmt"}
)
# The figures of a product have a digest of their own, and what can't be read shows in its fields.
_PRODUCT_APART = content.VOLATILE | product.FIGURES | {"anomalies"}
_RETAIL = frozenset({"order", "customer", "product", "coupon"})
_EVENTS = frozenset({"created", "updated", "restored", "deleted"})
_PRIORITY = {"order": 0, "refund": 0, "customer": 1, "inventory": 2, "product": 3}
_LOWEST_PRIORITY = 4
_DRAFTS = ("checkout-draft", "auto-draft", "draft", "new")  # no set: a status may be a list
_TOPIC = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_-]+)*")
_ARGUMENT = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_ALIKE = {f"{resource}.created": f"{resource}.updated" for resource in _RETAIL}
_MOST_REMEMBERED = 64 * 1024
_OfTopic = Callable[[str, bytes, "Rules"], tuple[Reading, bool]]
_USUAL_PORTS = frozenset({None, 80, 443})


def home(url: str) -> str:
    """Host and port of a home URL: what tells one site from its clone. Paths do not count.

    Behind a proxy or under cron, WordPress may say ``http`` for an ``https`` site: the scheme does
    not count either, and the usual ports of both are none. Raises ValueError for a port that is no
    number.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if not host.isascii():
        host = host.encode("idna").decode()
    return host if parts.port in _USUAL_PORTS else f"{host}:{parts.port}"


def read(webhook: Webhook, homes: frozenset[str], rules: Rules = PLAIN) -> Reading:
    """A reading of any stored webhook; never raises."""
    if webhook.source and _foreign(webhook.source, homes):
        return Reading(verdict=Verdict.FOREIGN_SOURCE)
    of_topic = _of_webhook
    if webhook.webhook_id in OURS:
        of_topic = _of_what_we_made if webhook.topic in made_here.TOPICS else _of_read
    said, trashed = _said(webhook.topic, webhook.body, rules, of_topic)
    if said.untranslatable or webhook.webhook_id not in OURS:
        return said
    if _NUMBER.fullmatch(webhook.delivery_id):
        return replace(said, read_after=int(webhook.delivery_id), revives=not trashed)
    return said


def order_of(body: bytes, rules: Rules = PLAIN) -> Reading:
    """A reading of an order as the store shows it; never raises."""
    return _said("order.updated", body, rules, _of_read)[0]


def _said(topic: str, raw: bytes, rules: Rules, of_topic: _OfTopic) -> tuple[Reading, bool]:
    """What a body says, and whether it lies in the trash."""
    try:
        return of_topic(topic, raw, rules)
    except Untranslatable as error:
        return Reading(untranslatable=str(error)), False
    except RecursionError:  # it could just be parsed, but not be written again
        return Reading(untranslatable="body: is nested too deeply"), False


def _of_webhook(topic: str, body: bytes, rules: Rules) -> tuple[Reading, bool]:
    """What the store sent by itself may be anything: an error, or of another version of its API."""
    return _of_topic(_ALIKE.get(topic, topic), body, rules, True)


def _of_read(topic: str, body: bytes, rules: Rules) -> tuple[Reading, bool]:
    """What it answered us is of the version that we asked for, and no error."""
    return _of_topic(_ALIKE.get(topic, topic), body, rules, False)


def _of_topic(topic: str, body: bytes, rules: Rules, sent: bool) -> tuple[Reading, bool]:
    remembered = _remembered if len(body) <= _MOST_REMEMBERED else _remembered.__wrapped__
    return remembered(topic, body, rules, sent)


@lru_cache(maxsize=32)
def _remembered(topic: str, body: bytes, rules: Rules, sent: bool) -> tuple[Reading, bool]:
    """For a while: WooCommerce sends a new order as created and as updated, with the same body."""
    kind = _resource(topic) if sent else ""
    try:
        parsed = parse(body)
    except Untranslatable:
        if not kind:
            raise
        return _of_broken(kind, None), False
    if kind and broken.is_broken(kind, parsed):
        return _of_broken(kind, parsed), False
    return _of_body(topic, parsed, rules), parsed.get("status") == "trash"


def _of_what_we_made(topic: str, body: bytes, rules: Rules) -> tuple[Reading, bool]:
    parsed = parse(body)
    return made_here.read(topic, parsed, rules), parsed.get("status") == "trash"


def _of_body(topic: str, body: Mapping[str, Any], rules: Rules) -> Reading:
    resource, _, event = topic.partition(".")
    kind = resource if resource in _RETAIL else ""
    if broken.is_error(body) or (kind and broken.is_legacy(kind, body)):
        return _of_broken(kind, body)
    if not _TOPIC.fullmatch(topic):
        return Reading(untranslatable="X-WC-Webhook-Topic: is not a topic")
    if _resource(topic):
        return _of_resource(resource, event, body, rules)
    return _passed_through(resource, event, body)


def _resource(topic: str) -> str:
    """The kind of resource that a topic is about; empty where its bodies are something else."""
    resource, _, event = topic.partition(".")
    return resource if resource in _RETAIL and event in _EVENTS else ""


def _of_broken(resource: str, body: object) -> Reading:
    return Reading(
        verdict=Verdict.ERROR_BODY,
        resource=resource,
        reason=broken.reason(resource, body),
        gone=broken.is_gone(body),
    )


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; raises Untranslatable."""
    try:
        parsed = rfc8259.parse_of_store(body)
    except ValueError:
        raise Untranslatable("body", "is not JSON") from None
    if not isinstance(parsed, dict):
        raise Untranslatable("body", "is not a JSON object")
    return parsed


def _foreign(source: str, homes: Iterable[str]) -> bool:
    try:
        return home(source) not in homes
    except ValueError:  # a port that is no number
        return True


def _of_resource(resource: str, event: str, body: Mapping[str, Any], rules: Rules) -> Reading:
    if not broken.has_id(body):
        return Reading(untranslatable="id: is missing or not a positive integer")
    subject = f"{resource}/{body['id']}"
    priority = _PRIORITY.get(resource, _LOWEST_PRIORITY)
    if event == "deleted":
        return Reading(
            type=f"retail.{resource}.deleted.v1",
            subject=subject,
            lane=subject,
            priority=priority,
            digest=b"deleted",
            resource=resource,
            deletion=True,
            data=content.encoded(canonical.deletion(subject)),
        )
    if resource == "order" and body.get("status") in _DRAFTS:
        return Reading(subject=subject, lane=subject, resource=resource, verdict=Verdict.DRAFT)
    if resource == "order" and "billing_period" in body:
        return Reading(verdict=Verdict.OTHER_KIND, reason="a subscription, which is no order")
    created_at = fields.moment(body.get("date_created_gmt")) if resource == "order" else None
    try:
        translated = canonical.snapshot(resource, body, rules)
    except Untranslatable as error:
        return Reading(
            subject=subject,
            priority=priority,
            resource=resource,
            untranslatable=str(error),
            created_at=created_at,
        )
    return Reading(
        type=f"retail.{resource}.snapshot.v1",
        subject=subject,
        lane=subject,
        priority=priority,
        changed_at=fields.moment(body.get("date_modified_gmt")),
        digest=_digest(resource, translated, body, rules),
        figures=_figures(resource, body),
        product=store_product.read(body) if resource == "product" else None,
        stock=figures.stock(body) if resource == "product" else b"",
        inventory=made_here.stock_of(body) if resource == "product" else b"",
        resource=resource,
        revives=event == "restored",
        created_at=created_at,
        lines=_held(translated, body) if isinstance(translated, Order) else (),
        refunds=_refunds(translated) if isinstance(translated, Order) else (),
        data=content.encoded(translated),
    )


def _figures(resource: str, body: Mapping[str, Any]) -> bytes:
    """What a list tells of it, too."""
    if resource == "order":
        return order_figures.digest(body)
    return figures.digest(body) if resource == "product" else b""


def _digest(resource: str, translated: BaseModel, body: Mapping[str, Any], rules: Rules) -> bytes:
    """Of what the event carries, without what changes by itself and the figures of a product."""
    is_product = resource == "product"
    if rules.raw:
        apart = _VOLATILE | figures.NAMES if is_product else _VOLATILE
        return content.digest({k: value for k, value in body.items() if k not in apart})
    apart = _PRODUCT_APART if is_product else content.VOLATILE
    return content.digest_of_model(translated, without=apart)


def _held(translated: Order, body: Mapping[str, Any]) -> tuple[HeldLine, ...]:
    """The lines of an order, with what the store has taken out of stock for them."""
    return tuple(
        HeldLine(
            line.line_id,
            line.variation_id or line.product_id or 0,
            (line.product_id or 0) if line.variation_id else 0,
            line.sku or "",
            line.committed_units,
            order_state.held_units(fields.mapping(row)),
        )
        for line, row in zip(translated.lines, fields.listed(body["line_items"]) or (), strict=True)
    )


def _refunds(translated: Order) -> tuple[tuple[str, bytes], ...]:
    """The refunds that an order names, each with its amount."""
    return tuple((one.id, one.amount.encode()) for one in translated.refunds if one.id)


def _passed_through(resource: str, event: str, body: Mapping[str, Any]) -> Reading:
    """Any other topic, ``action.woocommerce_…`` among them: ``{"action", "arg"}``."""
    name = ".".join(part for part in (resource, event) if part)
    about = str(body.get("id", body.get("arg", "")))
    subject = "/".join([*name.split("."), *_ARGUMENT.findall(about)[:1]])
    return Reading(
        type=f"woocommerce.{name}.v1",
        subject=subject,
        lane=subject,
        priority=_LOWEST_PRIORITY,
        digest=content.digest(body),
        snapshot=False,
    )
