from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.settings import Settings, keys

if TYPE_CHECKING:
    from tests.settings.instances import Instances


def test_the_secrets_are_the_ones_that_may_stand_elsewhere() -> None:
    assert set(keys.SECRETS) == {
        "store.consumer_key",
        "store.consumer_secret",
        "webhooks.secret",
        "webhooks.previous_secret",
        "gateway.token",
        "gateway.signing_secret",
        "admin.token",
    }


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("gateway.tiemout", "gateway.timeout"),
        ("gatway.url", "gateway.url"),
        ("stop_grase", "stop_grace"),
        ("store.consumer_secret_fiel", "store.consumer_secret_file"),
        ("gateway.write_concurrency", "store.write_concurrency"),
        ("colour", None),
    ],
)
def test_the_nearest_setting_is_the_one_that_was_meant(written: str, meant: str | None) -> None:
    assert keys.nearest(written) == meant


def test_every_key_can_be_read(instances: Instances) -> None:
    read: Settings = instances.settings()
    assert keys.read(read, "stop_grace") == read.stop_grace
    assert keys.read(read, "store.url") == read.store.url
    assert keys.written(read).keys() == keys.FIELDS.keys()
