"""``/products/{parent}/variations``, its ``/batch``, and ``/variations`` of all parents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.demo.shop import batch, php, product_changes, product_routes, products, query
from agent.demo.shop.refusal import invalid_id
from agent.demo.shop.rest import EDIT, Answer, Call, Route, created

if TYPE_CHECKING:
    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.catalog import Product
    from agent.demo.shop.state import Shop


def _list_all(shop: Shop, call: Call) -> Answer:
    rows = product_routes.select(
        shop, call.query, shop.catalog.all(), lambda p: p.type == "variation"
    )
    page, headers = query.listed(shop, "variations", call.query, rows, product_routes.SORT_KEYS)
    return Answer([products.global_variation_body(shop, p) for p in page], headers=headers)


def _list(shop: Shop, call: Call) -> Answer:
    parent_id = call.ids["parent"]
    parent = shop.catalog.get(parent_id)
    children = filter(None, map(shop.catalog.get, parent.variations)) if parent else ()
    rows = product_routes.select(shop, call.query, children, lambda p: p.parent_id == parent_id)
    path = f"products/{parent_id}/variations"
    page, headers = query.listed(shop, path, call.query, rows, product_routes.SORT_KEYS)
    return Answer([products.variation_body(shop, p) for p in page], headers=headers)


def _get(shop: Shop, call: Call) -> Answer:
    return Answer(products.variation_body(shop, _existing(shop, call, call.ids["id"])))


def _create(shop: Shop, call: Call) -> Answer:
    product_changes.check(call.body)
    body = _created(shop, call, call.body)
    return created(shop, f"products/{call.ids['parent']}/variations/{body['id']}", body)


async def _update(shop: Shop, call: Call) -> Answer:
    product_changes.check(call.body)
    return Answer(await _updated(shop, call, {**call.body, "id": call.ids["id"]}))


def _delete(shop: Shop, call: Call) -> Answer:
    variation = _existing(shop, call, call.ids["id"])
    return Answer(_deleted(shop, variation, force=call.forced))


async def _batch(shop: Shop, call: Call) -> Answer:
    async def create_one(sent: JSON) -> JSON:
        return _created(shop, call, sent)

    async def update_one(sent: JSON) -> JSON:
        return await _updated(shop, call, sent)

    async def delete_one(sent: JSON) -> JSON:
        return _deleted(shop, _existing(shop, call, php.intval(sent.get("id"))), force=True)

    return await batch.run(call, batch.Actions(create_one, update_one, delete_one))


def _created(shop: Shop, call: Call, sent: JSON) -> JSON:
    parent = shop.catalog.get(call.ids["parent"])
    if parent is None or parent.type == "variation":
        raise invalid_id("product_variation", 404)
    variation = product_routes.create(shop, sent, parent_id=parent.id)
    return products.variation_body(shop, variation, edit=True)


async def _updated(shop: Shop, call: Call, sent: JSON) -> JSON:
    variation_id = php.intval(sent.get("id"))
    if shop.profile.variations_checked:
        variation = _existing(shop, call, variation_id)
    else:  # whatever product it is, it becomes a child of the parent in the path
        variation = _any(shop, variation_id)
    parent_id = call.ids["parent"]
    draft = await product_routes.update(shop, call, variation, sent, parent_id=parent_id)
    return products.variation_body(shop, draft, edit=True)


def _deleted(shop: Shop, variation: Product, *, force: bool) -> JSON:
    """No webhook tells of it, trashed or by force (woocommerce#12258)."""
    body = products.variation_body(shop, variation, edit=True)
    if force:
        shop.catalog.remove(variation)
    else:
        product_routes.trash(shop, variation)
    return body


def _existing(shop: Shop, call: Call, variation_id: int) -> Product:
    variation = shop.catalog.get(variation_id)
    is_child = variation is not None and variation.type == "variation"
    if variation is None or not is_child or variation.parent_id != call.ids["parent"]:
        raise invalid_id("product_variation", 404)
    return variation


def _any(shop: Shop, product_id: int) -> Product:
    product = shop.catalog.get(product_id)
    if product is None:
        raise invalid_id("product_variation", 400)
    return product


ROUTES = [
    Route("GET", "variations", _list_all),
    Route("GET", "products/{parent}/variations", _list),
    Route("POST", "products/{parent}/variations", _create),
    Route(EDIT, "products/{parent}/variations/batch", _batch),
    Route("GET", "products/{parent}/variations/{id}", _get),
    Route(EDIT, "products/{parent}/variations/{id}", _update),
    Route("DELETE", "products/{parent}/variations/{id}", _delete),
]
