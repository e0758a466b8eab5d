"""The store's list of webhooks, over REST (recordings webhook_create and webhook_list)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent import errors
from agent.model.registration import NAME_PREFIX, Registration
from agent.woo import pages
from agent.woo.translate import fields

if TYPE_CHECKING:
    from agent.settings import WebhookSettings
    from agent.woo import auth
    from agent.woo.client import Client

_HINT = "does a plugin change what the store's REST API answers? woo-agent webhooks status"
_KEYS_ACCOUNT = "its webhooks are for accounts with manage_woocommerce and a Read/Write key"


class Registry:
    """The calls. Each raises StoreError."""

    def __init__(self, client: Client, settings: WebhookSettings) -> None:
        self._client = client
        self._settings = settings

    async def all(self) -> list[Registration]:
        """Of all statuses and topics, also those that are not ours, by id."""
        extent = pages.Extent()
        rows: list[Registration] = []
        try:
            async for page in pages.by_id(self._client, "webhooks", {"status": "all"}, extent):
                rows += filter(None, map(_row, page))
        except errors.StoreRefusedError as error:
            raise _explained(error) from None
        if extent.is_short:  # what is not shown would be registered once more
            raise errors.StoreIncompleteError(extent.why_not("webhooks"), hint=_HINT)
        return rows

    async def create(self, topic: str) -> Registration:
        """A fresh one; what ended in doubt may have been made, which the next look shows."""
        asked = {
            "name": f"{NAME_PREFIX}{topic}",
            "topic": topic,
            "delivery_url": self._settings.delivery_url,
            "secret": self._settings.secret.get_secret_value(),
        }
        made = _row(await self._send("POST", "webhooks", asked))
        if made is None:
            raise errors.StoreUnavailableError(
                "the store's answer to POST webhooks is not a webhook", hint=_HINT
            )
        return made

    async def activate(self, webhook_id: int) -> None:
        """Its count of failures stays."""
        await self._send("PUT", f"webhooks/{webhook_id}", {"status": "active"})

    async def delete(self, webhook_id: int) -> None:
        """One that is gone already is gone."""
        try:
            await self._send("DELETE", f"webhooks/{webhook_id}", None, {"force": "true"})
        except errors.StoreRejectedError as error:
            if error.status != 404:
                raise

    async def _send(
        self, method: auth.Method, path: str, body: Any, query: Mapping[str, str] | None = None
    ) -> Any:
        try:
            return await self._client.send(method, path, body, query)
        except errors.StoreRefusedError as error:
            raise _explained(error) from None


def _explained(error: errors.StoreRefusedError) -> errors.StoreRefusedError:
    if error.status not in (401, 403):
        return error
    message = f"{error.message}; {_KEYS_ACCOUNT}"
    return errors.StoreRefusedError(message, hint=error.hint, status=error.status)


def _row(row: Any) -> Registration | None:
    if not isinstance(row, Mapping) or fields.reference(row.get("id")) != row.get("id"):
        return None
    told = (row.get(name) for name in ("name", "topic", "status", "delivery_url"))
    return Registration(row["id"], *(value if isinstance(value, str) else "" for value in told))
