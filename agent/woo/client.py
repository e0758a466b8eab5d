"""REST calls to the store. Redirects are never followed, answers are never guessed at."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import tenacity
from yarl import URL

from agent import errors, metrics
from agent.model import foreign
from agent.model.product import ItemAnswer, ItemWrite, StoreProduct, StoreProfile
from agent.model.sku import folded
from agent.woo import answers, auth, connection, cron, freshness, pages, wire
from agent.woo.translate import store_product

if TYPE_CHECKING:
    import random
    from datetime import datetime

    from agent.clock import Clock
    from agent.settings import StoreSettings

log = logging.getLogger(__name__)

T = TypeVar("T")

_LONGEST_QUERY = 4000
_READ_TRIES = 3
_BUSTER = "_"
_READS_AT_ONCE = 2  # the store works while we read its answer before
# A comma parts two SKUs, and sanitize_text_field takes away or changes the others; an octet
# (%41) also breaks the signature of the whole request, since WooCommerce decodes twice.
_UNASKABLE = re.compile(r"[,<]|%[0-9A-Fa-f]{2}|  |^ | $|^$")
_DISLIKED = frozenset({400, 403, 406, 414})


class Client:
    """The calls that the agent makes."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: StoreSettings,
        *,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._session = session
        self._home = settings.url
        self._index = f"{settings.url}/wp-json/"
        self._base = f"{self._index}wc/v3"
        self._secrets = auth.secrets(settings)
        self._ways = auth.candidates(settings, clock=clock, rng=rng)
        self._clock = clock
        self._rng = rng
        self.cache = freshness.CacheSeen(clock)
        self._own = freshness.OwnWrites(clock)
        self._ahead = timedelta()
        self._hint = "is store.url right and the store up? woo-agent config show"

    def store_now(self) -> datetime:
        """The time by the store's clock, as its last answer told; ours before the first."""
        return self._clock.now() + self._ahead

    async def profile(self) -> StoreProfile:
        """Currency and tax mode."""
        currency = await self._field("settings/general/woocommerce_currency", "value")
        included = await self._field("settings/tax/woocommerce_prices_include_tax", "value")
        return StoreProfile(currency, included == "yes")

    async def index(self) -> Any:
        """What the site tells anybody of itself; None where it does not. A key of WooCommerce is
        none to WordPress, which would refuse it."""
        nobody = auth.Nobody()
        status, headers, content = await self._request(nobody, "GET", "", dict(_INDEX), None)
        try:
            return answers.parsed(status, headers, content, call="GET", hint=self._hint)
        except (errors.StoreRejectedError, errors.StoreRefusedError):
            return None

    async def wake_cron(self) -> bool:
        """Has the store run its cron, which anybody may; whether it answered in time."""
        return await cron.wake(self._session, self._home)

    async def find(self, skus: Sequence[str]) -> dict[str, list[StoreProduct]]:
        """Products and variations by SKU, exactly as asked: the store ignores case and blanks, and
        answers every product to an empty SKU. What it can't be asked for it does not have. Those
        that only look like one that was asked for have entries of their own."""
        askable = [sku for sku in skus if self.can_ask(sku)]
        found: dict[str, list[StoreProduct]] = {sku: [] for sku in skus}
        asked, alike = {*skus}, {folded(sku) for sku in askable}
        gate = asyncio.Semaphore(_READS_AT_ONCE)

        async def ask(chunk: Sequence[str]) -> None:
            async with gate:
                rows = await self._products(chunk)
            for row in rows:
                product = store_product.read(row)
                if product is not None and product.sku in chunk:
                    found[product.sku].append(product)
                elif product and product.sku not in asked and folded(product.sku) in alike:
                    found.setdefault(product.sku, []).append(product)

        chunks = _chunks(askable)
        for ended in await asyncio.gather(*map(ask, chunks), return_exceptions=True):
            if ended is not None:
                raise ended
        return found

    async def _products(self, skus: Sequence[str]) -> list[Any]:
        """A SKU that a firewall or a plugin dislikes must not hold up the others: the list is
        halved until it is alone, and then it has no product."""
        try:
            return await self._with_skus(skus)
        except (errors.StoreRejectedError, errors.StoreRefusedError) as error:
            if error.status not in _DISLIKED:
                raise
            await self.read("products", {"per_page": "1", "_fields": "id"})  # or is it our key?
            if len(skus) == 1:
                log.warning("the store does not let us ask for SKU %r: %s", skus[0], error)
                return []
        middle = len(skus) // 2
        return [*await self._products(skus[:middle]), *await self._products(skus[middle:])]

    async def _with_skus(self, skus: Sequence[str]) -> list[Any]:
        """All rows; that a SKU has none is believed only where none is left out."""
        extent = pages.Extent()

        async def read() -> list[Any]:
            nonlocal extent
            extent = pages.Extent()
            asked = {"sku": ",".join(skus), "_fields": wire.PRODUCT_FIELDS}
            found = pages.by_id(self, "products", asked, extent)
            return [row async for page in found for row in page]

        rows = await self._patient(lambda: self._newer(read))
        shown = {row["sku"] for row in rows if isinstance(row.get("sku"), str)}
        if extent.is_short and not shown.issuperset(skus):
            raise errors.StoreIncompleteError(extent.why_not("products"), hint=self._hint)
        return rows

    @staticmethod
    def can_ask(sku: str) -> bool:
        """Whether ``find`` can ask for it; its product can be read by id alone otherwise."""
        return not _UNASKABLE.search(sku)

    async def one(self, product_id: int, parent_id: int) -> StoreProduct | None:
        """A product, or a variation of ``parent_id``, by its id; None if there is none."""
        path = f"products/{parent_id}/variations/{product_id}" if parent_id else ""
        path = path or f"products/{product_id}"

        async def read() -> list[Any]:
            return [await self.read(path, _FRESH)]

        try:
            [row] = await self._patient(lambda: self._newer(read))
        except errors.StoreRejectedError as error:
            if answers.is_gone(error):
                return None
            raise
        return store_product.read(row, parent_id=parent_id)

    async def write(self, parent_id: int, writes: Sequence[ItemWrite]) -> dict[int, ItemAnswer]:
        """A batch of products (``parent_id`` 0) or of one parent's variations; the answers by
        product id, without those of which the store does not say what became."""
        path = f"products/{parent_id}/variations/batch" if parent_id else "products/batch"
        body = {"update": [wire.item(write) for write in writes]}
        answer, _ = await self._call("POST", path, {}, body)
        answered = wire.answers(answer, writes, parent_id)
        if not answered:
            raise errors.StoreUnavailableError(
                f"the store's answer to {path} does not fit the batch", hint=self._hint
            )
        for number, one in answered.items():
            self._own.wrote(number, one.changed_at)
        return answered

    async def _newer(self, read: Callable[[], Awaitable[list[Any]]]) -> list[Any]:
        """Rows, none of them from before our own last write."""
        rows = await read()
        for row in rows:
            if isinstance(row, Mapping) and self._own.is_older(row):
                raise _StaleError(
                    f"the store shows product {row['id']} as it was before our last write",
                    hint="does a cache answer in its place? woo-agent config show",
                )
        return rows

    async def status_of(self, resource: str, number: int) -> str | None:
        """The post status of a product or coupon, ``trash`` for a trashed one; None if there is no
        such resource of that kind."""
        try:
            return await self._field(f"{resource}s/{number}", "status", {"_fields": "id,status"})
        except errors.StoreRejectedError as error:
            if answers.is_gone(error):
                return None
            raise

    async def _field(self, path: str, name: str, query: Mapping[str, str] | None = None) -> str:
        body = await self.read(path, query)
        if not isinstance(body, Mapping) or not isinstance(body.get(name), str):
            raise errors.StoreUnavailableError(
                f"the store's answer to {path} has no {name}", hint=self._hint
            )
        return str(body[name])

    async def read(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """Reading can be repeated: a moment's trouble is nobody's business."""
        return (await self._read(path, query))[0]

    async def listed(self, path: str, query: Mapping[str, str]) -> tuple[Any, int | None]:
        """A page of a list, and how many rows the whole list has; None where that is not told."""
        body, headers = await self._read(path, query)
        total = headers.get("X-WP-Total", "")
        return body, int(total) if total.isdecimal() and len(total) < 10 else None

    async def _read(
        self, path: str, query: Mapping[str, str] | None
    ) -> tuple[Any, Mapping[str, str]]:
        async def once() -> tuple[Any, Mapping[str, str]]:
            body, headers = await self._call("GET", path, dict(query or {}), None)
            if age := freshness.age(headers):
                raise errors.StoreUnavailableError(
                    f"a cache answers GET {path} in the store's place ({age})",
                    hint="have the cache leave out /wp-json/, or go past it: store.connect_to",
                )
            return body, headers

        return await self._patient(once, _is_momentary)

    async def _patient(
        self,
        ask: Callable[[], Awaitable[T]],
        is_momentary: Callable[[BaseException], bool] = lambda error: isinstance(
            error, _StaleError
        ),
    ) -> T:
        async for attempt in tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(is_momentary),
            stop=tenacity.stop_after_attempt(_READ_TRIES),
            wait=tenacity.wait_exponential(multiplier=0.2, max=2),
            sleep=self._clock.sleep,
            reraise=True,
        ):
            with attempt:
                return await ask()
        raise AssertionError("tenacity ends with a result or an error")

    async def send(
        self, method: auth.Method, path: str, body: Any, query: Mapping[str, str] | None = None
    ) -> Any:
        """Changes something. Never repeated: what ended in doubt may have been done."""
        answer, _ = await self._call(method, path, dict(query or {}), body)
        return answer

    async def _call(
        self, method: auth.Method, path: str, query: dict[str, str], body: Any
    ) -> tuple[Any, Mapping[str, str]]:
        """The parsed answer, and its headers, of the first way of authentication that the store
        takes; that one is tried first from then on."""
        refused: list[answers.Answer] = []
        for way in list(self._ways):
            answer = await self._request(way, method, path, query, body)
            if answer[0] != 401:
                self._ways.sort(key=lambda known: known is not way)
                break
            refused.append(answer)
        else:
            answer = answers.telling(refused)
        status, headers, content = answer
        call = f"{method} {path}"
        return answers.parsed(status, headers, content, call=call, hint=self._hint), headers

    async def _request(
        self, way: auth.Auth, method: auth.Method, path: str, query: dict[str, str], body: Any
    ) -> tuple[int, Mapping[str, str], bytes]:
        address = f"{self._base}/{path}" if path else self._index
        if method == "GET":  # no two are alike, so that no cache has an answer
            query = {**query, _BUSTER: f"{self._rng.getrandbits(64):016x}"}
        parameters, headers = way.carried(method, address, query)
        headers = {**headers, "Cache-Control": "no-cache"}
        url = URL(f"{address}?{auth.encoded(parameters)}" if parameters else address, encoded=True)
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers = {**headers, "Content-Type": "application/json"}
        started = self._clock.monotonic()
        try:
            async with self._session.request(
                method, url, data=data, headers=headers, allow_redirects=False
            ) as response:
                content = foreign.without(await response.read(), self._secrets)
                self.cache.answered(response.headers)
                is_old = freshness.age(response.headers)
                told = None if is_old else answers.date(response.headers)
                self._ahead = self._ahead if told is None else told - self._clock.now()
                return response.status, response.headers, content
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise errors.StoreUnavailableError(
                f"the store does not answer {method} {path}: {answers.plain(error)}",
                hint=_UNKNOWN_CA if connection.is_certificate(error) else self._hint,
            ) from None  # its text may carry the key
        finally:
            seconds = self._clock.monotonic() - started
            metrics.STORE_SECONDS.labels("read" if method == "GET" else "write").observe(seconds)


