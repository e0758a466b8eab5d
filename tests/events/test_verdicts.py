"""Verdicts on batches, and deletions that may name the id of something else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.events import verdicts
from agent.events.verdicts import Read
from agent.model.delivery import Dead, Heard, Judged, Known, Reading, Verdict

PRODUCT = Known(1, b"A", 1, None, deleted=False)


def deletion(resource: str, number: int = 1026) -> Reading:
    subject = f"{resource}/{number}"
    kind = f"retail.{resource}.deleted.v1"
    return Reading(kind, subject, subject, digest=b"deleted", deletion=True)


def snapshot(subject: str, digest: bytes = b"A") -> Reading:
    return Reading("retail.x.snapshot.v1", subject, subject, digest=digest)


@pytest.mark.parametrize(
    ("resource", "known", "verdict"),
    [
        ("coupon", ["product/1026"], Verdict.OTHER_KIND),  # recording 35
        ("coupon", ["order/1026"], Verdict.OTHER_KIND),
        ("product", ["coupon/1026"], Verdict.OTHER_KIND),
        ("product", ["product/1026"], Verdict.EVENT),
        ("product", ["product/1026", "coupon/1026"], Verdict.EVENT),
        ("coupon", [], None),  # recording 5: the product was never seen
        ("product", [], None),
        ("product", ["customer/1026", "product/1027"], None),  # customers are no posts
        ("order", [], Verdict.EVENT),  # HPOS orders have a hook of their own
        ("order", ["product/1026"], Verdict.EVENT),
        ("customer", ["product/1026"], Verdict.EVENT),
    ],
)
def test_a_deletion_is_what_the_id_was_known_for(
    resource: str, known: list[str], verdict: Verdict | None
) -> None:
    read = Read(9, deletion(resource))
    judgement = verdicts.decide([read], dict.fromkeys(known, PRODUCT), version=1)
    if verdict is None:
        assert judgement.unsure == ((9, f"{resource}/1026"),)
        assert (judgement.judged, judgement.learned) == ((), {})
    else:
        assert [row.verdict for row in judgement.judged] == [verdict]
        assert list(judgement.learned) == ([f"{resource}/1026"] if verdict == "event" else [])


def test_a_trashed_product_seen_in_the_same_batch_settles_what_its_id_is() -> None:
    """Recordings 34 to 36, in their order."""
    batch = [
        Read(34, snapshot("product/1026")),
        Read(35, deletion("coupon")),
        Read(36, deletion("product")),
        Read(37, snapshot("product/1026")),
    ]
    judgement = verdicts.decide(batch, {}, version=1)
    assert {row.sequence: row.verdict for row in judgement.judged} == {
        34: Verdict.EVENT,
        35: Verdict.OTHER_KIND,
        36: Verdict.EVENT,
        37: Verdict.STALE,
    }
    assert judgement.learned["product/1026"].deleted
    assert judgement.unsure == ()


def test_all_that_must_be_known_is_asked_for_once() -> None:
    batch = [
        Read(1, snapshot("order/5")),
        Read(2, deletion("coupon", 7)),
        Read(3, deletion("product", 7)),
        Read(4, snapshot("order/5")),
        Read(5, Reading(untranslatable="body: is not JSON")),
    ]
    wanted = verdicts.subjects(batch)
    assert sorted(wanted) == ["coupon/7", "order/5", "order/7", "product/7"]


@pytest.mark.parametrize("verdict", [Verdict.FOREIGN_SOURCE, Verdict.ERROR_BODY, Verdict.DRAFT])
def test_what_the_body_alone_decides_stays_and_teaches_nothing(verdict: Verdict) -> None:
    read = Read(1, replace(snapshot("order/5"), verdict=verdict))
    judgement = verdicts.decide([read], {}, version=1)
    assert judgement.judged == (Judged(1, verdict, read.reading),)
    assert judgement.learned == {}


def test_an_untranslatable_body_is_a_dead_letter_and_teaches_nothing() -> None:
    said = Reading(subject="order/5", untranslatable="currency: missing")
    judgement = verdicts.decide([Read(1, said), Read(2, said)], {}, version=1)
    dead = Dead("untranslatable", "currency: missing")
    assert [(row.verdict, row.dead) for row in judgement.judged] == [(Verdict.EVENT, dead)] * 2
    assert judgement.learned == {}


def test_what_is_no_snapshot_is_never_a_duplicate() -> None:
    """An action that happened twice happened twice."""
    said = replace(snapshot("action/woocommerce_x/7"), snapshot=False)
    judgement = verdicts.decide([Read(1, said), Read(2, said)], {}, version=1)
    assert [row.verdict for row in judgement.judged] == [Verdict.EVENT] * 2
    assert judgement.learned == {}


def test_subjects_do_not_mix() -> None:
    batch = [Read(n, snapshot(f"order/{n}")) for n in range(3)]
    judgement = verdicts.decide(batch, {"order/1": PRODUCT}, version=4)
    assert [row.verdict for row in judgement.judged] == [
        Verdict.EVENT,
        Verdict.DUPLICATE,
        Verdict.EVENT,
    ]
    assert judgement.learned == {
        f"order/{n}": Known(n, b"A", 4, None, deleted=False) for n in (0, 2)
    }


def test_a_late_body_has_its_subject_read_again() -> None:
    """Recordings 36 and 37: a body that comes after the deletion."""
    batch = [Read(36, deletion("product")), Read(37, snapshot("product/1026", b"B"))]
    judgement = verdicts.decide(batch, {"product/1026": PRODUCT}, version=1)
    assert judgement.outdated == ((37, "product/1026"),)


@pytest.mark.parametrize(("read_after", "verdict"), [(6, "stale"), (7, "event")])
def test_a_read_is_overtaken_by_any_body_of_its_subject_whatever_its_verdict(
    read_after: int, verdict: str
) -> None:
    """Body 7 is a duplicate: what the read brings may be older or newer than it."""
    read = replace(snapshot("product/1026", b"B"), read_after=read_after)
    batch = [Read(7, snapshot("product/1026")), Read(8, snapshot("product/5")), Read(9, read)]
    judgement = verdicts.decide(batch, {"product/1026": PRODUCT}, version=1)
    assert [row.verdict for row in judgement.judged] == ["duplicate", "event", verdict]
    assert judgement.outdated == (((9, "product/1026"),) if verdict == "stale" else ())


def test_what_is_heard_of_a_kind_of_resource_keeps_its_order() -> None:
    def said(sequence: int, resource: str, **more: Any) -> Read:
        return Read(sequence, Reading(resource=resource, **more))

    broken = {"verdict": Verdict.ERROR_BODY}
    heard = verdicts.heard(
        [
            said(1, "order"),
            said(2, "order"),
            said(3, "product", **broken),
            said(4, "order", **broken),
            said(5, "order", **broken),
            said(6, "order", read_after=5),  # our own reading says nothing of the webhooks
            said(7, "product", deletion=True),  # nor does a body that is only an id
            said(8, ""),
            said(9, "order", verdict=Verdict.DRAFT),
            said(10, "coupon", gone=True, **broken),
            said(11, "coupon", gone=True, **broken),
            said(12, "coupon", **broken),
        ]
    )
    assert heard == (
        Heard(2, "order", good=True),
        Heard(3, "product", good=False),
        Heard(5, "order", good=False),
        Heard(9, "order", good=True),
        Heard(11, "coupon", good=False, gone=True),
        Heard(12, "coupon", good=False),
    )


@pytest.mark.parametrize("resource", ["order", "product", "customer"])
@pytest.mark.parametrize("read_by_us", [False, True])
def test_a_deletion_that_the_store_told_of_is_checked_since_it_has_no_date(
    resource: str, read_by_us: bool
) -> None:
    said = replace(deletion(resource), resource=resource, read_after=8 if read_by_us else None)
    known = {f"{resource}/1026": PRODUCT}
    judgement = verdicts.decide([Read(9, said)], known, version=1)
    checked = resource != "customer" and not read_by_us
    assert judgement.outdated == (((9, f"{resource}/1026"),) if checked else ())


@pytest.mark.parametrize(
    ("changes", "fresh"),
    [
        ({}, True),
        ({"resource": "product"}, False),
        ({"read_after": 7}, False),
        ({"deletion": True}, False),
        ({"verdict": Verdict.DRAFT}, False),
    ],
)
def test_an_order_that_the_store_told_of_is_read_once_more(
    changes: dict[str, Any], fresh: bool
) -> None:
    said = replace(snapshot("order/7"), **{"resource": "order", **changes})
    assert verdicts.decide([Read(9, said)], {}, version=1).fresh == (
        ((9, "order/7"),) if fresh else ()
    )
