from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.settings import find, keys, load
from tests.settings.instances import NOTHING_SECRET, Instances, variable

EXAMPLE = Path(__file__).parents[2] / "systemd" / "woo-agent.example.toml"


@pytest.mark.parametrize(
    ("config", "instance", "environ", "found"),
    [
        ("/srv/a.toml", "b", {"WOO_AGENT_CONFIG": "/srv/c.toml"}, "/srv/a.toml"),
        (None, "b", {"WOO_AGENT_CONFIG": "/srv/c.toml"}, "/etc/woo-agent/b.toml"),
        (None, None, {"WOO_AGENT_CONFIG": "/srv/c.toml"}, "/srv/c.toml"),
        (None, None, {"WOO_AGENT_CONFIG": ""}, "/etc/woo-agent/default.toml"),
        (None, None, {}, "/etc/woo-agent/default.toml"),
    ],
)
def test_the_file_is_the_one_named_most_plainly(
    config: str | None, instance: str | None, environ: dict[str, str], found: str
) -> None:
    named = Path(config) if config else None
    assert find(config=named, instance=instance, environ=environ) == Path(found)


def test_the_file_is_known_by_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find(config=Path("a.toml"), instance=None, environ={}) == tmp_path / "a.toml"


@pytest.mark.parametrize("name", ["../shadow", "a/b", "", ".hidden", "a b"])
def test_an_instance_is_a_name_and_not_a_path(name: str) -> None:
    with pytest.raises(ConfigError, match="can't be the name of an instance"):
        find(config=None, instance=name, environ={})


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(environ={}, instances=tmp_path)
    assert refused.value.message == f"there is no configuration at {tmp_path}/default.toml"
    assert f"copy woo-agent.example.toml to {tmp_path}/default.toml" in refused.value.hint


@pytest.mark.parametrize(
    ("name", "instance", "systemd", "found"),
    [
        ("brand.toml", None, None, "/var/lib/woo-agent/brand"),
        ("brand.toml", "other", None, "/var/lib/woo-agent/other"),
        ("brand.toml", None, "/srv/state/brand", "/srv/state/brand"),
        ("brand.toml", None, "/srv/state/brand:/srv/more", "/srv/state/brand"),
        ("sub/brand.toml", "other", None, "/var/lib/woo-agent/other"),
    ],
)
def test_the_state_goes_where_the_instance_or_systemd_says(
    instances: Instances, name: str, instance: str | None, systemd: str | None, found: str
) -> None:
    (instances.folder / "sub").mkdir()
    path = instances.write(NOTHING_SECRET, name)
    if systemd:
        instances.environ["STATE_DIRECTORY"] = systemd
    loaded = load(
        config=path, instance=instance, environ=instances.environ, instances=instances.folder
    )
    assert loaded.settings.state.dir == Path(found)
    assert loaded.origins["state.dir"] == ("environment STATE_DIRECTORY" if systemd else "default")


def test_a_setting_is_stronger_than_where_systemd_would_put_the_state(
    instances: Instances,
) -> None:
    instances.environ["STATE_DIRECTORY"] = "/srv/state"
    assert instances.with_line("state", 'dir = "/srv/mine"').state.dir == Path("/srv/mine")


def test_a_file_that_belongs_to_no_instance_has_to_say_where_the_state_goes(
    instances: Instances,
) -> None:
    path = instances.write(NOTHING_SECRET)
    with pytest.raises(ConfigError, match=r"^state\.dir is missing$"):
        load(config=path, environ=instances.environ)


def test_a_list_in_the_environment_has_commas(instances: Instances) -> None:
    instances.environ[variable("store.aliases")] = "https://www.shop.example.com, http://a:8080/"
    assert instances.settings().store.aliases == ("https://www.shop.example.com", "http://a:8080")


def test_a_table_is_one_setting_wherever_it_stands(instances: Instances) -> None:
    meant = {"shipped": "fulfilled", "picked-up": "fulfilled paid"}
    line = 'statuses = {shipped = "fulfilled", "picked-up" = "fulfilled paid"}'
    assert instances.with_line("canonical", line).canonical.statuses == meant
    instances.environ[variable("canonical.statuses")] = "shipped=fulfilled,picked-up=fulfilled paid"
    assert instances.settings().canonical.statuses == meant


def test_numbers_and_switches_may_come_from_the_environment(instances: Instances) -> None:
    instances.environ[variable("store.batch_size")] = "10"
    instances.environ[variable("store.verify_tls")] = "true"
    store = instances.settings().store
    assert (store.batch_size, store.verify_tls) == (10, True)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("gateway.url", "http://erp.example.com", "gateway.url is not https"),
        ("store.verify_tls", "false", "store.verify_tls is off"),
        ("admin.listen", "0.0.0.0:8788", "admin.token is missing"),
    ],
)
def test_what_works_but_is_doubtful_is_a_warning(
    instances: Instances, key: str, value: str, told: str
) -> None:
    instances.environ[variable(key)] = value
    (warning,) = instances.load().warnings
    assert warning.startswith(told)


def test_a_gateway_on_this_machine_needs_no_encryption(instances: Instances) -> None:
    instances.environ[variable("gateway.url")] = "http://127.0.0.1:9000"
    assert instances.load().warnings == ()


def test_the_example_loads_once_it_has_its_secrets(instances: Instances) -> None:
    loaded = load(config=EXAMPLE, instance="brand-de", environ=instances.environ)
    assert loaded.settings.store.id == "brand-de"
    assert loaded.warnings == ()


def shown_by_the_example() -> dict[str, str]:
    """Every setting of the example, set or behind a #, with its value."""
    section, shown = "", {}
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.removeprefix("# ").partition(" = ")
        if line.startswith("["):
            section = f"{line.strip('[]')}."
        elif equals and " " not in name:
            shown[f"{section}{name}"] = value
    return shown


def test_the_example_shows_every_setting_in_its_section() -> None:
    assert shown_by_the_example().keys() == keys.FIELDS.keys() | keys.FILES_OF_SECRETS.keys()


def test_whatever_the_example_shows_can_be_set_and_defaults_are_the_defaults(
    instances: Instances,
) -> None:
    shown = shown_by_the_example()
    open_keys = [key for key in keys.FIELDS if key not in keys.SECRETS]
    loaded = instances.load("\n".join(f"{key} = {shown[key]}" for key in open_keys))
    assert {loaded.origins[key] for key in open_keys} == {f"file {loaded.path}"}
    by_default = keys.written(instances.settings())
    as_shown = keys.written(loaded.settings)
    differ = {key for key in open_keys if by_default[key] and as_shown[key] != by_default[key]}
    assert differ == {"state.dir"}  # which has the name of the instance in it


def test_the_daemon_starts_without_the_command_line() -> None:
    script = "import sys, agent.settings; sys.exit(bool({'typer', 'rich'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
