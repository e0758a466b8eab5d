"""A shop's bad days: everything that happens to orders and goods, and webhooks that do not come."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.demo.shop import coupons, customers, orders

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from agent.demo.shop.webhooks import Job
    from agent.demo.store import Store

LOST, LATE = 0.3, 0.2
VANISH = 15


class Days:
    """What happens, drawn from ``rng``; each thing is one line of ``happened``."""

    def __init__(self, store: Store, rng: random.Random) -> None:
        self.store = store
        self.rng = rng
        self.happened: list[str] = []
        self.late: list[Job] = []
        self.vanished: Counter[str] = Counter()
        self.lost = 0
        self._skus = [f"MUG-{n}" for n in range(12)]
        for sku in self._skus:
            store.add_product(sku, stock=200)
        self._shirt = store.add_variable(
            "SHIRT", {f"SHIRT-{size}": ("20.00", 50) for size in ("S", "M", "L", "XL")}
        )
        self._sizes = ["SHIRT-S", "SHIRT-M", "SHIRT-L", "SHIRT-XL"]

    def something(self) -> None:
        """One thing that happens."""
        thing: Callable[[], str] = self.rng.choice(
            [
                *(self._order, self._order, self._order, self._status, self._refund),
                *(self._edit, self._trash, self._restore, self._delete_order),
                *(self._delete_refund, self._stock_by_sql, self._price_by_sql, self._new_product),
                *(self._delete_product, self._trash_product, self._customer, self._no_customer),
                *(self._coupon, self._rename, self._delete_variation),
            ]
        )
        self.happened.append(f"{thing.__name__} {thing()}")

    async def post(self) -> None:
        """Delivers what is pending, but for what is lost or late."""
        for job in self.store.take_webhooks():
            fate = self.rng.random()
            if fate < LOST:
                self.lost += 1
            elif fate < LOST + LATE:
                self.late.append(job)
            else:
                await self.store.deliver(job)

    async def post_late(self, share: float) -> None:
        """Delivers so much of what is late, in any order; their bodies are as things are now."""
        self.rng.shuffle(self.late)
        left = round(len(self.late) * (1 - share))
        for job in self.late[left:]:
            await self.store.deliver(job)
        del self.late[left:]

    def _is_too_much(self, kind: str) -> bool:
        """More than a few that vanish at once are not believed."""
        self.vanished[kind] += 1
        return self.vanished[kind] > VANISH

    def disable_some(self) -> None:
        """WooCommerce does it after failures, and tells nobody."""
        for webhook in self.store.shop.webhooks.by_id.values():
            if self.rng.random() < 0.3:
                webhook.status = "disabled"

    def _order(self) -> str:
        bought = self.rng.sample([*self._skus, *self._sizes], self.rng.choice((1, 2)))
        status = self.rng.choice(("processing", "processing", "on-hold", "pending"))
        number = self.store.place_order([(s, self.rng.randint(1, 3)) for s in bought], status)
        return f"{number} {status}"

    def _one(self, *statuses: str) -> int | None:
        found = [o.id for o in self.store.shop.orders.values() if o.status in statuses]
        return self.rng.choice(found) if found else None

    def _status(self) -> str:
        number = self._one("processing", "on-hold", "pending")
        if number is None:
            return "-"
        status = self.rng.choice(("completed", "cancelled", "failed", "processing"))
        self.store.set_status(number, status)
        return f"{number} {status}"

    def _edit(self) -> str:
        number = self._one("on-hold")
        if number is None:
            return "-"
        line = self.store.shop.orders[number].fields["line_items"][0]
        self.store.edit_line(number, line["sku"], line["quantity"] + 1)
        return str(number)

    def _refund(self) -> str:
        number = self._one("processing", "completed")
        if number is None:
            return "-"
        order = self.store.shop.orders[number]
        line, restock = order.fields["line_items"][0], self.rng.random() < 0.5
        if orders.left_to_refund(order) < Decimal(line["total"]) / max(1, line["quantity"]):
            return "-"
        return f"{number} {self.store.refund(number, {line['id']: 1}, restock=restock)}"

    def _delete_refund(self) -> str:
        """Without a webhook, and without a trace in the order's dates."""
        refunds = list(self.store.shop.refunds.values())
        if not refunds or self._is_too_much("refund"):
            return "-"
        refund = self.rng.choice(refunds)
        self.store.shop.orders[refund.order_id].refunds.remove(refund)
        del self.store.shop.refunds[refund.id]
        return f"{refund.order_id} {refund.id}"

    def _trash(self) -> str:
        number = self._one("processing", "cancelled", "completed", "failed")
        if number is not None:
            self.store.trash_order(number)
        return str(number)

    def _restore(self) -> str:
        number = self._one("trash")
        if number is not None:
            self.store.restore_order(number)
        return str(number)

    def _delete_order(self) -> str:
        """By force: without a webhook."""
        number = self._one("trash", "cancelled", "completed")
        if number is None or self._is_too_much("order"):
            return "-"
        for refund in self.store.shop.orders.pop(number).refunds:
            del self.store.shop.refunds[refund.id]
        return str(number)

    def _stock_by_sql(self) -> str:
        sku = self.rng.choice([*self._skus, *self._sizes])
        product = self.store._product(sku)
        product.stock = self.rng.randint(0, 300)
        product.settle_stock_status()
        return f"{sku} {product.stock}"

    def _price_by_sql(self) -> str:
        sku = self.rng.choice([*self._skus, *self._sizes])
        self.store._product(sku).regular_price = f"{self.rng.randint(1, 99)}.50"
        return sku

    def _rename(self) -> str:
        sku = self.rng.choice(self._skus)
        product = self.store._product(sku)
        product.name = f"{sku} no. {self.rng.randint(1, 999)}"
        product.modified = self.store.shop.now()
        self.store.shop.emit("product.updated", product.id)
        return sku

    def _new_product(self) -> str:
        sku = f"NEW-{len(self.happened)}"
        self.store.add_product(sku, stock=30)
        self._skus.append(sku)
        return sku

    def _delete_product(self) -> str:
        """By force: without a webhook."""
        if len(self._skus) < 3 or self._is_too_much("product"):
            return "-"
        sku = self._skus.pop(self.rng.randrange(len(self._skus)))
        self.store.shop.catalog.remove(self.store._product(sku))
        return sku

    def _trash_product(self) -> str:
        if len(self._skus) < 3:
            return "-"
        sku = self._skus.pop(self.rng.randrange(len(self._skus)))
        self.store.trash_product(sku)
        return sku

    def _delete_variation(self) -> str:
        if len(self._sizes) < 3:
            return "-"
        sku = self._sizes.pop()
        self.store.shop.catalog.remove(self.store._product(sku))
        return sku

    def _customer(self) -> str:
        email = f"c{len(self.happened)}@example.com"
        return str(customers.create(self.store.shop, {"email": email}).id)

    def _no_customer(self) -> str:
        """Deleted past WooCommerce."""
        if not self.store.shop.customers or self._is_too_much("customer"):
            return "-"
        number = self.rng.choice(list(self.store.shop.customers))
        del self.store.shop.customers[number]
        return str(number)

    def _coupon(self) -> str:
        return str(coupons.create(self.store.shop, {"code": f"code{len(self.happened)}"}).id)
