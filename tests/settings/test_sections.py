from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agent import settings
from agent.settings import Settings, TcpAddress, keys

LEAST: dict[str, Any] = {
    "store": {
        "id": "brand-de",
        "url": "https://shop.example.com",
        "consumer_key": "ck_1f0e5d",
        "consumer_secret": "cs_9a8b7c",
    },
    "webhooks": {"secret": "open sesame"},
    "gateway": {"url": "https://erp.example.com/woo", "token": "tok-4711"},
    "state": {"dir": "/var/lib/woo-agent/brand"},
}
DEFAULTS = """
stop_grace = "20s"
[store]
aliases = []
auth = "auto"
verify_tls = true
timeout = "90s"
batch_size = 100
write_concurrency = 2
wake_cron = true
[webhooks]
listen = "127.0.0.1:8787"
path = "/webhooks"
max_body = "16MiB"
[gateway]
payload = "canonical"
batch_size = 100
max_batch_bytes = "1MiB"
max_in_flight = 4
timeout = "30s"
poll_every = "10s"
accept_empty_2xx = false
[state]
max_size = "2GiB"
min_free = "200MiB"
retention = "30d"
[updates]
mode = "apply"
unversioned = "refuse"
enable_manage_stock = false
duplicate_sku = "reject"
unknown_sku_for = "24h"
trust_catalogue_for = "15m"
wait = "25s"
[inventory]
unseen_orders = "subtract"
uncertain = "10m"
baseline = "30d"
unexplained_for = "24h"
max_zeroed_percent = 20
[prices]
max_change_percent = 50
hold_zero = true
[reconcile]
orders_every = "5m"
webhooks_every = "1m"
sweep_every = "24h"
stock = "report"
requests_per_minute = 60
[ownership]
stock = "erp"
price = "erp"
sale = "erp"
[canonical]
meta = []
[canonical.statuses]
[privacy]
omit = []
hash = []
erase_within = "30d"
[admin]
listen = "127.0.0.1:8788"
[health]
max_order_age = "15m"
max_repeats = 30
max_webhook_lag = "10m"
[log]
level = "info"
format = "auto"
"""


def test_what_is_not_set_has_a_careful_default() -> None:
    table = tomllib.loads(DEFAULTS)
    expected = {"stop_grace": table.pop("stop_grace")}
    for section, inner in table.items():
        expected |= {f"{section}.{name}": value for name, value in inner.items()}
    given = {f"{section}.{name}" for section, inner in LEAST.items() for name in inner}
    told = keys.written(Settings(**LEAST))
    assert {key: told[key] for key in told.keys() - given if told[key] is not None} == expected


def test_values_arrive_in_the_types_that_the_program_reckons_with() -> None:
    read = Settings(**LEAST)
    assert read.store.timeout == timedelta(seconds=90)
    assert read.webhooks.listen == TcpAddress("127.0.0.1", 8787)
    assert read.webhooks.max_body == 16 * 1024 * 1024
    assert read.state.dir == Path("/var/lib/woo-agent/brand")
    assert read.gateway.token.get_secret_value() == "tok-4711"


def test_settings_never_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings(**LEAST).log.level = "debug"


def test_no_rendering_of_the_settings_shows_a_secret() -> None:
    read = Settings(**LEAST)
    shown = f"{read!r} {read} {read.store} {read.model_dump()} {read.model_dump_json()}"
    for secret in ("ck_1f0e5d", "cs_9a8b7c", "open sesame", "tok-4711"):
        assert secret not in shown


def test_a_refusal_does_not_show_what_was_refused() -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings(**{**LEAST, "gateway": {"url": "https://erp", "token": ["tok-4711"]}})
    assert "tok-4711" not in str(refusal.value)


def test_a_free_port_may_be_asked_for_twice() -> None:
    any_port = {"listen": "127.0.0.1:0"}
    read = Settings(**{**LEAST, "webhooks": {"secret": "s", **any_port}, "admin": any_port})
    assert read.webhooks.listen == read.admin.listen


def test_every_setting_says_what_it_is_for() -> None:
    assert [key for key, field in keys.FIELDS.items() if not field.description] == []


def test_every_section_can_be_imported_from_the_package() -> None:
    sections = {model.__name__ for model in keys.SECTIONS.values()}
    assert sections <= set(settings.__all__)
    assert all(hasattr(settings, name) for name in settings.__all__)
