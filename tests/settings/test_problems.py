from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import ConfigError
from agent.settings import keys, problems
from tests.settings.instances import NOTHING_SECRET, SECRETS, Instances, variable


def lines(instances: Instances, text: str = NOTHING_SECRET) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        instances.load(text)
    assert refused.value.hint == (
        f"correct it, then run: woo-agent config check --config {instances.folder}/brand.toml"
    )
    return refused.value.message.split("\n")


@pytest.mark.parametrize(
    ("section", "line", "told"),
    [
        ("store", "batch_size = 0", "must be at least 1, got 0"),
        ("store", "batch_size = 101", "must be at most 100, got 101"),
        ("store", "batch_size = 1.5", "must be a whole number, got 1.5"),
        ("store", 'batch_size = "many"', 'must be a whole number, got "many"'),
        ("store", "write_concurrency = 9", "must be at most 8, got 9"),
        ("store", "timeout = 90", 'needs a unit, such as "90s", got 90'),
        ("store", 'timeout = "0s"', 'must be more than zero, got "0s"'),
        (
            "store",
            'auth = "digest"',
            "must be 'auto', 'basic', 'query' or 'oauth1', got \"digest\"",
        ),
        ("store", 'verify_tls = "maybe"', 'must be true or false, got "maybe"'),
        ("store", "aliases = 1", 'must be a list, such as ["one", "two"], got 1'),
        (
            "store",
            'aliases = ["https://a", "b"]',
            'must be an http:// or https:// URL with a host, got "b"',
        ),
        ("store", "ca_file = 1", "must be a path in quotes, got 1"),
        (
            "store",
            "go_live = 2026-11-23",
            'must have a time zone: 2026-11-23T00:00:00Z, got "2026-11-23"',
        ),
        (
            "store",
            'connect_to = "shop:0"',
            'must have a port between 1 and 65535, got "shop:0"',
        ),
        ("webhooks", "max_body = 16", 'needs a unit, such as "16MiB", got 16'),
        ("webhooks", 'path = "hook"', 'must start with "/" and hold no blanks, ?, # or braces'),
        ("webhooks", "delivery_url = 1", "must be text in quotes, got 1"),
        ("gateway", "batch_size = 0", "must be at least 1, got 0"),
        ("inventory", "max_zeroed_percent = 101", "must be at most 100, got 101"),
        ("prices", "max_change_percent = -1", "must be at least 0, got -1"),
        ("canonical", "statuses = 1", 'must be a table, such as {one = "two"}, got 1'),
        (
            "canonical",
            'statuses = {shipped = "sent"}',
            "must say of shipped one or two of cancelled, fulfilled, unfulfilled, failed, paid,"
            ' unpaid, got {"shipped": "sent"}',
        ),
        ("log", 'level = "loud"', "must be 'debug', 'info', 'warning' or 'error', got \"loud\""),
    ],
)
def test_a_value_that_can_not_be_used_is_told_with_its_rule_and_its_place(
    instances: Instances, section: str, line: str, told: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        instances.with_line(section, line)
    key = f"{section}.{line.partition(' ')[0]}"
    assert refused.value.message.startswith(f"{key} {told}")
    assert refused.value.message.endswith(f" (in {instances.folder}/brand.toml)")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[gateway]\nclient_key = "/etc/ssl/key.pem"',
            "gateway.client_key needs gateway.client_cert",
        ),
        (
            '[privacy]\nomit = ["customer.email", "phone"]\nhash = ["customer.email"]',
            "privacy.omit and privacy.hash both name customer.email",
        ),
        (
            '[gateway]\npayload = "raw"\n[privacy]\nomit = ["phone"]',
            "privacy.omit and privacy.hash name canonical fields: they need"
            ' gateway.payload = "canonical"',
        ),
        (
            '[reconcile]\nstock = "repair"\n[inventory]\nunseen_orders = "ignore"',
            'reconcile.stock = "repair" needs inventory.unseen_orders = "subtract": it would write'
            " figures that do not know of orders",
        ),
        (
            '[admin]\nlisten = "127.0.0.1:8787"',
            "webhooks.listen and admin.listen must not be the same address",
        ),
        (
            '[webhooks]\nlisten = "unix:/run/a"\n[admin]\nlisten = "unix:/run/a"',
            "webhooks.listen and admin.listen must not be the same address",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_both_named(
    instances: Instances, text: str, told: str
) -> None:
    instances.environ[variable("gateway.url")] = "https://erp.example.com"
    store = NOTHING_SECRET.partition("[gateway]")[0]
    assert lines(instances, f"{store}{text}\n") == [told]


def test_an_unknown_key_is_named_with_the_nearest_known_one(instances: Instances) -> None:
    text = NOTHING_SECRET.replace("[gateway]", '[gateway]\ntiemout = "5s"')
    instances.environ["WOO_AGENT__LOG__LEVLE"] = "debug"
    instances.environ["WOO_AGENT__COLOUR"] = "red"
    assert lines(instances, text) == [
        f"gateway.tiemout is not a setting (in {instances.folder}/brand.toml); "
        "did you mean gateway.timeout?",
        "log.levle is not a setting (in environment WOO_AGENT__LOG__LEVLE); "
        "did you mean log.level?",
        "colour is not a setting (in environment WOO_AGENT__COLOUR)",
    ]


@pytest.mark.parametrize("text", ["store = 1", "[[store]]\nid = 1"])
def test_a_section_that_is_none_is_told_how_to_write_it(instances: Instances, text: str) -> None:
    told = f"store must be a section, written [store] (in {instances.folder}/brand.toml)"
    assert told in lines(instances, text)


def test_an_empty_section_is_no_problem(instances: Instances) -> None:
    assert instances.settings(f"{NOTHING_SECRET}[updates]\n") == instances.settings()


def test_all_problems_are_told_at_once(instances: Instances) -> None:
    instances.environ.clear()
    text = '[store]\nurll = "x"\nid = "a b"\n[admin]\ntoken_file = "/nowhere"\n'
    place = f"(in {instances.folder}/brand.toml)"
    assert lines(instances, text) == [
        f"store.urll is not a setting {place}; did you mean store.url?",
        "admin.token_file: /nowhere can't be read: No such file or directory",
        f'store.id must be 1 to 64 letters, digits, dots, dashes or underscores, got "a b" {place}',
        "store.url is missing",
        "store.consumer_key is missing",
        "store.consumer_secret is missing",
        "webhooks.secret is missing",
        "gateway.url is missing",
        "gateway.token is missing",
    ]


@pytest.mark.parametrize("shape", ['["{}"]', '{{a = "{}"}}', '"{}\\n"', '"""\n{}\n\n"""'])
@pytest.mark.parametrize("key", keys.SECRETS)
def test_no_error_shows_a_secret_however_it_was_written(
    instances: Instances, key: str, shape: str
) -> None:
    instances.environ.pop(variable(key), None)
    secret = "cs_9a8b7c-hush"
    section, _, name = key.partition(".")
    text = NOTHING_SECRET.partition(f"[{section}]")[0]
    told = lines(instances, f"{text}\n[{section}]\n{name} = {shape.format(secret)}\n")
    assert any(line.startswith(key) for line in told)
    assert "hush" not in "\n".join(told)
    assert not any(other in "\n".join(told) for other in SECRETS.values())


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (500, "500"),
        (True, "true"),
        (["a", 1], '["a", 1]'),
        ("ä", '"ä"'),
        ("ck_1f0e5d", '"ck_…"'),
        ("/keys/cs_9a8b7c", '"/keys/cs_…"'),
        ("whsec_MfKQ9r8+/=", '"whsec_…"'),
        ("https://me:p/w d@shop/x", '"https://…@shop/x"'),
        ("https://shop/?consumer_secret=hush", '"https://shop/?…"'),
        ("x" * 100, f'"{"x" * 79}…'),
    ],
)
def test_a_value_is_shown_as_it_is_written_but_short_and_without_what_looks_secret(
    value: object, told: str
) -> None:
    assert problems.shown(value) == told


@given(st.from_regex(r"\A(ck|cs)_[0-9a-f]{8,40}\Z"), st.sampled_from(["{}", "/run/{}", "a {} b"]))
def test_a_key_of_the_store_is_never_shown_wherever_it_was_put(key: str, around: str) -> None:
    assert key[3:] not in problems.shown(around.format(key))
