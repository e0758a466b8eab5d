from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.errors import ConfigError
from agent.settings import load
from tests.settings.instances import NOTHING_SECRET, SECRETS, Instances, variable

if TYPE_CHECKING:
    from pathlib import Path

KEY = "store.consumer_secret"


def put(instances: Instances, place: str, secret: str) -> None:
    """The secret in one of the places where it may stand."""
    match place:
        case "environment":
            instances.environ[variable(KEY)] = secret
        case "file named in the environment":
            instances.environ[variable(f"{KEY}_file")] = str(instances.write(secret, "named"))
        case "credential":
            folder = instances.folder / "credentials"
            folder.mkdir()
            (folder / KEY).write_text(secret)
            instances.environ["CREDENTIALS_DIRECTORY"] = str(folder)


def written(instances: Instances, place: str, secret: str) -> str:
    """The configuration with the secret in it, or in a file that it names."""
    if place == "inline":
        line = f'consumer_secret = "{secret}"'
    else:
        line = f'consumer_secret_file = "{instances.write(secret, "secret")}"'
    return NOTHING_SECRET.replace("[store]", f"[store]\n{line}")


@pytest.mark.parametrize("stronger", ["environment", "file named in the environment", "credential"])
@pytest.mark.parametrize("weaker", ["inline", "file"])
def test_the_environment_and_systemd_are_stronger_than_the_file(
    instances: Instances, stronger: str, weaker: str
) -> None:
    del instances.environ[variable(KEY)]
    text = written(instances, weaker, "cs_weak")
    assert instances.settings(text).store.consumer_secret.get_secret_value() == "cs_weak"
    put(instances, stronger, "cs_strong")
    assert instances.settings(text).store.consumer_secret.get_secret_value() == "cs_strong"


@pytest.mark.parametrize("stronger", ["environment", "file named in the environment"])
def test_the_environment_is_stronger_than_systemd(instances: Instances, stronger: str) -> None:
    del instances.environ[variable(KEY)]
    put(instances, "credential", "cs_weak")
    put(instances, stronger, "cs_strong")
    assert instances.settings().store.consumer_secret.get_secret_value() == "cs_strong"


def test_every_value_tells_where_it_came_from(instances: Instances) -> None:
    instances.environ[variable("log.level")] = "debug"
    instances.environ[variable("stop_grace")] = "5s"
    del instances.environ[variable(KEY)]
    put(instances, "credential", "cs_1")
    token = instances.write("hush\n", "token")
    loaded = instances.load(f'{NOTHING_SECRET}[admin]\ntoken_file = "{token}"\n')
    assert loaded.origins["store.url"] == f"file {instances.folder}/brand.toml"
    assert loaded.origins["log.level"] == "environment WOO_AGENT__LOG__LEVEL"
    assert loaded.origins["stop_grace"] == "environment WOO_AGENT__STOP_GRACE"
    assert loaded.origins["store.consumer_secret"] == "credential store.consumer_secret"
    assert loaded.origins["admin.token"] == f"file {token} (token_file)"
    assert loaded.origins["gateway.timeout"] == loaded.origins["state.dir"] == "default"


@pytest.mark.parametrize("secret", list(SECRETS))
def test_any_secret_may_be_a_systemd_credential(instances: Instances, secret: str) -> None:
    value = instances.environ.pop(variable(secret))
    credentials = instances.folder / "credentials"
    credentials.mkdir()
    (credentials / secret).write_text(value)
    instances.environ["CREDENTIALS_DIRECTORY"] = str(credentials)
    assert instances.load().origins[secret] == f"credential {secret}"


@pytest.mark.parametrize("content", ["hush", "hush\n", "hush\r\n", "hush\n\n"])
def test_the_line_end_of_a_secret_file_is_not_part_of_the_secret(
    instances: Instances, content: str
) -> None:
    path = instances.write("", "token")
    path.write_bytes(content.encode())
    token = instances.with_line("admin", f'token_file = "{path}"').admin.token
    assert token is not None
    assert token.get_secret_value() == "hush"


def refusal(instances: Instances, text: str = NOTHING_SECRET) -> ConfigError:
    with pytest.raises(ConfigError) as refused:
        instances.load(text)
    return refused.value


