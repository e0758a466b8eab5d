"""The types of events and what each of them carries as ``data``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.model.coupon import Coupon
from agent.model.customer import Customer
from agent.model.deleted import Deleted
from agent.model.inventory import InventoryLevel
from agent.model.order import Order
from agent.model.refund import Refund
from agent.model.report import ReconciliationReport
from agent.model.retail_product import Product
from agent.model.store import Store

if TYPE_CHECKING:
    from pydantic import BaseModel

TYPES: dict[str, type[BaseModel]] = {
    "retail.order.snapshot.v1": Order,
    "retail.order.deleted.v1": Deleted,
    "retail.refund.snapshot.v1": Refund,
    "retail.refund.deleted.v1": Deleted,
    "retail.customer.snapshot.v1": Customer,
    "retail.customer.deleted.v1": Deleted,
    "retail.product.snapshot.v1": Product,
    "retail.product.deleted.v1": Deleted,
    "retail.coupon.snapshot.v1": Coupon,
    "retail.coupon.deleted.v1": Deleted,
    "retail.inventory.snapshot.v1": InventoryLevel,
    "retail.store.snapshot.v1": Store,
    "retail.reconciliation.report.v1": ReconciliationReport,
}
"""Of the canonical payload. Types that begin with ``woocommerce.`` carry the store's own JSON."""
