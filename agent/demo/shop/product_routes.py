"""``/products`` and ``/products/batch``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.demo.shop import batch, catalog, php, product_changes, products, query
from agent.demo.shop.catalog import Product
from agent.demo.shop.refusal import Refusal, already_trashed, invalid_id
from agent.demo.shop.rest import EDIT, Answer, Call, Route, created

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.state import Shop

SORT_KEYS = {
    "date": lambda p: p.created,
    "modified": lambda p: p.modified,
    "id": lambda p: p.id,
    "title": lambda p: p.name,
    "slug": lambda p: p.slug,
}


def select(
    shop: Shop,
    parameters: Mapping[str, str],
    rows: Iterable[Product],
    belongs: Callable[[Product], bool],
) -> list[Product]:
    """The ``rows`` that pass ``sku``, ``include``, ``status``, ``type`` and the dates.

    SKUs and ids are looked up, not searched for: ``belongs`` tells which of them count as rows.
    """
    skus, include = query.words(parameters, "sku"), set(query.ids(parameters, "include"))
    if skus:
        rows = {p.id: p for sku in skus for p in shop.catalog.sharing(sku)}.values()
    elif include:
        rows = filter(None, map(shop.catalog.get, include))
    statuses, kind = query.words(parameters, "status"), parameters.get("type")
    named = statuses and "any" not in statuses
    found = [
        p
        for p in rows
        if belongs(p)
        and (not include or p.id in include)
        and (p.status in statuses if named else p.status != "trash")
        and (not kind or p.type == kind)
    ]
    return query.dated(shop, parameters, found)


async def update(
    shop: Shop, call: Call, product: Product, sent: JSON, *, parent_id: int | None = None
) -> Product:
    """Load, change, save; what was loaded is not looked at again before the save. With
    ``parent_id`` it becomes a child of that product."""
    shop.quirks.touch(product.id)
    loaded, draft = catalog.loaded(product)
    await call.work.save()
    if shop.between_load_and_save is not None:
        await shop.between_load_and_save(product.id)
    product_changes.apply(shop, draft, sent)
    if parent_id is not None:
        draft.parent_id = parent_id
    shop.catalog.save(loaded, draft)
    shop.emit("product.updated", product.id)
    return draft


def create(shop: Shop, sent: JSON, *, parent_id: int = 0, wanted_id: int | None = None) -> Product:
    """A new product, or a variation of ``parent_id``; fires product.created."""
    sku = str(sent.get("sku") or "").strip()
    old = shop.catalog.with_sku(sku, trashed=True) if sku else None
    if old is not None and old.status == "trash":
        message = f"The SKU ({sku}) you are trying to insert is already under processing"
        raise Refusal("woocommerce_rest_product_not_created", message, 400)
    now = shop.now()
    product = Product(0, "simple", "", "", now, now, parent_id=parent_id)
    if parent_id:
        product.type = "variation"
    product_changes.apply(shop, product, sent)
    parent = shop.catalog.get(parent_id)
    if parent is not None:
        product.name = f"{parent.name} - {', '.join(a['option'] for a in product.attributes)}"
    product.slug = shop.catalog.take_slug(product.name)
    product.id = shop.post_id(wanted_id)
    shop.catalog.add(product)
    shop.emit("product.created", product.id)
    return product


def trash(shop: Shop, product: Product) -> None:
    """Fires coupon.deleted too, with the product's id (webhooks/34 to 36). Variations follow."""
    for row in [product, *filter(None, map(shop.catalog.get, product.variations))]:
        row.meta_data = [
            *row.meta_data,
            shop.meta("_wp_trash_meta_status", row.status),
            shop.meta("_wp_trash_meta_time", str(int(shop.now().timestamp()))),
            shop.meta("_wp_desired_post_slug", row.slug),
        ]
        shop.catalog.free_slug(row.slug)
        row.status, row.slug = "trash", shop.catalog.take_slug(f"{row.slug}__trashed")
        row.modified = shop.now()
    if product.type != "variation":
        for topic in ("product.updated", "coupon.deleted", "product.deleted"):
            shop.emit(topic, product.id)


def restore(shop: Shop, product: Product) -> None:
    """Out of the trash again, as an administrator does it; REST has no such call."""
    for row in [product, *filter(None, map(shop.catalog.get, product.variations))]:
        kept = {entry["key"]: entry["value"] for entry in row.meta_data}
        row.status = kept["_wp_trash_meta_status"]
        shop.catalog.free_slug(row.slug)
        row.slug = shop.catalog.take_slug(kept["_wp_desired_post_slug"])
        row.meta_data = [e for e in row.meta_data if not e["key"].startswith("_wp_")]
        row.modified = shop.now()
    shop.emit("product.updated", product.id)
    shop.emit("product.restored", product.id)


def _list(shop: Shop, call: Call) -> Answer:
    # A SKU finds variations too; an empty one is no filter at all.
    by_sku = bool(query.words(call.query, "sku"))
    found = select(shop, call.query, shop.catalog.all(), lambda p: by_sku or p.type != "variation")
    page, headers = query.listed(shop, "products", call.query, found, SORT_KEYS)
    return Answer([products.body(shop, p) for p in page], headers=headers)


def _get(shop: Shop, call: Call) -> Answer:
    return Answer(products.body(shop, _existing(shop, call.ids["id"], 404)))


def _create(shop: Shop, call: Call) -> Answer:
    product_changes.check(call.body)
    product = create(shop, call.body)
    return created(shop, f"products/{product.id}", products.body(shop, product, edit=True))


async def _update(shop: Shop, call: Call) -> Answer:
    product_changes.check(call.body)
    return Answer(await _updated(shop, call, {**call.body, "id": call.ids["id"]}))


def _delete(shop: Shop, call: Call) -> Answer:
    return Answer(delete(shop, _existing(shop, call.ids["id"], 404), force=call.forced))


async def _batch(shop: Shop, call: Call) -> Answer:
    async def create_one(sent: JSON) -> JSON:
        return products.body(shop, create(shop, sent), edit=True)

    async def update_one(sent: JSON) -> JSON:
        return await _updated(shop, call, sent)

    async def delete_one(sent: JSON) -> JSON:
        return delete(shop, _existing(shop, php.intval(sent.get("id")), 404), force=True)

    return await batch.run(call, batch.Actions(create_one, update_one, delete_one))


def delete(shop: Shop, product: Product, *, force: bool) -> JSON:
    """Answers with the product as it was before; by force it goes without a webhook."""
    body = products.body(shop, product, edit=True)
    if force:
        shop.catalog.remove(product)
    elif product.status == "trash":
        raise already_trashed("product")
    else:
        trash(shop, product)
    return body


async def _updated(shop: Shop, call: Call, sent: JSON) -> JSON:
    product = _existing(shop, php.intval(sent.get("id")), 400)
    if product.type == "variation":
        message = (
            "To manipulate product variations you should use the "
            "/products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint."
        )
        raise Refusal("woocommerce_rest_invalid_product_id", message, 404)
    return products.body(shop, await update(shop, call, product, sent), edit=True)


def _existing(shop: Shop, product_id: int, status: int) -> Product:
    product = shop.catalog.get(product_id)
    if product is None:
        raise invalid_id("product", status)
    return product


ROUTES = [
    Route("GET", "products", _list),
    Route("POST", "products", _create),
    Route(EDIT, "products/batch", _batch),
    Route("GET", "products/{id}", _get),
    Route(EDIT, "products/{id}", _update),
    Route("DELETE", "products/{id}", _delete),
]
