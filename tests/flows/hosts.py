"""What web hosts do to lists before they reach us."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from agent.demo.shop import query
from agent.demo.shop.state import Shop


def capped(patch: pytest.MonkeyPatch, most: int) -> None:
    """A page shows at most so many rows, whatever is asked for."""
    listed = query.listed

    def fewer(shop: Shop, path: str, parameters: Mapping[str, str], *rest: Any, **more: Any) -> Any:
        asked = min(most, int(parameters.get("per_page", most)))
        return listed(shop, path, {**parameters, "per_page": str(asked)}, *rest, **more)

    patch.setattr(query, "listed", fewer)


def cached(patch: pytest.MonkeyPatch, *paths: str, most: int = 10) -> None:
    """The first page of those lists is shown to everybody, wherever they begin."""
    listed = query.listed

    def same(
        shop: Shop,
        path: str,
        parameters: Mapping[str, str],
        rows: Iterable[Any],
        *rest: Any,
        **more: Any,
    ) -> Any:
        if path in paths:
            parameters = {**parameters, "offset": "", "page": "1", "per_page": str(most)}
        return listed(shop, path, parameters, rows, *rest, **more)

    patch.setattr(query, "listed", same)
