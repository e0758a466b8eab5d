"""Every setting is acted on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import agent
from agent.settings import keys

_ROOT = Path(agent.__file__).parent
_CODE = "\n".join(
    path.read_text()
    for path in sorted(_ROOT.rglob("*.py"))
    if not {"settings", "demo"}.intersection(path.relative_to(_ROOT).parts)
)


@pytest.mark.parametrize("key", sorted(keys.FIELDS))
def test_a_setting_is_read_somewhere(key: str) -> None:
    assert re.search(rf"\.{key.rpartition('.')[2]}\b", _CODE)
