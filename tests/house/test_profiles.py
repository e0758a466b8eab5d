"""The list of what runs on an older store names what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.demo.shop.profile import WC_8_4, WC_10_5
from tests import profiles

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", sorted(profiles.ON_8_4))
def test_what_is_listed_is_there(name: str) -> None:
    file, _, test = name.partition("::")
    assert f"def {test or 'test_'}" in (ROOT / file).read_text()
    assert file not in profiles.ON_8_4 or not test, "all of the file is listed already"


def test_what_is_listed_runs_on_both_and_the_rest_on_the_newer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(profiles, "_ONLY", None)
    monkeypatch.setattr(profiles, "ON_8_4", {"a.py", "b.py::test_b"})
    assert profiles.of("a.py", "test_a") == [WC_10_5, WC_8_4]
    assert profiles.of("b.py", "test_b") == [WC_10_5, WC_8_4]
    assert profiles.of("b.py", "test_c") == [WC_10_5]
    monkeypatch.setattr(profiles, "_ONLY", "8.4")
    assert profiles.of("b.py", "test_c") == [WC_8_4]
