"""The figure to write, against an ERP of which everything is known."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from tests.updates import erp_model
from tests.updates.erp_model import UNCERTAIN, WATERMARKS, History, Snapshot, histories, shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from agent.model.update import StockUpdate
    from tests.updates.erp_model import Rule


def _rules() -> dict[str, Rule]:
    """The reference, and the agent's own function where there is one."""
    rules: dict[str, Rule] = {"reference": erp_model.unseen_units}
    if importlib.util.find_spec("agent.updates.stock") is not None:
        stock: Any = importlib.import_module("agent.updates.stock")

        def ours(update: StockUpdate, fetched_at: datetime, known: Iterable[Snapshot]) -> int:
            return int(stock.unseen_units(update, fetched_at, known, uncertain=UNCERTAIN))

        rules["agent"] = ours
    return rules


RULES = _rules()
_quick = settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("watermark", WATERMARKS)
def test_never_more_is_shown_than_can_be_sold(name: str, watermark: str) -> None:
    @_quick
    @given(histories(watermark))
    def holds(history: History) -> None:
        assert shown(history, RULES[name]) <= history.sellable

    holds()


@pytest.mark.parametrize("name", RULES)
@_quick
@given(history=st.sampled_from(WATERMARKS[:3]).flatmap(histories))
def test_what_the_erp_has_seen_for_certain_hides_nothing(name: str, history: History) -> None:
    if history.told_everything:
        assert shown(history, RULES[name]) == history.update.quantity


@pytest.mark.parametrize("name", RULES)
@_quick
@given(history=st.sampled_from(WATERMARKS).flatmap(histories))
def test_the_agents_rules_are_the_reference(name: str, history: History) -> None:
    assert shown(history, RULES[name]) == shown(history, erp_model.unseen_units)


@pytest.mark.parametrize("watermark", ["position", "as_of"])
@pytest.mark.parametrize(
    "rule", [erp_model.nothing, erp_model.returns_at_once, erp_model.doubt_is_unseen]
)
def test_each_rule_left_out_shows_too_much(rule: Rule, watermark: str) -> None:
    first_found = settings(max_examples=5000, database=None, phases=[Phase.generate])
    found = find(
        histories(watermark),
        lambda history: shown(history, rule) > history.sellable,
        settings=first_found,
    )
    assert shown(found, erp_model.unseen_units) <= found.sellable
