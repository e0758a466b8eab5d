"""How a product or a variation reads, at each endpoint and in a webhook."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from agent.demo.shop import bodies, dates

if TYPE_CHECKING:
    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.catalog import Product
    from agent.demo.shop.state import Shop

_CATEGORIES = [{"id": 15, "name": "Uncategorized", "slug": "uncategorized"}]
_CURRENCY_ENTITIES = {"EUR": "&euro;", "GBP": "&pound;", "USD": "&#36;", "JPY": "&yen;"}
_RELATED_FROM = 24  # related_ids come out of the first so many ids, so a read stays cheap
_RELATED = 5


def body(shop: Shop, product: Product, *, edit: bool = False) -> JSON:
    """As ``/products`` and webhooks show it; ``edit`` is the form of the answer to a write.

    A variation read here has all the keys of a product; see ``variation_body`` for its own form.
    """
    is_variation = product.type == "variation"
    values = {
        **product.other,
        **_facts(shop, product),
        "name": product.name,
        "slug": product.slug,
        "categories": [] if is_variation else product.other.get("categories", _CATEGORIES),
        "reviews_allowed": product.other.get("reviews_allowed", not is_variation),
        "total_sales": "0" if is_variation else product.total_sales,
        "price_html": _price_html(shop, product),
        "related_ids": [] if is_variation else _related_ids(shop, product),
        "has_options": product.type == "variable",
        "variations": product.variations,
    }
    if edit:
        values["average_rating"] = "0"
        values["permalink_template"] = f"{shop.home()}/product/%pagename%/"
        values["generated_slug"] = product.slug.partition("__trashed")[0]
    values["_links"] = bodies.links(shop.url(f"products/{product.id}"), shop.url("products"))
    if product.parent_id:
        values["_links"]["up"] = [{"href": shop.url(f"products/{product.parent_id}")}]
    shown = shop.profile.shown("product", {**bodies.template("product"), **values})
    return shop.quirks.figured(shown)


def variation_body(shop: Shop, variation: Product, *, edit: bool = False) -> JSON:
    """As ``/products/{parent}/variations`` shows it: other keys than a product's, other name."""
    template = bodies.template("variation")
    shown = {k: v for k, v in variation.other.items() if k in template}
    here = f"products/{variation.parent_id}/variations"
    links = bodies.links(shop.url(f"{here}/{variation.id}"), shop.url(here))
    links["up"] = [{"href": shop.url(f"products/{variation.parent_id}")}]
    values = {**shown, **_facts(shop, variation), "name": _options(variation), "_links": links}
    if edit and variation.type == "variation" and not values.get("tax_class"):
        values["tax_class"] = "parent"
    return shop.quirks.figured(shop.profile.shown("variation", {**template, **values}))


def global_variation_body(shop: Shop, variation: Product) -> JSON:
    """As ``/variations`` shows it, with links that lead nowhere (rest/variations_global_by_sku)."""
    links = {
        "self": [{"href": shop.url(f"variations/{variation.id}")}],
        "collection": [{"href": shop.url("variations")}],
        "up": [{"href": shop.url("products/0")}],
    }
    return {**variation_body(shop, variation), "_links": links}


def price(shop: Shop, product: Product) -> str:
    """What it costs now: the sale price while the sale runs; a variable product's lowest."""
    if product.type == "variable":
        prices = _child_prices(shop, product)
        return min(prices, key=amount) if prices else ""
    return product.sale_price if on_sale(shop, product) else product.regular_price


def on_sale(shop: Shop, product: Product) -> bool:
    if not product.sale_price:
        return False
    now = shop.now()
    started = product.sale_from is None or product.sale_from <= now
    return started and (product.sale_to is None or now <= product.sale_to)


def amount(price_text: str) -> Decimal:
    """A stored price as a number; what is none counts as 0."""
    try:
        return Decimal(price_text or "0")
    except InvalidOperation:
        return Decimal(0)


def permalink(shop: Shop, product: Product) -> str:
    if product.status == "trash":
        return f"{shop.home()}/?post_type=product&p={product.id}"
    parent = shop.catalog.parent(product)
    if parent is None:
        return f"{shop.home()}/product/{product.slug}/"
    query = "&".join(f"attribute_{a['slug']}={a['option']}" for a in product.attributes)
    return f"{shop.home()}/product/{parent.slug}/?{query}"


