"""The unit files, as systemd reads them."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from agent.ops import http
from agent.settings import Settings
from agent.settings.quantities import duration

FOLDER = Path(__file__).parents[2] / "systemd"
SERVICE, SOCKET = "woo-agent@.service", "woo-agent@.socket"
PROGRAM = "/opt/woo-agent/bin/woo-agent"
EXPOSURE = 15  # tenths; systemd calls up to 2 safe enough for a service on the network


def settings(unit: str) -> dict[str, list[str]]:
    """What the unit sets, by ``Section.Key``."""
    found = defaultdict(list)
    section = ""
    for line in (FOLDER / unit).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[f"{section}.{key}"].append(value)
    return found


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with a program that this machine has."""
    for name in (SERVICE, SOCKET):
        text = (FOLDER / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace(PROGRAM, "/bin/true"), encoding="utf-8")
    return tmp_path


def systemd(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    found = shutil.which(tool)
    assert found, f"{tool} is missing: apt-get install systemd"
    return subprocess.run([found, *arguments], capture_output=True, text=True, check=False)


def test_systemd_understands_every_line(units: Path) -> None:
    verified = systemd("systemd-analyze", "verify", str(units / SERVICE), str(units / SOCKET))
    assert (verified.returncode, verified.stderr) == (0, "")


def test_the_service_is_hardened(units: Path) -> None:
    options = ("--offline=true", "--no-pager", f"--threshold={EXPOSURE}")
    judged = systemd("systemd-analyze", "security", *options, str(units / SERVICE))
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_systemd_makes_the_user_that_the_service_runs_as() -> None:
    user = settings(SERVICE)["Service.User"]
    assert user == settings(SERVICE)["Service.Group"] == settings(SOCKET)["Socket.SocketGroup"]
    file = str(FOLDER / "woo-agent.sysusers.conf")
    made = systemd("systemd-sysusers", "--dry-run", "--root=/nonexistent", file)
    assert made.returncode == 0, made.stderr
    assert f"Creating user '{user[0]}'" in made.stderr


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Unit.StartLimitIntervalSec", "0"),
        ("Service.Type", "notify"),
        ("Service.ExecStart", f"{PROGRAM} run --instance %i"),
        ("Service.ExecReload", "/bin/kill -HUP $MAINPID"),
        ("Service.Restart", "always"),
        ("Service.RestartSec", "2"),
        ("Service.RestartPreventExitStatus", "2"),
        ("Service.StateDirectory", "woo-agent/%i"),
        ("Service.StateDirectoryMode", "0700"),
    ],
)
def test_the_service_restarts_for_ever_except_for_a_bad_configuration(key: str, value: str) -> None:
    assert settings(SERVICE)[key] == [value]


def test_systemd_waits_longer_for_the_end_than_the_agent_takes() -> None:
    [given] = settings(SERVICE)["Service.TimeoutStopSec"]
    grace_s = Settings.model_fields["stop_grace"].default.total_seconds()
    assert int(given) > grace_s + 2 * http.CLOSE_WITHIN_S


def test_the_watchdog_leaves_time_for_a_disk_that_is_slow() -> None:
    [given] = settings(SERVICE)["Service.WatchdogSec"]
    assert int(given) >= 30


def test_the_socket_ends_with_the_agent_and_lets_nobody_hang() -> None:
    socket = settings(SOCKET)
    assert socket["Socket.ListenStream"] == ["/run/woo-agent/%i/webhooks.sock"]
    assert socket["Unit.PartOf"] == ["woo-agent@%i.service"]
    assert int(settings(SERVICE)["Service.TimeoutStartSec"][0]) <= 60
    for bound in ("Backlog", "TriggerLimitIntervalSec", "TriggerLimitBurst"):
        assert int(socket[f"Socket.{bound}"][0]) > 0


def test_the_web_server_lets_the_largest_webhook_through_and_waits_less_than_the_store() -> None:
    snippet = (FOLDER / "woo-agent.nginx.conf").read_text(encoding="utf-8")
    assert "client_max_body_size 16m;" in snippet
    assert "http://unix:/run/woo-agent/brand-de/webhooks.sock:/webhooks;" in snippet
    wait = snippet.partition("proxy_read_timeout ")[2].partition(";")[0]
    assert duration(wait).total_seconds() < 60
