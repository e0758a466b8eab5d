from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from agent.cli import main
from agent.clock import SystemClock
from agent.demo import scenario, tally
from agent.demo.gateway import Gateway
from tests import agents, processes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from agent.demo.scenario import Expected


pytestmark = pytest.mark.usefixtures("root_logger")


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Gateway]:
    """Somebody's own gateway."""
    gateway = Gateway(tmp_path / "gateway.db", SystemClock(), token=agents.TOKEN)
    async with gateway.serving():
        yield gateway


@pytest.mark.timeout(60)
async def test_a_day_in_a_shop_ends_with_a_tally_in_which_everything_holds() -> None:
    played = await processes.run("demo", "--orders", "20")
    assert played.exit_code == 0, played.stderr
    *lines, verdict = played.stdout.splitlines()
    assert len(lines) == 9
    assert all(line.startswith("ok ") for line in lines)
    assert verdict == "nothing lost, nothing doubled"
    assert "the gateway goes down" in played.stderr
    assert all(what in played.stdout for what in tally.LEFT_OUT[1:])


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


@pytest.mark.timeout(60)
async def test_somebodys_own_gateway_hears_of_the_orders_of_a_store_named_before(
    own: Gateway,
) -> None:
    played = await processes.run(
        *("demo", "--orders", "10", "--gateway", own.url),
        environ={"WOO_AGENT__GATEWAY__TOKEN": agents.TOKEN},
    )
    assert played.exit_code == 0, played.stdout + played.stderr
    said, *_ = played.stderr.splitlines()
    store = said.partition("for store ")[2].partition(";")[0]
    assert said.startswith(own.url)
    assert store.startswith("demo-")
    assert "the gateway goes down" not in played.stderr
    *lines, verdict = played.stdout.splitlines()
    drawn, left_out = lines[:5], lines[5:]
    assert all(line.startswith("ok ") for line in drawn)
    assert "10 of 10" in drawn[0]
    assert f" {len(own.events(store))} of {len(own.events(store))}" in drawn[1]
    assert left_out == [f"left out: {what}" for what in tally.LEFT_OUT]
    assert verdict == "nothing lost, as far as the agent knows"
    assert len([name for name in own.subjects(store) if name.startswith("order/")]) == 10
    assert agents.TOKEN not in played.stdout + played.stderr


@pytest.mark.timeout(60)
async def test_a_gateway_that_rejects_everything_is_not_told_well(own: Gateway) -> None:
    own.faults.reject(lambda _: True, code="no_such_brand", message="unknown here")
    played = await processes.run(
        "demo", "--orders", "10", "--gateway", own.url, "--token", agents.TOKEN
    )
    assert played.exit_code == 1
    orders, accepted, *_ = lines = played.stdout.splitlines()
    assert orders.startswith("WRONG")
    assert "0 of 10" in orders
    assert accepted.startswith("WRONG")
    assert " 0 of " in accepted
    [left_over] = [line for line in lines if "left over" in line]
    assert left_over.startswith("WRONG")
    assert left_over.endswith(" pending, 3 dead")
    assert lines[-1] == "NOT as it must be"
    assert "no_such_brand" in played.stderr  # the log says why


@pytest.mark.parametrize(
    ("arguments", "exit_code", "error"),
    [
        (["http://127.0.0.1:{port}"], 3, "error: http://127.0.0.1:{port} does not answer: "),
        (["{own}", "--token", "wrong"], 2, "error: {own} refuses this token for store demo-"),
        (["erp.example.com"], 2, "error: --gateway must be an http:// or https:// URL"),
        ([""], 2, "error: --gateway must be an http:// or https:// URL"),
        (["{own}", "--token", ""], 2, "error: --token is empty"),
    ],
)
async def test_a_gateway_that_is_not_there_or_does_not_want_us_is_one_line_and_a_hint(
    own: Gateway, arguments: list[str], exit_code: int, error: str
) -> None:
    names = {"port": agents.closed_port(), "own": own.url}
    played = await processes.run("demo", "--gateway", *(a.format(**names) for a in arguments))
    assert played.exit_code == exit_code
    line, hint = played.stderr.splitlines()
    assert line.startswith(error.format(**names))
    assert hint.startswith("hint: woo-agent ")
    assert played.stdout == ""
