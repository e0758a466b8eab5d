"""What to do about each due update: write, nothing, wait or refuse. Pure.

WooCommerce takes nearly anything and answers 200, so everything is checked here first.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.model.in_force import InForce
from agent.model.inbox import KnownVersions, Opened, Settlement
from agent.model.update import Code, PriceUpdate, Refusal, StockUpdate, UpdateState
from agent.updates import versions
from agent.updates.figures import AS_SAID, Figures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.model.product import StoreProduct, StoreProfile
    from agent.settings import OwnershipSettings, UpdateSettings

LOOK_AGAIN = timedelta(minutes=10)
_MOST_ALIKE = 3
_ACTED_ON = frozenset({UpdateState.UNCHANGED, UpdateState.WOULD_APPLY})
_NO_PRICE = frozenset({"variable", "grouped"})


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration and the store say about all updates."""

    updates: UpdateSettings
    ownership: OwnershipSettings
    profile: StoreProfile
    same: Callable[[str, object, object], bool]
    hold: Callable[[Opened, Sequence[Target]], Refusal | None]
    figures: Figures = AS_SAID
    near: Callable[[str], Sequence[str]] = lambda sku: ()


@dataclass(frozen=True, slots=True)
class Target:
    """One product to be changed for one update: the values that differ. ``note`` says in the result
    how they came about; ``computed`` and ``is_doubtful`` are those of its settlement."""

    opened: Opened
    product: StoreProduct
    values: Mapping[str, Any]
    note: str | None = None
    computed: int | None = None
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Updates that are settled without writing, and what to write for the others."""

    settled: tuple[Settlement, ...]
    targets: tuple[Target, ...]


def make(
    due: Sequence[Opened],
    found: Mapping[str, Sequence[StoreProduct]],
    known: KnownVersions,
    rules: Rules,
    now: datetime,
) -> Plan:
    """The plan for one round. ``found`` has the products of every SKU of the round.

    An update that is held is not acted on: an older one of the same SKU is written below it.
    """
    later = [u for u in known.open if u.effective_at is not None and u.effective_at > now]
    settled: list[Settlement] = []
    targets: list[Target] = []
    for group in _by_subject(due):
        acted_on: list[Opened] = []
        in_force = functools.partial(versions.in_force, fences=known.fences, later=later)
        coming = [in_force(opened, stronger=()).get("regular_price") for opened in group]
        for opened in versions.strongest_first(group):
            values = in_force(opened, stronger=acted_on)
            outcome = _one(opened, values, coming, found[opened.update.sku], rules, now)
            if isinstance(outcome, Settlement):
                settled.append(outcome)
            else:
                targets += outcome
            if not isinstance(outcome, Settlement) or outcome.state in _ACTED_ON:
                acted_on.append(opened)
    return Plan(tuple(settled), tuple(targets))


def _by_subject(due: Sequence[Opened]) -> list[list[Opened]]:
    groups: dict[tuple[str, str], list[Opened]] = {}
    for opened in due:
        groups.setdefault((opened.update.kind, opened.update.sku), []).append(opened)
    return list(groups.values())


def shown(product: StoreProduct, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the store says about those fields, with the product's id."""
    return {"id": product.id} | {name: product.values[name] for name in fields}


def ended(opened: Opened, values: Mapping[str, Any], now: datetime) -> Settlement | None:
    """What becomes of an update, wherever it stands, whose time is over or which has no ``values``
    in force any more."""
    update = opened.update
    if update.expires_at is not None and update.expires_at <= now:
        return _refused(opened, Refusal(Code.EXPIRED, "expires_at has passed"))
    if not values:
        than = _one_than(None if opened.reverts else update.version)
        return Settlement(opened, UpdateState.SUPERSEDED, message=f"a newer {than} counts")
    return None


def _one(
    opened: Opened,
    values: Mapping[str, Any],
    coming: Sequence[str | None],
    products: Sequence[StoreProduct],
    rules: Rules,
    now: datetime,
) -> Settlement | list[Target]:
    """``coming`` are the regular prices that updates of the round may set."""
    if (over := ended(opened, values, now)) is not None:
        return over
    if not products:
        return _unknown(opened, rules, now)
    refusal = _ambiguous(products, rules) or next(
        (
            found
            for product in products
            if (found := _unfit(opened, product, values, coming, rules))
        ),
        None,
    )
    if refusal is not None:
        return _refused(opened, refusal)
    return _changes(opened, products, values, rules)


def _one_than(version: int | None) -> str:
    return "one" if version is None else f"version than {version}"


