"""What is news, told by content and never by a clock."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.events import novelty, verdicts
from agent.events.verdicts import Read
from agent.model.delivery import Known, Reading, Verdict

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
VERSION = 1
EVENT, DUPLICATE, STALE = Verdict.EVENT, Verdict.DUPLICATE, Verdict.STALE
ECHO = Verdict.ECHO


def body(content: str, minute: int | None, *, revives: bool = False, **more: Any) -> Reading:
    changed_at = None if minute is None else START + timedelta(minutes=minute)
    return Reading(
        type="retail.order.snapshot.v1",
        subject="order/1",
        lane="order/1",
        changed_at=changed_at,
        digest=content.encode(),
        revives=revives,
        **more,
    )


GONE = Reading("retail.order.deleted.v1", "order/1", "order/1", digest=b"deleted", deletion=True)


@pytest.mark.parametrize(
    ("history", "wanted"),
    [
        pytest.param([body("A", 1)], [EVENT], id="never seen"),
        pytest.param([body("A", 1), body("A", 1)], [EVENT, DUPLICATE], id="the same twice"),
        pytest.param([body("A", 1), body("A", 2)], [EVENT, DUPLICATE], id="saved unchanged"),
        pytest.param([body("A", 1), body("B", 1)], [EVENT, EVENT], id="two in one second"),
        pytest.param(
            [body("A", 1), body("B", 2), body("A", 3)], [EVENT, EVENT, EVENT], id="A, B, A"
        ),
        pytest.param(
            [body("A", 1), body("B", 2), body("A", 1)], [EVENT, EVENT, STALE], id="A came late"
        ),
        pytest.param([body("B", 2), body("A", 1)], [EVENT, STALE], id="the older one came second"),
        pytest.param(
            [body("A", 1), body("A", 5), body("B", 3)],
            [EVENT, DUPLICATE, STALE],
            id="a duplicate confirms what is newest",
        ),
        pytest.param(
            [body("A", 5), body("A", 1), body("B", 3)],
            [EVENT, DUPLICATE, STALE],
            id="an older duplicate does not make it older",
        ),
        pytest.param([body("A", None), body("B", None)], [EVENT, EVENT], id="without dates"),
        pytest.param(
            [body("A", 2), body("B", None), body("C", 1)],
            [EVENT, EVENT, STALE],
            id="no date does not forget the last one",
        ),
        pytest.param([GONE, GONE], [EVENT, DUPLICATE], id="deleted twice"),
        pytest.param([body("A", 1), GONE], [EVENT, EVENT], id="deleted"),
        pytest.param(
            [body("A", 1), GONE, body("A", 1), body("B", 2)],
            [EVENT, EVENT, STALE, STALE],
            id="late bodies do not bring it back",
        ),
        pytest.param(
            [body("A", 1), GONE, body("A", 1, revives=True), body("A", 1), body("B", 2), GONE],
            [EVENT, EVENT, EVENT, DUPLICATE, EVENT, EVENT],
            id="restored",
        ),
        pytest.param(
            [body("A", 1), body("A", 1, revives=True)], [EVENT, DUPLICATE], id="it was never gone"
        ),
    ],
)
@pytest.mark.parametrize("batch_size", [1, 2, 10])
def test_histories_of_one_subject(
    history: list[Reading], wanted: list[Verdict], batch_size: int
) -> None:
    assert list(_judged(history, {}, batch_size).values()) == wanted


def known(content: str, minute: int | None, **more: Any) -> Known:
    """The register's row after a body with that number 10."""
    changed_at = None if minute is None else START + timedelta(minutes=minute)
    return Known(10, content.encode(), VERSION, changed_at, **{"deleted": False, **more})


OURS = known("A", 5, figures=b"7 pieces", ours=True)


@pytest.mark.parametrize(
    ("said", "before", "wanted", "ours"),
    [
        pytest.param(body("A", 5, figures=b"7 pieces"), OURS, ECHO, True, id="our write comes"),
        pytest.param(body("A", 9, figures=b"7 pieces"), OURS, ECHO, True, id="and once more"),
        pytest.param(body("A", 1, figures=b"7 pieces"), OURS, ECHO, True, id="and late"),
        pytest.param(
            body("title", 5, figures=b"7 pieces"), OURS, EVENT, True, id="a title beside our price"
        ),
        pytest.param(
            body("A", 5, figures=b"6 pieces"), OURS, EVENT, False, id="a sale after our write"
        ),
        pytest.param(
            body("A", 4, figures=b"9 pieces"), OURS, STALE, True, id="how it was before our write"
        ),
        pytest.param(
            body("A", 5, figures=b"7 pieces"),
            known("A", 5, figures=b"7 pieces"),
            DUPLICATE,
            False,
            id="figures that somebody else set",
        ),
        pytest.param(GONE, OURS, EVENT, False, id="deleted"),
    ],
)
def test_what_we_wrote_ourselves_is_told_by_the_whole_content(
    said: Reading, before: Known, wanted: Verdict, ours: bool
) -> None:
    assert novelty.verdict(said, before) is wanted
    after = novelty.learned(said, before, wanted, sequence=11, version=VERSION)
    assert (after or before).ours is ours


