"""What plugins and older versions of WooCommerce make of the rows that a store shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.demo.shop import products

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Row = dict[str, Any]

_VARIATIONS = ("variation_body", "global_variation_body")


def shows(monkeypatch: pytest.MonkeyPatch, change: Callable[[Row], Row]) -> None:
    """Every row of a product or variation is shown changed, over REST and in webhooks."""
    for name in ("body", *_VARIATIONS):
        _wrap(monkeypatch, name, change)


def variations_show(monkeypatch: pytest.MonkeyPatch, change: Callable[[Row], Row]) -> None:
    """Rows of the routes of variations, and the answers of their batches, are shown changed."""
    for name in _VARIATIONS:
        _wrap(monkeypatch, name, change)


def _wrap(monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[Row], Row]) -> None:
    shown = getattr(products, name)
    monkeypatch.setattr(products, name, lambda *given, **more: change(shown(*given, **more)))
