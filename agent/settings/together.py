"""Settings that do not go together. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.settings.addresses import TcpAddress

if TYPE_CHECKING:
    from agent.settings.sections import Settings


def problem(of: Settings) -> str:
    """The first one, empty if there is none."""
    here, there = of.webhooks.listen, of.admin.listen
    if here == there and not (isinstance(here, TcpAddress) and here.port == 0):
        return "webhooks.listen and admin.listen must not be the same address"
    if of.gateway.payload == "raw" and (of.privacy.omit or of.privacy.hash):
        return (
            "privacy.omit and privacy.hash name canonical fields: they need"
            ' gateway.payload = "canonical"'
        )
    if of.reconcile.stock == "repair" and of.inventory.unseen_orders == "ignore":
        return (
            'reconcile.stock = "repair" needs inventory.unseen_orders = "subtract": it would write'
            " figures that do not know of orders"
        )
    return ""
