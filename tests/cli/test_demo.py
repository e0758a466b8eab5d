from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from agent.cli import main
from agent.demo import scenario
from tests import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.demo.scenario import Expected


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    """The demo sets up logging anew: afterwards it is as it was."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.mark.timeout(60)
async def test_a_day_in_a_shop_ends_with_a_tally_in_which_everything_holds() -> None:
    played = await processes.run("demo", "--orders", "20")
    assert played.exit_code == 0, played.stderr
    *lines, verdict = played.stdout.splitlines()
    assert len(lines) == 9
    assert all(line.startswith("ok ") for line in lines)
    assert verdict == "nothing lost, nothing doubled"
    assert "the gateway goes down" in played.stderr


@pytest.mark.timeout(60)
def test_a_figure_that_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def take_no_orders(*_: object, **__: object) -> None:
        """Only the second half of the day is played."""

    def two_updates(expected: Expected, *_: object, **__: object) -> Iterator[dict[str, Any]]:
        for number, sku in enumerate(["MUG-01", "MUG-02"]):
            expected.stock[sku], expected.results[sku] = 7, "good"
            quantity = 7 - number
            yield {"kind": "stock", "id": sku, "sku": sku, "version": 1, "quantity": quantity}

    monkeypatch.setattr(scenario, "take_orders", take_no_orders)
    monkeypatch.setattr(scenario, "late_orders", lambda *_: {})
    monkeypatch.setattr(scenario, "updates", two_updates)
    played = CliRunner().invoke(main.app, ["demo", "--orders", "10"])
    assert played.exit_code == 1
    *lines, verdict = played.stdout.splitlines()
    assert verdict == "NOT as it must be"
    wrong = {line for line in lines if line.startswith("WRONG")}
    assert any("stock figures right in the store" in line and "60 of 61" in line for line in wrong)
    assert any("orders the ERP knows" in line and "0 of 0" in line for line in wrong)
    assert any(line.startswith("ok ") and "prices right" in line for line in lines)
