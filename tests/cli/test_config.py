from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from agent.cli import config
from agent.errors import ConfigError
from agent.settings import keys
from tests.settings.instances import NOTHING_SECRET, SECRETS, Instances, variable

if TYPE_CHECKING:
    from pathlib import Path


class Shop:
    """One configuration file, and the command run on it."""

    def __init__(self, folder: Path) -> None:
        instances = Instances(folder)
        self.path = instances.write(f'{NOTHING_SECRET}[state]\ndir = "{folder}"\n')
        self.environ = instances.environ

    def run(self, *arguments: str) -> Result:
        line = [*arguments, "--config", str(self.path)]
        result = CliRunner().invoke(config.app, line, env=self.environ)
        if isinstance(result.exception, ConfigError):
            raise result.exception
        return result


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_good_configuration_is_ok(shop: Shop) -> None:
    result = shop.run("check")
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"ok: {shop.path}\n", "")


def test_a_doubtful_configuration_is_ok_with_a_warning_beside_it(shop: Shop) -> None:
    shop.environ[variable("store.verify_tls")] = "false"
    result = shop.run("check")
    assert (result.exit_code, result.stdout) == (0, f"ok: {shop.path} (1 warning)\n")
    assert result.stderr.startswith("warning: store.verify_tls is off")
    told = json.loads(shop.run("check", "--json").stdout)
    assert told["path"] == str(shop.path)
    assert len(told["warnings"]) == 1


@pytest.mark.parametrize("command", ["check", "show"])
def test_a_bad_configuration_is_an_error_with_exit_code_2(shop: Shop, command: str) -> None:
    shop.environ[variable("store.batch_size")] = "500"
    with pytest.raises(ConfigError, match=r"store\.batch_size must be at most 100") as refused:
        shop.run(command)
    assert refused.value.exit_code == 2


def test_an_instance_without_a_file_is_told_where_it_was_looked_for() -> None:
    result = CliRunner().invoke(config.app, ["check", "--instance", "no-such-brand"])
    assert isinstance(result.exception, ConfigError)
    assert "/etc/woo-agent/no-such-brand.toml" in result.exception.message


def test_every_value_is_shown_with_its_origin(shop: Shop) -> None:
    shop.environ[variable("log.level")] = "debug"
    told: dict[str, Any] = json.loads(shop.run("show", "--json").stdout)
    rows = told["settings"]
    assert told["path"] == str(shop.path)
    assert rows.keys() == keys.FIELDS.keys()
    assert rows["store.id"] == {"value": "brand-de", "origin": f"file {shop.path}"}
    assert rows["log.level"] == {"value": "debug", "origin": "environment WOO_AGENT__LOG__LEVEL"}
    assert rows["gateway.timeout"] == {"value": "30s", "origin": "default"}
    assert rows["store.consumer_key"]["value"] == "**********"
    assert rows["admin.token"]["value"] is None


def test_the_table_has_a_row_per_setting_and_cuts_nothing_off(shop: Shop) -> None:
    shop.environ[variable("store.aliases")] = "https://a.example.com,https://b.example.com"
    shop.environ["COLUMNS"] = "300"
    shown = shop.run("show").stdout
    rows = {row[0]: row[1:] for line in shown.splitlines() if (row := line.split())}
    assert keys.FIELDS.keys() <= rows.keys()
    assert rows["store.aliases"][:2] == ["https://a.example.com,", "https://b.example.com"]
    assert rows["store.verify_tls"] == ["true", "default"]
    assert rows["admin.token"] == ["-", "default"]
    shop.environ["COLUMNS"] = "60"
    assert "…" not in shop.run("show").stdout


@pytest.mark.parametrize("arguments", [("check",), ("show",), ("show", "--json")])
def test_no_command_shows_a_secret(shop: Shop, arguments: tuple[str, ...]) -> None:
    shop.environ["COLUMNS"] = "300"
    result = shop.run(*arguments)
    assert result.exit_code == 0
    for secret in SECRETS.values():
        assert secret not in result.output


def test_the_schema_is_printed_without_any_configuration() -> None:
    result = CliRunner().invoke(config.app, ["schema"], env={"WOO_AGENT_CONFIG": "/nowhere"})
    assert result.exit_code == 0
    assert "store" in json.loads(result.stdout)["properties"]
