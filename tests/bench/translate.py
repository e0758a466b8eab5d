"""A thousand orders from stored bytes to what is sent, in CPU seconds; nothing is on disk."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from agent.model import content
from agent.woo.translate import order, reading
from tests import recordings

if TYPE_CHECKING:
    from collections.abc import Callable

ORDERS = 1000
TARGET_CPU_S = 0.2
_ROUNDS = 5
_RECORDED = (14, 15, 18, 19, 20, 22, 25, 26, 28)


def measure() -> dict[str, Any]:
    """The best of several rounds; parsing alone beside it."""
    recorded = [recordings.webhook(number).json() for number in _RECORDED]
    bodies = [
        json.dumps(recorded[n % len(recorded)] | {"id": 100_000 + n}).encode()
        for n in range(ORDERS)
    ]
    translating = _cpu_s(lambda: [_translate(body) for body in bodies])
    return {
        "benchmark": "translate",
        "orders": ORDERS,
        "cpu_s": round(translating, 3),
        "json_loads_alone_cpu_s": round(_cpu_s(lambda: [json.loads(b) for b in bodies]), 3),
        "target_cpu_s": TARGET_CPU_S,
        "within_target": translating <= TARGET_CPU_S,
    }


def _translate(body: bytes) -> bytes:
    return content.encoded(order.translate(reading.parse(body)))


def _cpu_s(work: Callable[[], object]) -> float:
    return min(_once(work) for _ in range(_ROUNDS))


def _once(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
