"""What systemd and the daemon say to each other: readiness, status line, watchdog, sockets.

Protocols: sd_notify(3) and sd_listen_fds(3). All of it is silent where systemd is not there.
"""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIRST_FD = 3


class Notifier:
    """Datagrams to ``$NOTIFY_SOCKET``."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        usec = environ.get("WATCHDOG_USEC", "")
        mine = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_s = int(usec) / 1_000_000 if usec.isdigit() and mine else None

    def ready(self, status: str) -> None:
        """The daemon takes webhooks."""
        self._send(f"READY=1\nSTATUS={_one_line(status)}")

    def status(self, status: str) -> None:
        """The line that ``systemctl status`` shows."""
        self._send(f"STATUS={_one_line(status)}")

    def alive(self) -> None:
        """The loop turns and the writer answers."""
        self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """Followed by ``ready`` when done (Type=notify-reload wants the time with it)."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The daemon was asked to stop."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):
            address = "\0" + address[1:]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            try:
                channel.sendto(message.encode(), address)
            except OSError:
                return  # a supervisor that went away is no reason to stop


def inherited(environ: Mapping[str, str] = os.environ) -> socket.socket | None:
    """The listening socket that systemd opened for the webhooks (``woo-agent@.socket``): webhooks
    wait in the kernel while the agent restarts. None where there is none."""
    if environ.get("LISTEN_PID") != str(os.getpid()) or environ.get("LISTEN_FDS", "0") == "0":
        return None
    return socket.socket(fileno=_FIRST_FD)


def _one_line(status: str) -> str:
    """A line break would end the assignment."""
    return " ".join(status.split())
