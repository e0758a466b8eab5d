"""The whole configuration, and which settings do not go together."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import model_validator

from agent.settings.addresses import TcpAddress
from agent.settings.quantities import Duration
from agent.settings.sections import (
    AdminSettings,
    CanonicalSettings,
    GatewaySettings,
    HealthSettings,
    InventorySettings,
    LogSettings,
    OwnershipSettings,
    PriceSettings,
    PrivacySettings,
    ReconcileSettings,
    Section,
    StateSettings,
    StoreSettings,
    UpdateSettings,
    WebhookSettings,
)


class Settings(Section):
    """The whole configuration of one agent."""

    stop_grace: Duration = timedelta(seconds=20)
    """How long running work may finish when the agent is asked to stop."""
    store: StoreSettings
    webhooks: WebhookSettings
    gateway: GatewaySettings
    state: StateSettings
    updates: UpdateSettings = UpdateSettings()
    inventory: InventorySettings = InventorySettings()
    prices: PriceSettings = PriceSettings()
    reconcile: ReconcileSettings = ReconcileSettings()
    ownership: OwnershipSettings = OwnershipSettings()
    canonical: CanonicalSettings = CanonicalSettings()
    privacy: PrivacySettings = PrivacySettings()
    admin: AdminSettings = AdminSettings()
    health: HealthSettings = HealthSettings()
    log: LogSettings = LogSettings()

    @model_validator(mode="after")
    def _listeners_do_not_collide(self) -> Self:
        here, there = self.webhooks.listen, self.admin.listen
        if here == there and not (isinstance(here, TcpAddress) and here.port == 0):
            raise ValueError("webhooks.listen and admin.listen must not be the same address")
        return self

    @model_validator(mode="after")
    def _private_fields_are_ours(self) -> Self:
        if self.gateway.payload == "raw" and (self.privacy.omit or self.privacy.hash):
            raise ValueError(
                "privacy.omit and privacy.hash name canonical fields: they need"
                ' gateway.payload = "canonical"'
            )
        return self

    @model_validator(mode="after")
    def _repairs_know_of_orders(self) -> Self:
        if self.reconcile.stock == "repair" and self.inventory.unseen_orders == "ignore":
            raise ValueError(
                'reconcile.stock = "repair" needs inventory.unseen_orders = "subtract": it would'
                " write figures that do not know of orders"
            )
        return self
