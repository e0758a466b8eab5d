"""However updates come, are repeated and interrupted: the highest version of a field wins."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.model.inbox import Fence, FenceKey, KnownVersions, Opened, Settlement
from agent.model.product import ItemAnswer, ItemWrite, StoreProduct, StoreProfile
from agent.model.update import Code, Refusal, UpdateState
from agent.settings import OwnershipSettings, UpdateSettings
from agent.updates import check, intake, plan, versions, writing
from agent.woo import wire
from tests.updates.rows import NOW, nothing_held, opened, price, product, stock

RULES = plan.Rules(
    UpdateSettings(),
    OwnershipSettings(),
    StoreProfile("EUR", prices_include_tax=False),
    wire.same,
    nothing_held,
)
ACTED_ON = (UpdateState.APPLIED, UpdateState.UNCHANGED)


@dataclass
class World:
    """A store with one product, and an inbox that keeps its promises in memory."""

    shown: StoreProduct = field(default_factory=product)
    fences: dict[FenceKey, Fence] = field(default_factory=dict)
    open: dict[int, Opened] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    final: list[tuple[str, UpdateState]] = field(default_factory=list)
    bad: frozenset[int] = frozenset()  # versions that guardrails hold
    held: list[Opened] = field(default_factory=list)

    def deliver(self, items: list[dict[str, Any]]) -> None:
        fresh = [entry for entry in intake.entries(items) if entry.id not in self.seen]
        taken = intake.decide(fresh, (), self._known(), NOW)
        for entry, row in zip(fresh, taken.rows, strict=True):
            assert row.state is UpdateState.PENDING
            self.seen.append(entry.id)
            self.open[len(self.seen)] = opened(entry.item, number=len(self.seen))

    def round(self, most: int, answered: bool, written: bool) -> None:
        due = [*self.open.values()][:most]
        rules = replace(RULES, hold=self._hold)
        planned = plan.make(due, {"MUG-1": [self.shown]}, self._known(), rules, NOW)
        self._settle(planned.settled)
        items = [ItemWrite(target.product, target.values) for target in planned.targets]
        for [write] in writing.by_parent(items).values():  # all fields of a product are one item
            after = replace(self.shown, values={**self.shown.values, **write.values})
            self.shown = after if written else self.shown
            answers = {write.product.id: ItemAnswer(after)} if answered and written else {}
            self._settle(check.settled(planned.targets, answers, wire.same))

    def approve(self) -> None:
        """Everything that is held."""
        for number, row in enumerate(self.held, start=1000):
            self.open[number] = replace(row, number=number, approved=True)
        self.held = []

    def _hold(self, row: Opened, targets: object) -> Refusal | None:
        bad = row.update.version in self.bad and not row.approved
        return Refusal(Code.PRICE_CHANGE, "bad") if bad else None

    def _known(self) -> KnownVersions:
        return KnownVersions(self.fences, tuple(row.update for row in self.open.values()))

    def _settle(self, settlements: tuple[Settlement, ...] | list[Settlement]) -> None:
        for settlement in settlements:
            del self.open[settlement.opened.number]
            if settlement.state is UpdateState.HELD:
                self.held.append(settlement.opened)
                continue
            self.final.append((settlement.opened.update.id, settlement.state))
            assert settlement.state in (*ACTED_ON, UpdateState.SUPERSEDED), settlement
            if settlement.state in ACTED_ON:
                for key, fence in versions.fences(settlement.opened.update).items():
                    before = self.fences.get(key, fence)
                    self.fences[key] = max(before, fence, key=lambda one: one.version)


def _price_items(version: int) -> st.SearchStrategy[dict[str, Any]]:
    """Sales are below every regular price, so that none is refused."""
    fields = {
        "regular_price": st.integers(50, 53).map(str),
        "sale_price": st.none() | st.integers(1, 4).map(str),
        "sale_to": st.sampled_from([None, "2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z"]),
    }
    some = st.fixed_dictionaries({}, optional=fields).filter(bool)
    return some.map(lambda chosen: price(version, **chosen))


@st.composite
def _histories(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[Any]]:
    """Updates with distinct versions, and pages and rounds that mix them."""
    items = [
        draw(st.integers(0, 6).map(lambda q, v=v: stock(v, q)) | _price_items(v))  # type: ignore[misc]
        for v in range(draw(st.integers(1, 7)))
    ]
    page = st.lists(st.sampled_from(items), min_size=1, max_size=4)
    rounds = st.tuples(st.integers(1, 5), st.booleans(), st.booleans())
    return items, draw(st.lists(page | rounds, max_size=12))


@given(_histories(), st.frozensets(st.integers(0, 6)))
def test_the_store_ends_with_the_highest_version_of_every_field(
    history: tuple[list[dict[str, Any]], list[Any]], bad: frozenset[int]
) -> None:
    """Of those that nothing holds, and of all once somebody has approved what was held."""
    items, steps = history
    world = World(bad=bad)
    for step in steps:
        if isinstance(step, list):
            world.deliver(step)
        else:
            world.round(*step)
    world.deliver(items)
    for approved in (False, True):
        if approved:
            world.approve()
        while world.open:
            world.round(2, answered=True, written=True)
        held = {row.update.version for row in world.held}
        assert held <= bad
        _compare(world, [item for item in items if item["version"] not in held])
    assert sorted(update_id for update_id, _ in world.final) == sorted({i["id"] for i in items})


def _compare(world: World, items: list[dict[str, Any]]) -> None:
    expected = dict(product().values)
    newest: dict[FenceKey, int | None] = {}
    for item in items:  # by rising version
        update = opened(item).update
        expected |= update.values()
        newest |= dict.fromkeys(versions.fences(update), update.version)
    for name, value in expected.items():
        assert wire.same(name, world.shown.values[name], value), name
    assert {key: fence.version for key, fence in world.fences.items()} == newest
