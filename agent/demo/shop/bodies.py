"""The recorded bodies that answers and webhooks are cut from, one JSON file per kind."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

JSON = dict[str, Any]


@cache
def template(name: str) -> JSON:
    """``templates/NAME.json``; shared, so spread it into a new body and never change it."""
    loaded: JSON = json.loads(text(f"{name}.json"))
    return loaded


def text(file: str) -> str:
    """One file of ``templates/``."""
    return resources.files(__package__).joinpath("templates", file).read_text(encoding="utf-8")


def links(self_url: str, collection_url: str, allow: str = "GET POST PUT PATCH DELETE") -> JSON:
    """``_links`` with the two entries that every resource has."""
    return {
        "self": [{"href": self_url, "targetHints": {"allow": allow.split()}}],
        "collection": [{"href": collection_url}],
    }
