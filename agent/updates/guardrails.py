"""What is so unusual that somebody must approve it first. Pure.

A price of zero, a price that jumps, a large part of the catalogue going to zero within an hour:
each may be meant, and each is what a broken export looks like. What stands in the store and can't
be read may be any of them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.model.inbox import goes_to_zero
from agent.model.update import Code, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.model.inbox import Opened, Zeroing
    from agent.model.product import StoreProduct
    from agent.settings import InventorySettings, PriceSettings
    from agent.updates.plan import Target

FEWEST_ZEROED = 20  # below, on any catalogue: single sell-outs


class Guard:
    """The guardrails of one round. Each SKU that it lets go to zero counts for those after it."""

    def __init__(
        self, prices: PriceSettings, inventory: InventorySettings, zeroing: Zeroing
    ) -> None:
        self._prices = prices
        self._percent = inventory.max_zeroed_percent
        self._most = max(FEWEST_ZEROED - 1, zeroing.catalogue * self._percent // 100)
        self._zeroed = zeroing.count
        self._counted = set(zeroing.counted)

    def hold(self, opened: Opened, targets: Sequence[Target]) -> Refusal | None:
        """Why an update that changes those products must wait for approval; None if it need not."""
        if opened.approved or opened.reverts:
            return None
        for target in targets:
            held = unreadable(target.product, target.values) or price(
                target.product.values, target.values, self._prices
            )
            if held is not None:
                return held
        if any(goes_to_zero(target.product.values, target.values) for target in targets):
            return self._zeroes(opened.update.sku)
        return None

    def _zeroes(self, sku: str) -> Refusal | None:
        """A SKU that went to zero before within the hour is not one more."""
        if sku in self._counted:
            return None
        if self._zeroed >= self._most:
            return Refusal(
                Code.MANY_ZEROED,
                f"quantity to zero, as of {self._zeroed} SKUs within the hour before"
                f" (inventory.max_zeroed_percent is {self._percent})",
            )
        self._counted.add(sku)
        self._zeroed += 1
        return None


def unreadable(product: StoreProduct, values: Mapping[str, Any]) -> Refusal | None:
    """What holds a change of figures that can't be read in the store, or of those that are measured
    by them."""
    needed = [*values]
    if "quantity" in values:
        needed.append("manage_stock")
    if values.get("sale_price") is not None and product.values["sale_price"] is None:
        needed.append("regular_price")
    why = next((product.unreadable[name] for name in needed if name in product.unreadable), None)
    if why is None:
        return None
    code = Code.MANY_ZEROED if "quantity" in values else Code.PRICE_CHANGE
    return Refusal(code, f"{why} in what the store shows of product {product.id}")


def price(
    shown: Mapping[str, Any], values: Mapping[str, Any], rules: PriceSettings
) -> Refusal | None:
    """What holds a change of prices from those that the store shows to those of an update.

    A first sale is compared with the regular price. Where there was no price, or zero, there is
    nothing that a change could be measured by. The end of a sale is no price.
    """
    for field in ("regular_price", "sale_price"):
        if values.get(field) is None:
            continue
        stood = shown["regular_price"] if shown[field] is None else shown[field]
        old, new = Decimal(stood or 0), Decimal(values[field])
        said = f"{field} from {stood or 'none'} to {values[field]}"
        if not new and rules.hold_zero:
            return Refusal(Code.ZERO_PRICE, f"{said} (prices.hold_zero)")
        if old > 0 and abs(new - old) * 100 > old * rules.max_change_percent:
            most = f"prices.max_change_percent is {rules.max_change_percent}"
            return Refusal(Code.PRICE_CHANGE, f"{said} ({most})")
    return None
