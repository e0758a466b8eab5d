"""Load from a process of its own: one request, sent over and over on many connections."""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it. ``p99_ms`` is the answer time that 99 % of the requests stayed below."""

    per_second: float
    p99_ms: float
    failed: int


def request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """The bytes of a POST on a connection that is kept."""
    lines = [f"POST {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def fire(port: int, sent: bytes, *, connections: int, seconds: float) -> Load:
    """Sends from another process, so that the server has its core to itself."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        waiting = pool.apply_async(_fire, (port, sent, connections, seconds))
        return await asyncio.to_thread(waiting.get)


def _fire(port: int, sent: bytes, connections: int, seconds: float) -> Load:
    return asyncio.run(_measure(port, sent, connections, seconds))


async def _measure(port: int, sent: bytes, connections: int, seconds: float) -> Load:
    took: list[float] = []
    failed = 0
    until = time.perf_counter() + seconds

    async def one() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (started := time.perf_counter()) < until:
            writer.write(sent)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            took.append(time.perf_counter() - started)
            failed += b" 200 " not in head[:16]
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return Load(
        per_second=len(took) / seconds,
        p99_ms=statistics.quantiles(took, n=100)[98] * 1000,
        failed=failed,
    )
