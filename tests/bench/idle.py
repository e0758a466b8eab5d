"""The daemon as a process: how long until it is ready, and what it costs while nothing happens."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from agent.clock import SystemClock
from tests import agents

IDLE_S = 30.0
STARTS = 5
_TICKS = os.sysconf("SC_CLK_TCK")


def measure() -> dict[str, Any]:
    """Several starts (the median counts), then one idle half minute with store and gateway away."""
    with tempfile.TemporaryDirectory() as folder:
        ready = sorted(_start_and_stop(Path(folder)) for _ in range(STARTS))
        process, _ = started(Path(folder))
        try:
            time.sleep(5)
            before = _cpu_s(process.pid)
            time.sleep(IDLE_S)
            used = _cpu_s(process.pid) - before
            resident = resident_mb(process.pid)
        finally:
            process.terminate()
            process.wait()
    return {
        "benchmark": "idle",
        "ready_s": round(ready[STARTS // 2], 2),
        "ready_worst_s": round(ready[-1], 2),
        "resident_mb": round(resident, 1),
        "cpu_percent_of_a_core": round(100 * used / IDLE_S, 2),
    }


def _start_and_stop(folder: Path) -> float:
    process, seconds = started(folder)
    process.terminate()
    process.wait()
    return seconds


def started(folder: Path) -> tuple[subprocess.Popen[bytes], float]:
    """A daemon whose state is in ``folder/state``, ready; and how long that took."""
    config, admin = folder / "bench.toml", agents.closed_port()
    config.write_text(
        f"""[store]
id = "bench"
url = "http://127.0.0.1:{agents.closed_port()}"
consumer_key = "ck"
consumer_secret = "cs"
[webhooks]
listen = "127.0.0.1:{agents.closed_port()}"
secret = "s"
[gateway]
url = "http://127.0.0.1:{agents.closed_port()}"
token = "t"
[state]
dir = "{folder / "state"}"
min_free = "0B"
[admin]
listen = "127.0.0.1:{admin}"
"""
    )
    config.chmod(0o600)
    clock = SystemClock()
    started = clock.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", "run", "--config", str(config)], stderr=subprocess.DEVNULL
    )
    while not _is_ready(admin):
        if process.poll() is not None or clock.monotonic() - started > 30:
            raise SystemExit("the daemon did not start")
        time.sleep(0.01)
    return process, clock.monotonic() - started


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_mb(pid: int) -> float:
    """VmRSS in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise SystemExit("no VmRSS")