_UNKNOWN_CA = (
    "is the certificate for that name, and is its authority known here? store.ca_file names one:"
    " woo-agent config show"
)
_INDEX = {"_fields": "name,home,timezone_string,gmt_offset"}
_FRESH = {"_fields": wire.PRODUCT_FIELDS, "_skip_cache": "1"}


class _StaleError(errors.StoreUnavailableError):
    """A read that is older than our own last write."""


def _is_momentary(error: BaseException) -> bool:
    return isinstance(error, errors.StoreUnavailableError) and error.retry_after_s is None


def _chunks(skus: Sequence[str]) -> list[list[str]]:
    """Less than a page of SKUs each, so that there is no second one to be asked for, and no longer
    than web servers take a query."""
    chunks: list[list[str]] = [[]]
    length = 0
    for sku in skus:
        cost = len(auth.encoded({"": sku})) + 3
        if chunks[-1] and (len(chunks[-1]) >= pages.PER_PAGE - 1 or length + cost > _LONGEST_QUERY):
            chunks.append([])
            length = 0
        chunks[-1].append(sku)
        length += cost
    return [chunk for chunk in chunks if chunk]


@asynccontextmanager
async def opened(
    settings: StoreSettings, *, clock: Clock, rng: random.Random
) -> AsyncIterator[Client]:
    """A client with connections of its own; raises ConfigError for a CA file that does not load."""
    async with connection.opened(settings) as session:
        yield Client(session, settings, clock=clock, rng=rng)