def _facts(shop: Shop, product: Product) -> JSON:
    """What every form of a product or variation has in common."""
    holder = shop.catalog.stock_holder(product)
    shown = holder or product
    status = _variable_status(shop, product) if product.type == "variable" else shown.stock_status
    now_costs = price(shop, product)
    offset = shop.utc_offset
    return {
        "id": product.id,
        "type": product.type,
        "status": product.status,
        "parent_id": product.parent_id,
        "permalink": permalink(shop, product),
        **dates.pair("date_created", product.created, offset),
        **dates.pair("date_modified", product.modified, offset),
        **dates.pair("date_on_sale_from", product.sale_from, offset),
        **dates.pair("date_on_sale_to", product.sale_to, offset),
        "sku": product.sku,
        "price": now_costs,
        "regular_price": product.regular_price,
        "sale_price": product.sale_price,
        "on_sale": on_sale(shop, product),
        "purchasable": bool(now_costs),
        "manage_stock": product.manage_stock or ("parent" if holder else False),
        "stock_quantity": holder.stock if holder else None,
        "stock_status": status,
        "backorders": shown.backorders,
        "backorders_allowed": shown.backorders != "no",
        "backordered": status == "onbackorder",
        "attributes": product.attributes,
        "meta_data": product.meta_data,
    }


def _variable_status(shop: Shop, product: Product) -> str:
    """Its children decide, unless it manages stock for them."""
    if product.manage_stock:
        return product.stock_status
    children = [shop.catalog.get(i) for i in product.variations]
    statuses = {child.stock_status for child in children if child}
    return next((s for s in ("instock", "onbackorder") if s in statuses), "outofstock")


def _child_prices(shop: Shop, product: Product) -> list[str]:
    children = [shop.catalog.get(i) for i in product.variations]
    prices = [price(shop, child) for child in children if child and child.status == "publish"]
    return [p for p in prices if p]


def _options(variation: Product) -> str:
    return ", ".join(str(a["option"]) for a in variation.attributes)


def _related_ids(shop: Shop, product: Product) -> list[int]:
    """Shuffled anew at every read, as the store's transient of candidates is."""
    near: list[int] = []
    for other in shop.catalog.all():
        if other.id != product.id and other.type != "variation" and other.status == "publish":
            near.append(other.id)
            if len(near) == _RELATED_FROM:
                break
    return shop.rng.sample(near, min(_RELATED, len(near)))


def _price_html(shop: Shop, product: Product) -> str:
    if product.type == "variable":
        prices = sorted(_child_prices(shop, product), key=amount)
        if not prices:
            return ""
        low, high = prices[0], prices[-1]
        if amount(low) != amount(high):
            return _price_range_html(shop, low, high)
        return _amount_html(shop, low)
    now_costs = price(shop, product)
    if not now_costs:
        return ""
    if on_sale(shop, product):
        was, now = _amount_html(shop, product.regular_price), _amount_html(shop, now_costs)
        return f'<del aria-hidden="true">{was}</del> <ins aria-hidden="true">{now}</ins>'
    return _amount_html(shop, now_costs)


def _price_range_html(shop: Shop, low: str, high: str) -> str:
    hidden = ' aria-hidden="true"'
    dash = "<span" + hidden + ">&ndash;</span>"
    spoken = f"Price range: {_money(shop, low)} through {_money(shop, high)}"
    ends = [_amount_html(shop, p, hidden) for p in (low, high)]
    return f'{ends[0]} {dash} {ends[1]}<span class="screen-reader-text">{spoken}</span>'


def _amount_html(shop: Shop, price_text: str, attributes: str = "") -> str:
    symbol = f'<span class="woocommerce-Price-currencySymbol">{currency_symbol(shop)}</span>'
    figure = _money(shop, price_text).removeprefix(currency_symbol(shop))
    return (
        f'<span class="woocommerce-Price-amount amount"{attributes}>'
        f"<bdi>{symbol}{figure}</bdi></span>"
    )


def _money(shop: Shop, price_text: str) -> str:
    # A negative price shows as nothing: seen in rest/product_trash.
    return f"{currency_symbol(shop)}{max(amount(price_text), Decimal(0)):,.2f}"


def currency_symbol(shop: Shop) -> str:
    """As an HTML entity; the code itself where there is none."""
    return _CURRENCY_ENTITIES.get(shop.currency, shop.currency)


def price_value(number: Decimal) -> Any:
    """A float as PHP writes it: ``18``, not ``18.0``."""
    return int(number) if number == number.to_integral_value() else float(number)
