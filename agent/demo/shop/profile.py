"""Which release the store is, and what that changes in what it has, shows and keeps.

``WC_10_5`` is WooCommerce 10.5.0 with orders in tables of their own and net prices, ``WC_8_4`` is
WooCommerce 8.4.0 with orders as posts and prices that include tax.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from agent.demo.shop.bodies import JSON


@dataclass(frozen=True)
class Profile:
    """``lacks`` names, for each kind of body, the keys that this release has not got, as paths;
    those of ``line_items.`` and its like are left out of every line."""

    version: str
    wordpress: str
    prices_include_tax: bool = False
    orders_as_posts: bool = False  # date_modified follows the post: status, note, dates, parent
    links_tell_methods: bool = True  # _links.self[].targetHints
    coupon_copied: bool = False  # an order's coupon line keeps all of the coupon, as an object
    variations_checked: bool = True  # a variation belongs to the parent in the path, or is refused
    system_status: str = "system_status"  # the template
    no_routes: frozenset[str] = frozenset()
    lacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def short(self) -> str:
        """``8.4``."""
        return self.version.rpartition(".")[0]

    def shown(self, kind: str, body: JSON) -> JSON:
        """The body as this release shows it."""
        for path in self.lacks.get(kind, ()):
            body = _without(body, path)
        if self.links_tell_methods or "_links" not in body:
            return body
        own = [{"href": link["href"]} for link in body["_links"]["self"]]
        return {**body, "_links": {**body["_links"], "self": own}}


def _without(body: JSON, path: str) -> JSON:
    top, _, rest = path.partition(".")
    if not rest:
        return {name: value for name, value in body.items() if name != top}
    inner = body[top]
    if isinstance(inner, list):
        return {**body, top: [_without(line, rest) for line in inner]}
    return {**body, top: _without(inner, rest)}


WC_10_5 = Profile("10.5.0", "6.9.7")
WC_8_4 = Profile(
    "8.4.0",
    "6.4.10",
    prices_include_tax=True,
    orders_as_posts=True,
    links_tell_methods=False,
    coupon_copied=True,
    variations_checked=False,
    system_status="system_status_8_4",
    no_routes=frozenset({"refunds", "variations"}),
    lacks=MappingProxyType(
        {
            "product": ("brands", "global_unique_id"),
            "variation": ("type", "global_unique_id"),
            "order": (
                "line_items.global_unique_id",
                "shipping_lines.tax_status",
                "coupon_lines.discount_type",
                "coupon_lines.nominal_amount",
                "coupon_lines.free_shipping",
                "_links.email_templates",
            ),
            "refund": ("line_items.global_unique_id",),
        }
    ),
)
PROFILES = {profile.short: profile for profile in (WC_10_5, WC_8_4)}
