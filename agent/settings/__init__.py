"""The configuration of one agent: checked at the door, frozen, and never half-changed."""

from __future__ import annotations

from agent.settings.addresses import TcpAddress, UnixAddress
from agent.settings.loading import Loaded, find, load
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
    StateSettings,
    StoreSettings,
    UpdateSettings,
    WebhookSettings,
)
from agent.settings.whole import Settings

__all__ = [
    "AdminSettings",
    "CanonicalSettings",
    "GatewaySettings",
    "HealthSettings",
    "InventorySettings",
    "Loaded",
    "LogSettings",
    "OwnershipSettings",
    "PriceSettings",
    "PrivacySettings",
    "ReconcileSettings",
    "Settings",
    "StateSettings",
    "StoreSettings",
    "TcpAddress",
    "UnixAddress",
    "UpdateSettings",
    "WebhookSettings",
    "find",
    "load",
]
