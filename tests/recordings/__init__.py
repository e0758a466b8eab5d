"""What a running WooCommerce 10.5.0 sent (``webhooks/``) and answered (``rest/``).

``webhooks-8.4/`` and ``rest-8.4/`` are of an 8.4.0 with orders as posts and gross prices.

The secret of every recorded signature is ``SECRET``; a signature is over the very bytes of the
body.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET = "s3cret"
SOURCE = "http://shop.localtest:8080/"
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Webhook:
    """One recorded delivery."""

    name: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def topic(self) -> str:
        return self.headers.get("X-WC-Webhook-Topic", "")

    @property
    def number(self) -> int:
        return int(self.name[:2])

    def json(self) -> Any:
        return json.loads(self.body)


def webhooks(profile: str = "10.5") -> list[Webhook]:
    """All deliveries in recorded order; the first of 10.5 is the unsigned ping."""
    return [_webhook(path) for path in sorted(_folder("webhooks", profile).glob("*.json"))]


def webhook(number: int) -> Webhook:
    """The recorded delivery with that number."""
    [path] = (_HERE / "webhooks").glob(f"{number:02d}-*.json")
    return _webhook(path)


def rest(name: str, profile: str = "10.5") -> dict[str, Any]:
    """``{"note", "request": {method, path, query, body}, "response": {status, headers, body}}``."""
    loaded: dict[str, Any] = json.loads((_folder("rest", profile) / f"{name}.json").read_text())
    return loaded


def rest_names(profile: str) -> list[str]:
    """All recorded requests, by name."""
    return sorted(path.stem for path in _folder("rest", profile).glob("*.json"))


def _folder(kind: str, profile: str) -> Path:
    return _HERE / (kind if profile == "10.5" else f"{kind}-{profile}")


def _webhook(path: Path) -> Webhook:
    raw = json.loads(path.read_text())
    headers = {k: v for k, v in raw["headers"].items() if k not in ("Host", "Content-Length")}
    return Webhook(name=path.stem, headers=headers, body=raw["body"].encode())
