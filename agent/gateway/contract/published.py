"""The files of the contract: their texts as they are committed, and the examples beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agent.gateway.contract import openapi as document
from agent.gateway.contract import schemas as documents

HERE = Path(__file__).parent


def examples() -> dict[str, Any]:
    """Events by their type, other documents by the names of their schemas."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((HERE / "examples").glob("*.json"))
    }


def openapi() -> str:
    """The text of ``openapi.json``."""
    return text(document.document(examples()))


def schemas() -> dict[str, str]:
    """The texts of the files in ``schemas/``, by file name."""
    return {f"{name}.json": text(schema) for name, schema in documents.documents().items()}


def text(value: Any) -> str:
    """JSON for people, the same for the same value."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
