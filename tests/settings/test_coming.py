"""Every setting is acted on, or is said to do nothing yet."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import agent
from agent.settings import coming, keys, loading

_ROOT = Path(agent.__file__).parent
_CODE = "\n".join(
    path.read_text()
    for path in sorted(_ROOT.rglob("*.py"))
    if not {"settings", "demo"}.intersection(path.relative_to(_ROOT).parts)
)


@pytest.mark.parametrize("key", sorted(keys.FIELDS.keys() - coming.COMING))
def test_a_setting_in_effect_is_read_somewhere(key: str) -> None:
    assert re.search(rf"\.{key.rpartition('.')[2]}\b", _CODE)


def test_coming_settings_are_read_nowhere() -> None:
    for key in coming.COMING:
        section, _, name = key.rpartition(".")
        assert not re.search(rf"\b{section}(\(\))?\.{name}\b", _CODE), key


def _written(tmp_path: Path, more: str) -> Path:
    path = tmp_path / "brand.toml"
    path.write_text(
        '[store]\nid = "s"\nurl = "https://shop.example.com"\nconsumer_key = "k"\n'
        'consumer_secret = "s"\n[webhooks]\nsecret = "w"\n[gateway]\n'
        f'url = "https://erp.example.com"\ntoken = "t"\n[state]\ndir = "{tmp_path}"\n{more}'
    )
    path.chmod(0o600)
    return path


def test_a_coming_setting_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coming, "COMING", frozenset({"reconcile.stock"}))
    loaded = loading.load(config=_written(tmp_path, "[reconcile]\nstock = 'report'\n"), environ={})
    assert loaded.warnings == ("reconcile.stock is not in effect in this version",)