@pytest.mark.parametrize(
    ("said", "before", "wanted"),
    [
        pytest.param(
            body("B", 5, read_after=10), known("A", 4, last_body=10), EVENT, id="a change unheard"
        ),
        pytest.param(
            body("B", 3, read_after=10), known("A", 4, last_body=10), EVENT, id="older, but stands"
        ),
        pytest.param(
            body("B", 5, read_after=10), known("A", 4, last_body=11), STALE, id="a body meanwhile"
        ),
        pytest.param(
            body("A", 4, read_after=10), known("A", 4, last_body=11), DUPLICATE, id="the same"
        ),
        pytest.param(
            body("A", 4, read_after=10, revives=True),
            known("gone", 4, last_body=11, deleted=True),
            STALE,
            id="deleted meanwhile",
        ),
        pytest.param(
            body("A", 4, read_after=11, revives=True),
            known("gone", 4, last_body=11, deleted=True),
            EVENT,
            id="it is there again",
        ),
        pytest.param(
            body("A", 4, read_after=11),
            known("gone", 4, last_body=11, deleted=True),
            DUPLICATE,
            id="still in the trash",
        ),
        pytest.param(body("A", 4, read_after=11), None, EVENT, id="never seen"),
    ],
)
def test_a_read_over_rest_stands_unless_it_was_overtaken(
    said: Reading, before: Known | None, wanted: Verdict
) -> None:
    assert novelty.verdict(said, before) is wanted


def test_a_body_without_a_subject_is_always_an_event() -> None:
    assert novelty.verdict(Reading(), known("", None)) is EVENT
    assert novelty.learned(Reading(), None, EVENT, sequence=1, version=VERSION) is None


@given(
    contents=st.lists(st.sampled_from("ABC"), min_size=1, max_size=8),
    data=st.data(),
    batch_size=st.integers(1, 4),
)
def test_the_newest_content_delivered_is_the_one_accepted_last(
    contents: list[str], data: st.DataObject, batch_size: int
) -> None:
    """Whatever comes late, twice or never: the store went through ``contents``, a minute each."""
    arrived = data.draw(
        st.lists(st.integers(0, len(contents) - 1), min_size=1, max_size=20), label="arrived"
    )
    history = [body(contents[minute], minute) for minute in arrived]
    register: dict[str, Known] = {}
    found = _judged(history, register, batch_size)
    accepted = [n for n, verdict in found.items() if verdict is EVENT]
    assert history[accepted[-1]].digest == contents[max(arrived)].encode()
    newest = register["order/1"]
    assert (newest.digest, newest.changed_at) == (
        contents[max(arrived)].encode(),
        START + timedelta(minutes=max(arrived)),
    )
    assert history[newest.sequence].digest == newest.digest
    following = [history[n].digest for n in accepted]
    assert all(one != other for one, other in itertools.pairwise(following))


def _judged(
    history: list[Reading], register: dict[str, Known], batch_size: int
) -> dict[int, Verdict]:
    """Sequence → verdict; the register afterwards is left in ``register``."""
    found: dict[int, Verdict] = {}
    for start in range(0, len(history), batch_size):
        part = history[start : start + batch_size]
        batch = [Read(sequence, said) for sequence, said in enumerate(part, start=start)]
        judgement = verdicts.decide(batch, register, version=VERSION)
        register |= judgement.learned
        found |= {row.sequence: row.verdict for row in judgement.judged}
    return found


@pytest.mark.parametrize(
    ("known", "found", "news"),
    [
        (None, Verdict.EVENT, False),  # a product that is new tells it itself
        (b"39", Verdict.EVENT, False),
        (b"40", Verdict.EVENT, True),
        (b"", Verdict.EVENT, True),  # nobody knows
        (b"40", Verdict.DUPLICATE, False),
        (b"40", Verdict.STALE, False),
    ],
)
def test_stock_is_told_where_an_event_shows_another(
    known: bytes | None, found: Verdict, news: bool
) -> None:
    shown = Reading("t", "product/10", stock=b"39", inventory=b"{}")
    before = None if known is None else Known(1, b"A", 1, None, deleted=False, stock=known)
    assert novelty.shows_other_stock(shown, found, before) is news
    nameless = replace(shown, inventory=b"")
    assert not novelty.shows_other_stock(nameless, found, before)
    assert not novelty.shows_other_stock(replace(shown, untranslatable="no"), found, before)


def test_a_deletion_that_was_read_does_not_overrule_what_came_meanwhile() -> None:
    known = Known(5, b"A", VERSION, START, deleted=False, last_body=8)
    assert novelty.verdict(replace(GONE, read_after=7), known) is STALE
    assert novelty.verdict(replace(GONE, read_after=8), known) is EVENT
    assert novelty.verdict(replace(GONE, read_after=7), replace(known, deleted=True)) is DUPLICATE


def test_an_order_told_by_an_earlier_version_gets_its_figures_when_it_is_confirmed() -> None:
    reading = Reading(subject="order/5", resource="order", digest=b"d", figures=b"f")
    before = Known(sequence=1, digest=b"d", version=4, changed_at=None, deleted=False)
    assert novelty.verdict(reading, before) is Verdict.DUPLICATE
    after = novelty.learned(reading, before, Verdict.DUPLICATE, sequence=2, version=4)
    assert after == replace(before, figures=b"f")
    assert novelty.learned(reading, after, Verdict.DUPLICATE, sequence=3, version=4) is None
