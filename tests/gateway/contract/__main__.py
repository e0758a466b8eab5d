"""Brings the committed contract up to date: ``python -m tests.gateway.contract``.

Frozen schemas (``tests/gateway/released``) are never touched but by hand.
"""

from __future__ import annotations

from agent.gateway.contract import published


def main() -> None:
    """Writes what the tests compare."""
    for name, text in published.schemas().items():
        (published.HERE / "schemas" / name).write_text(text, encoding="utf-8")
    (published.HERE / "openapi.json").write_text(published.openapi(), encoding="utf-8")


if __name__ == "__main__":
    main()