@pytest.mark.parametrize("name", ["missing", "folder", "picture"])
def test_a_secret_file_that_can_not_be_read_is_named_with_its_key(
    instances: Instances, name: str
) -> None:
    (instances.folder / "folder").mkdir()
    (instances.folder / "picture").write_bytes(b"\x89PNG")
    path = instances.folder / name
    del instances.environ[variable("webhooks.secret")]
    reason = {
        "missing": "can't be read: No such file or directory",
        "folder": "can't be read: Is a directory",
        "picture": "is not UTF-8 text",
    }[name]
    told = refusal(instances, f'{NOTHING_SECRET}[webhooks]\nsecret_file = "{path}"\n')
    assert told.message == f"webhooks.secret_file: {path} {reason}"


def test_a_credential_that_can_not_be_read_is_named(instances: Instances) -> None:
    (instances.folder / KEY).mkdir()
    instances.environ["CREDENTIALS_DIRECTORY"] = str(instances.folder)
    assert refusal(instances).message == (
        f"credential {KEY}: {instances.folder}/{KEY} can't be read: Is a directory"
    )


def test_a_secret_file_is_named_by_its_whole_path(instances: Instances) -> None:
    told = refusal(instances, f'{NOTHING_SECRET}[admin]\ntoken_file = "token"\n')
    assert told.message == (
        f'admin.token_file must be an absolute path, got "token" (in {instances.folder}/brand.toml)'
    )


def test_a_secret_that_is_given_twice_in_one_place_is_an_error(instances: Instances) -> None:
    path = instances.write("cs_1", "secret")
    twice = f'[store]\nconsumer_secret = "cs_2"\nconsumer_secret_file = "{path}"'
    assert refusal(instances, NOTHING_SECRET.replace("[store]", twice)).message == (
        "store.consumer_secret and store.consumer_secret_file are both given "
        f"(in {instances.folder}/brand.toml)"
    )
    instances.environ[variable(f"{KEY}_file")] = str(path)
    assert refusal(instances).message == (
        "store.consumer_secret and store.consumer_secret_file are both given "
        "(in environment WOO_AGENT__STORE__CONSUMER_SECRET_FILE)"
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[store]\nurl = https://shop\n", "is not TOML: Invalid value (at line 2, column 7)"),
        (b"[store]\n[store", "(at line 2, column 7)"),
        (b'a = 1\na = "cs_9a8b7c"\n', "(at line 2, column 16)"),
        (b'[store]\nid = "caf\xe9"\n', "is not UTF-8 text (at byte 17)"),
    ],
)
def test_a_file_that_is_no_toml_says_where(instances: Instances, content: bytes, told: str) -> None:
    path = instances.write("")
    path.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        load(config=path, environ={})
    assert refused.value.message.startswith(f"{path} ")
    assert refused.value.message.endswith(told)
    assert str(path) in refused.value.hint


def test_a_file_saved_by_a_windows_editor_is_read(instances: Instances) -> None:
    text = NOTHING_SECRET.replace("\n", "\r\n")
    assert instances.settings(f"\ufeff{text}").store.id == "brand-de"


def test_a_folder_is_not_a_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read: Is a directory"):
        load(config=tmp_path, environ={})


def test_secrets_that_every_user_can_read_are_a_warning(instances: Instances) -> None:
    secret = instances.write("hush", "token", mode=0o644)
    text = f'{NOTHING_SECRET}[admin]\ntoken_file = "{secret}"\n[webhooks]\nsecret = "s"\n'
    path = instances.write(text, mode=0o604)
    loaded = load(config=path, environ=instances.environ, instances=instances.folder)
    assert loaded.warnings == (
        f"every user can read the secrets in {path}: chmod o= {path}",
        f"admin.token_file: every user can read {secret}: chmod o= {secret}",
    )


def test_a_file_without_secrets_may_be_read_by_everybody(instances: Instances) -> None:
    path = instances.write(NOTHING_SECRET, mode=0o644)
    assert load(config=path, environ=instances.environ, instances=path.parent).warnings == ()
