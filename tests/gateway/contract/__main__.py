"""Brings the committed contract up to date: ``python -m tests.gateway.contract``.

Frozen schemas (``tests/gateway/released``) are touched by hand only.
"""

from __future__ import annotations

from agent.gateway.contract import published
from tests.gateway.contract import examples, readme


def main() -> None:
    """Writes what the tests compare."""
    for name, example in examples.everything().items():
        path = published.HERE / "examples" / f"{name}.json"
        path.write_text(published.text(example), encoding="utf-8")
    for name, text in published.schemas().items():
        (published.HERE / "schemas" / name).write_text(text, encoding="utf-8")
    (published.HERE / "openapi.json").write_text(published.openapi(), encoding="utf-8")
    told = readme.filled(readme.PATH.read_text(encoding="utf-8"), examples.everything())
    readme.PATH.write_text(told, encoding="utf-8")


if __name__ == "__main__":
    main()
