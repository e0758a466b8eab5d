"""What a unit of work carries."""

from __future__ import annotations

import asyncio
import re

from agent import tracing

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_inside_there_is_one_and_afterwards_there_is_none() -> None:
    assert tracing.current() == tracing.Work()
    with tracing.working("order/1022", TRACE):
        assert tracing.current().trace_id == "0af7651916cd43dd8448eb211c80319c"
        with tracing.working("product/7"):
            assert tracing.current() == tracing.Work("product/7")
        assert tracing.current().correlation_id == "order/1022"
    assert tracing.current() == tracing.Work()


async def test_what_is_done_side_by_side_does_not_mix() -> None:
    async def work(name: str) -> str:
        with tracing.working(name):
            await asyncio.sleep(0)
            return tracing.current().correlation_id

    assert [*await asyncio.gather(work("a"), work("b"))] == ["a", "b"]


def test_a_request_is_a_step_of_the_trace_in_hand_or_begins_one() -> None:
    with tracing.working("order/1022", TRACE):
        step = tracing.for_request(2**192 - 1)
        assert step == "00-0af7651916cd43dd8448eb211c80319c-ffffffffffffffff-01"
    for bits in (0, 2**191 + 7):
        one = tracing.for_request(bits)
        assert re.fullmatch("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01", one)
