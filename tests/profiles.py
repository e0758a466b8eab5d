"""On which releases of the store a test runs that asks for ``profile``, itself or by a fixture.

All run on 10.5. Those of ``ON_8_4`` run on 8.4 too: whole files, or single tests of a file; the
list only grows. ``WOO_AGENT_TEST_PROFILE=8.4`` runs every one of them on that release alone, to see
which are missing from it.
"""

from __future__ import annotations

import os

from agent.demo.shop.profile import PROFILES, WC_8_4, WC_10_5, Profile

_ONLY = os.environ.get("WOO_AGENT_TEST_PROFILE")
ON_8_4 = {
    "tests/crash/test_stock_race.py::test_without_the_unseen_orders_it_shows_too_much",
    "tests/flows/test_drop_folder.py",
    "tests/flows/test_erasure.py",
    "tests/flows/test_figures_in_force.py",
    "tests/flows/test_first_start.py::test_a_webhook_is_told_however_old_its_order_is",
    "tests/flows/test_guardrails.py",
    "tests/flows/test_inventory.py",
    "tests/flows/test_late_webhooks.py",
    "tests/flows/test_never_there.py",
    "tests/flows/test_no_events.py",
    "tests/flows/test_overtaken_answers.py",
    "tests/flows/test_ownership.py",
    "tests/flows/test_pause.py",
    "tests/flows/test_privacy.py",
    "tests/flows/test_quiet_day.py",
    "tests/flows/test_reconcile_by_hand.py",
    "tests/flows/test_refunds.py::test_a_refund_follows_its_order_with_lines_units_and_reason",
    "tests/flows/test_refunds.py::test_a_refund_that_vanished_is_told",
    "tests/flows/test_refunds.py::test_a_restart_between_order_and_refund",
    "tests/flows/test_refunds.py::test_lost_and_repeated_webhooks_tell_each_refund_once",
    "tests/flows/test_reverting.py",
    "tests/flows/test_stock_ledger.py::test_an_edit_and_the_trash",
    "tests/flows/test_stock_ledger.py::test_the_life_of_a_line_across_a_restart_and_a_lost_answer",
    "tests/flows/test_store.py",
    "tests/flows/test_trace.py",
    "tests/flows/test_webhook_watchdog.py",
    "tests/flows/test_who_is_there.py",
    "tests/flows/test_without_webhooks.py",
}


def of(file: str, test: str) -> list[Profile]:
    """``file`` from the root of the project, ``test`` without its parameters."""
    if _ONLY:
        return [PROFILES[_ONLY]]
    older = file in ON_8_4 or f"{file}::{test}" in ON_8_4
    return [WC_10_5, WC_8_4] if older else [WC_10_5]
