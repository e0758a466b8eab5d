from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from agent.ops import systemd
from agent.ops.systemd import Notifier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "notify"))
        bound.settimeout(5)
        yield bound


def test_each_word_is_one_datagram(channel: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": channel.getsockname()})
    notifier.ready("running")
    notifier.status("gateway: down\nREADY=0")
    notifier.alive()
    notifier.reloading()
    notifier.stopping()
    told = [channel.recv(4096).decode() for _ in range(5)]
    assert told[:3] == ["READY=1\nSTATUS=running", "STATUS=gateway: down READY=0", "WATCHDOG=1"]
    reloading, since = told[3].split("\n")
    assert reloading == "RELOADING=1"
    assert int(since.removeprefix("MONOTONIC_USEC=")) > 0
    assert told[4] == "STOPPING=1"


def test_an_abstract_address_is_understood() -> None:
    name = f"woo-agent-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(f"\0{name}")
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).stopping()
        assert bound.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "/nonexistent/notify"}])
def test_without_systemd_it_is_silent(environ: dict[str, str]) -> None:
    Notifier(environ).ready("running")


@pytest.mark.parametrize(
    ("environ", "interval_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_ours_only_if_systemd_means_us(
    environ: dict[str, str], interval_s: float | None
) -> None:
    assert Notifier(environ).watchdog_s == interval_s


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_FDS": "1", "LISTEN_PID": "1"},
        {"LISTEN_FDS": "0", "LISTEN_PID": str(os.getpid())},
    ],
)
def test_a_socket_meant_for_somebody_else_is_not_taken(environ: dict[str, str]) -> None:
    assert systemd.inherited(environ) is None
