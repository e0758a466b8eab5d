"""A look at the catalogue asks for what differs and for nothing else."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.reconcile.catalogue_look import MISSING_FOR_S, CatalogueLook
from agent.reconcile.high_water import MARGIN, OVERLAP
from tests.reconcile.fakes import AT, Ends, listed, told

if TYPE_CHECKING:
    from datetime import datetime

    from agent.model.listed import Told

HOUR, LATER = timedelta(hours=1), AT + timedelta(seconds=1)


class Looking(Ends):
    """Both ends, and how far each kind was looked at."""

    def __init__(self, *known: Told, ahead: timedelta = timedelta(), **pages: Any) -> None:
        super().__init__(*known, **pages)
        self.until: dict[str, datetime] = {}
        self.news_of: list[tuple[str, datetime]] = []
        self.nudged = asyncio.Event()
        self.look = CatalogueLook(
            *(self, self, self, self.budget),
            store_now=lambda: self.clock.now() + ahead,
            clock=self.clock,
            asked=self.nudged,
        ).look

    async def looked_until(self, resource: str) -> datetime | None:
        return self.until.get(resource)

    async def look_ended(self, resource: str, until: datetime) -> None:
        self.until[resource] = until

    async def news(self, resource: str, since: datetime) -> int:
        self.news_of.append((resource, since))
        return 0


async def test_only_what_differs_is_asked_for() -> None:
    looking = Looking(
        told("product/1"),
        told("coupon/5"),
        told("product/6", state="dead"),
        products=[[listed("product/1"), listed("product/2")], [listed("product/6")]],
        variations=[[listed("product/3"), listed("product/4", created_at=None, changed_at=None)]],
        coupons=[[listed("coupon/5", changed_at=LATER)]],
    )
    await looking.look()
    assert looking.asked_for == [
        ("resource", name, 0, False) for name in ("product/2", "product/3", "coupon/5")
    ]
    assert looking.nudged.is_set()
    assert looking.news_of == [("customer", AT)]


async def test_nothing_is_asked_where_nothing_differs_or_reading_it_again_is_no_use() -> None:
    looking = Looking(told("product/1"), products=[[listed("product/1"), listed("product/2")]])
    looking.dead = {"product/2": "untranslatable"}
    await looking.look()
    assert looking.asked_for == []


async def test_the_next_look_begins_at_the_newest_date_that_was_shown() -> None:
    looking = Looking(products=[[listed("product/1"), listed("product/2", changed_at=LATER)]])
    looking.clock.advance(3600)
    await looking.look()
    assert looking.until["product"] == LATER
    looking.clock.advance(60)
    looking.listings.clear()
    await looking.look()
    assert looking.listings[0] == ("products", LATER - OVERLAP)


async def test_the_first_look_begins_at_going_live_and_the_next_where_the_last_began() -> None:
    looking = Looking()
    looking.clock.advance(3600)
    began = looking.clock.now()
    looking.reading_s = 5.0
    await looking.look()
    lists = ["products", "variations", "coupons"]
    assert looking.listings == [(name, AT - MARGIN - OVERLAP) for name in lists]
    assert looking.until["product"] == began
    places = list(looking.until.values())
    assert places == sorted(places)
    assert places[-1] > began  # each its own
    looking.listings.clear()
    looking.clock.advance(3600)
    await looking.look()
    again = [(name, at - MARGIN - OVERLAP) for name, at in zip(lists, places, strict=True)]
    assert looking.listings == again


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
async def test_the_earlier_of_both_clocks_counts(ahead: timedelta) -> None:
    looking = Looking(ahead=ahead)
    began = looking.clock.now()
    looking.until = {"product": began + 5 * HOUR}  # by a clock that was put back since
    await looking.look()
    assert looking.until["product"] == min(began, began + ahead)
    assert looking.listings[0] == ("products", min(began, began + ahead) - MARGIN - OVERLAP)


async def test_a_store_without_a_list_of_variations_is_not_asked_for_it_again() -> None:
    looking = Looking(coupons=[[listed("coupon/5")]])
    looking.trouble = {"variations": errors.StoreRefusedError("", hint="", status=404)}
    await looking.look()
    await looking.look()
    names = [name for name, _ in looking.listings]
    assert names == ["products", "variations", "coupons", "products", "coupons"]
    assert "variation" not in looking.until
    assert looking.subjects == ["coupon/5", "coupon/5"]
    looking.clock.advance(MISSING_FOR_S)
    looking.trouble = {}
    await looking.look()
    assert "variation" in looking.until


async def test_what_the_store_never_shows_does_not_hold_up_the_next_look() -> None:
    looking = Looking(products=[[listed("product/5")]])
    looking.trouble = {"products": errors.StoreIncompleteError("it shows 1 of 2", hint="")}
    await looking.look()
    assert {"product/5"} == {*looking.subjects}
    assert looking.until.keys() >= {"product", "coupon"}


@pytest.mark.parametrize(
    ("listing", "error"),
    [
        ("variations", errors.StoreRefusedError("", hint="", status=403)),
        ("products", errors.StoreRefusedError("", hint="", status=404)),
        ("coupons", errors.StoreUnavailableError("", hint="")),
    ],
)
async def test_a_look_that_failed_leaves_its_place_and_what_was_found_counts(
    listing: str, error: errors.StoreError
) -> None:
    looking = Looking()
    looking.pages = {listing: [[listed(f"{listing[:-1]}/5")]]}
    looking.trouble = {listing: error}
    with pytest.raises(type(error)):
        await looking.look()
    assert listing[:-1] not in looking.until
    assert looking.subjects == [f"{listing[:-1]}/5"]
    assert looking.news_of == []
