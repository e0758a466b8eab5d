"""When the refunds of an order are read."""

from __future__ import annotations

from typing import Any

import pytest

from agent.events import refunds, verdicts
from agent.events.verdicts import Read
from agent.model.delivery import Known, Reading, Verdict

ORDER = "order/1022"
TEN = ("refund/1", b"10.00")


def told(figures: bytes = b"10.00", *, deleted: bool = False, parent: str = ORDER) -> Known:
    return Known(5, b"", 1, None, deleted, figures, parent=parent)


@pytest.mark.parametrize(
    ("named", "known", "news"),
    [
        ([], {}, False),
        ([TEN], {}, True),
        ([TEN], {"refund/1": told()}, False),
        ([TEN], {"refund/1": told(b"9.00")}, True),  # its amount changed
        ([TEN], {"refund/1": told(deleted=True)}, True),
        ([], {"refund/1": told()}, True),  # it vanished
        ([], {"refund/1": told(deleted=True)}, False),
        ([], {"refund/1": told(parent="order/7")}, False),
    ],
)
def test_the_refunds_named_are_compared_with_those_told(
    named: list[tuple[str, bytes]], known: dict[str, Known], news: bool
) -> None:
    said = Reading("t", ORDER, resource="order", refunds=tuple(named))
    assert refunds.are_news(said, Verdict.EVENT, known) is news
    assert refunds.are_news(said, Verdict.DUPLICATE, known) is news
    assert not refunds.are_news(said, Verdict.STALE, known)


@pytest.mark.parametrize("more", [{"resource": "product"}, {"untranslatable": "no"}])
def test_what_does_not_say_which_refunds_there_are_asks_for_none(more: dict[str, Any]) -> None:
    said = Reading("t", ORDER, **({"resource": "order"} | more))
    assert not refunds.are_news(said, Verdict.EVENT, {"refund/1": told()})


def test_the_event_that_named_them_is_the_cause_also_where_it_comes_again() -> None:
    said = Reading("t", ORDER, ORDER, digest=b"A", resource="order", refunds=(TEN,))
    known = {ORDER: Known(3, b"A", 1, None, deleted=False)}
    judgement = verdicts.decide([Read(8, said)], known, version=1)
    assert judgement.refunded == ((3, ORDER),)
    assert judgement.asks
    judgement = verdicts.decide([Read(8, said), Read(9, said)], {}, version=1)
    assert judgement.refunded == ((8, ORDER), (8, ORDER))


def test_a_refund_that_was_read_while_another_came_is_read_again_with_its_order() -> None:
    said = Reading("t", "refund/1", ORDER, digest=b"B", read_after=4, parent=ORDER)
    known = {"refund/1": Known(3, b"A", 1, None, deleted=False, last_body=5, parent=ORDER)}
    judgement = verdicts.decide([Read(8, said)], known, version=1)
    assert (judgement.refunded, judgement.outdated) == (((8, ORDER),), ())