def _changes(
    opened: Opened, products: Sequence[StoreProduct], values: Mapping[str, Any], rules: Rules
) -> Settlement | list[Target]:
    targets = []
    note = computed = None
    is_doubtful = False
    if isinstance(opened.update, StockUpdate) and not opened.reverts:
        force = InForce(opened.update, opened.received_at, opened.journal)
        figure = rules.figures.of(force, products)
        values, note = {"quantity": figure.quantity}, figure.note
        computed, is_doubtful = figure.computed, figure.is_doubtful
    for product in products:
        differing = product.lacks(values, rules.same)
        if "quantity" in values and _is_unmanaged(product):
            differing = {"manage_stock": True, "quantity": values["quantity"]}
        if differing:
            targets.append(Target(opened, product, differing, note, computed, is_doubtful))
    first = shown(products[0], values)
    if not targets:
        return Settlement(
            *(opened, UpdateState.UNCHANGED),
            message=note,
            store=first,
            computed=computed,
            is_doubtful=is_doubtful,
        )
    if (held := rules.hold(opened, targets)) is not None:
        return Settlement(
            opened, UpdateState.HELD, held.code, held.message, store=dict(values), before=first
        )
    if rules.updates.mode == "observe":
        return Settlement(
            opened, UpdateState.WOULD_APPLY, message=note, store=dict(values), before=first
        )
    return targets


def _unknown(opened: Opened, rules: Rules, now: datetime) -> Settlement:
    message = f"no product in the store has the SKU {opened.update.sku}"
    if alike := rules.near(opened.update.sku):
        message += f"; there is {' and '.join(map(_spelled, alike[:_MOST_ALIKE]))}"
    if now - opened.received_at >= rules.updates.unknown_sku_for:
        return _refused(opened, Refusal(Code.UNKNOWN_SKU, message))
    return Settlement(
        opened,
        UpdateState.WAITING,
        code=Code.UNKNOWN_SKU,
        message=message,
        due_at=min(now + LOOK_AGAIN, opened.received_at + rules.updates.unknown_sku_for),
    )


def _spelled(sku: str) -> str:
    """With what can't be seen: the difference may be a no-break space."""
    return sku if sku.isascii() and sku.isprintable() else ascii(sku)


def _ambiguous(products: Sequence[StoreProduct], rules: Rules) -> Refusal | None:
    if len(products) == 1 or rules.updates.duplicate_sku == "all":
        return None
    ids = ", ".join(str(product.id) for product in products)
    return Refusal(Code.DUPLICATE_SKU, f"products {ids} share that SKU")


def _unfit(
    opened: Opened,
    product: StoreProduct,
    values: Mapping[str, Any],
    coming: Sequence[str | None],
    rules: Rules,
) -> Refusal | None:
    match opened.update:
        case StockUpdate():
            return _unfit_stock(product, rules)
        case PriceUpdate() as update:
            return _unfit_price(update, product, values, rules) or _unfit_sale(
                product, values, coming
            )


def _unfit_stock(product: StoreProduct, rules: Rules) -> Refusal | None:
    if rules.ownership.stock == "store":
        return Refusal(Code.NOT_OWNED, "the store owns its stock (ownership.stock)")
    if product.manages_stock == "parent":
        return Refusal(
            Code.STOCK_NOT_MANAGED, f"its stock is managed by its parent {product.parent_id}"
        )
    if _is_unmanaged(product) and not rules.updates.enable_manage_stock:
        return Refusal(
            Code.STOCK_NOT_MANAGED,
            f"product {product.id} does not manage stock: the store would ignore the quantity",
        )
    return None


def _is_unmanaged(product: StoreProduct) -> bool:
    return not product.manages_stock and "manage_stock" not in product.unreadable


def _unfit_price(
    update: PriceUpdate, product: StoreProduct, values: Mapping[str, Any], rules: Rules
) -> Refusal | None:
    if rules.ownership.price == "store" and "regular_price" in values:
        return Refusal(Code.NOT_OWNED, "the store owns its prices (ownership.price)")
    if rules.ownership.sale == "store" and values.keys() - {"regular_price"}:
        return Refusal(Code.NOT_OWNED, "the store owns its sales (ownership.sale)")
    if update.currency not in (None, rules.profile.currency):
        return Refusal(Code.WRONG_CURRENCY, f"the store sells in {rules.profile.currency}")
    mode = "included" if rules.profile.prices_include_tax else "excluded"
    if update.tax not in (None, mode):
        return Refusal(Code.WRONG_TAX, f"the store enters prices with tax {mode}")
    if product.type in _NO_PRICE:
        return Refusal(Code.NOT_APPLIED, f"a {product.type} product has no price of its own")
    return None


def _unfit_sale(
    product: StoreProduct, values: Mapping[str, Any], coming: Sequence[str | None]
) -> Refusal | None:
    """A sale that is no reduction is cleared by the store in silence. Below a price that can't be
    read it may be one: it is held."""
    sale = values.get("sale_price")
    if "regular_price" in product.unreadable and "regular_price" not in values:
        return None
    regulars: Sequence[str | None] = [product.values["regular_price"], *coming]
    if "regular_price" in values:
        regulars = [values["regular_price"]]
    highest = max((Decimal(regular) for regular in regulars if regular), default=None)
    if sale is not None and (highest is None or Decimal(sale) >= highest):
        return Refusal(
            Code.SALE_CLEARED, f"sale_price {sale} is not below the regular price {highest}"
        )
    return None


def _refused(opened: Opened, refusal: Refusal) -> Settlement:
    return Settlement(opened, UpdateState.REJECTED, code=refusal.code, message=refusal.message)
