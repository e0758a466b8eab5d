from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.settings import changes, keys

if TYPE_CHECKING:
    from tests.settings.instances import Instances

LIVE = [
    ("log", 'level = "debug"'),
    ("updates", 'mode = "observe"'),
    ("updates", 'wait = "5s"'),
    ("inventory", 'unseen_orders = "ignore"'),
    ("inventory", "max_zeroed_percent = 5"),
    ("prices", "hold_zero = false"),
    ("reconcile", 'orders_every = "1m"'),
    ("health", 'max_order_age = "1h"'),
    ("health", 'max_webhook_lag = "1h"'),
    ("store", "batch_size = 10"),
    ("store", "write_concurrency = 1"),
    ("store", "wake_cron = false"),
    ("gateway", 'poll_every = "1m"'),
    ("gateway", "batch_size = 10"),
    ("gateway", "max_in_flight = 1"),
    ("privacy", 'erase_within = "7d"'),
]
NEEDS_RESTART = [
    ("log", 'format = "json"'),
    ("store", 'connect_to = "127.0.0.1:443"'),
    ("webhooks", 'listen = "127.0.0.1:9999"'),
    ("gateway", 'ca_file = "/etc/ssl/ca.pem"'),
    ("state", 'dir = "/srv/agent"'),
    ("updates", 'drop_folder = "/srv/drop"'),
    ("ownership", 'price = "store"'),
    ("canonical", 'meta = ["_vat_number"]'),
    ("canonical", 'statuses = {shipped = "fulfilled"}'),
    ("privacy", 'omit = ["billing_address.phone"]'),
    ("admin", 'token = "hush"'),
]


def key(section: str, line: str) -> str:
    return f"{section}.{line.partition(' ')[0]}"


@pytest.mark.parametrize(("section", "line"), LIVE)
def test_pace_guardrails_intervals_and_mode_change_while_running(
    instances: Instances, section: str, line: str
) -> None:
    old, new = instances.settings(), instances.with_line(section, line)
    assert changes.between(old, new) == changes.Changes([key(section, line)], [])
    assert changes.applied(old, new) == new


@pytest.mark.parametrize(("section", "line"), NEEDS_RESTART)
def test_what_is_opened_once_needs_a_restart(instances: Instances, section: str, line: str) -> None:
    old, new = instances.settings(), instances.with_line(section, line)
    assert changes.between(old, new) == changes.Changes([], [key(section, line)])
    assert changes.applied(old, new) == old


def test_a_reload_takes_over_only_what_may_change(instances: Instances) -> None:
    old = instances.settings()
    instances.environ["WOO_AGENT__STOP_GRACE"] = "5s"
    instances.environ["WOO_AGENT__GATEWAY__TOKEN"] = "tok-4712"
    new = instances.with_line("gateway", "batch_size = 7")
    assert changes.between(old, new) == changes.Changes(
        live=["gateway.batch_size"], needs_restart=["stop_grace", "gateway.token"]
    )
    in_force = changes.applied(old, new)
    assert in_force.gateway.batch_size == 7
    assert (in_force.gateway.token, in_force.stop_grace) == (old.gateway.token, old.stop_grace)


def test_nothing_changed_is_nothing_to_tell(instances: Instances) -> None:
    assert changes.between(instances.settings(), instances.settings()) == changes.Changes([], [])


def test_whatever_changes_while_running_is_a_setting() -> None:
    assert keys.FIELDS.keys() >= changes.LIVE
