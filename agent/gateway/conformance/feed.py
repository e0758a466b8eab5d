"""The feed of updates: pages, cursors, the long poll."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.gateway import protocol
from agent.gateway.conformance import answers
from agent.gateway.conformance.verdict import Check, NotOffered, Unmet, must
from agent.model import update
from agent.model.update import Code, Refusal

if TYPE_CHECKING:
    from agent.gateway.conformance.session import Session
    from agent.model.delivery import Answer

WAIT_S = 2.0
LATE_S = 3.0
"""How much later than asked a poll may end: the network, and the answer itself."""
FIRST, NEXT = "first page", "next page"
PAGE = 500
MOST_PAGES = 20
UNKNOWN_CURSOR = "conformance-made-this-up"
_OTHER_KINDS = ("resend", "fulfilment")


class Page(NamedTuple):
    """What a poll gave."""

    updates: list[Any]
    cursor: str


def page(answer: Answer) -> Page:
    """The answer as a page of the feed."""
    said = answers.document(answer)
    updates, cursor = said.get("updates"), said.get("cursor")
    if not isinstance(updates, list):
        raise Unmet(f"updates is {updates!r}, not a list")
    if not (isinstance(cursor, str) and cursor and cursor.isprintable()):
        raise Unmet(f"cursor is {cursor!r}, not a text")
    must(
        len(cursor) <= protocol.LONGEST_CURSOR,
        f"cursor has {len(cursor)} characters, more than {protocol.LONGEST_CURSOR}",
    )
    return Page(updates, cursor)


def judge_limit(answer: Answer, limit: int) -> None:
    """No more than asked for."""
    found = len(page(answer).updates)
    must(found <= limit, f"{found} updates for limit={limit}")


def judge_pages(whole: Sequence[Any], pages: Sequence[Page]) -> None:
    """Small pages hold the same as a large one."""
    walked = [each for one in pages for each in one.updates]
    for number, (wanted, found) in enumerate(zip(whole, walked, strict=False), 1):
        must(
            wanted == found,
            f"update {number} is {_named(wanted)} in one page, {_named(found)} in pages of one",
        )
    complete = len(walked) >= len(whole) or len(pages) == MOST_PAGES
    must(complete, f"{len(whole)} updates in one page, {len(walked)} in pages of one")


def judge_updates(updates: Sequence[Any]) -> None:
    """Each can be read."""
    for each in updates:
        if isinstance(each, Mapping) and each.get("kind") in _OTHER_KINDS:
            continue
        read = update.read(each)
        if isinstance(read, Refusal):
            word = "unknown kind" if read.code is Code.UNKNOWN_KIND else "invalid"
            raise Unmet(f"update {_named(each)} is {word}: {read.message}")
        must(read.version is not None, f"update {_named(each)} has no version")


def judge_wait(answer: Answer, seconds: float) -> None:
    """How long a poll was held."""
    page(answer)
    must(seconds <= WAIT_S + LATE_S, f"wait={WAIT_S:.0f} was held for {seconds:.1f} s")


def judge_unknown_cursor(answer: Answer) -> None:
    """A cursor that was never given out."""
    is_told = answer.status == 409 and answers.code(answer) == "cursor_unknown"
    must(is_told, f"answered {answers.told(answer)}")


def _named(each: object) -> str:
    return repr(each.get("id")) if isinstance(each, Mapping) else repr(each)[:40]


async def _first(session: Session) -> None:
    page(await _poll(session, None))


async def _next(session: Session) -> None:
    cursor = page(await _poll(session, None)).cursor
    page(await _poll(session, cursor))


async def _limit(session: Session) -> None:
    await _whole(session, at_least=2)
    judge_limit(await _poll(session, None, limit=1), 1)


async def _pages(session: Session) -> None:
    whole = await _whole(session, at_least=2)
    pages: list[Page] = []
    after = None
    while len(pages) < MOST_PAGES:
        one = page(await _poll(session, after, limit=1))
        pages.append(one)
        after = one.cursor
        if not one.updates:
            break
    judge_pages(whole, pages)


async def _updates(session: Session) -> None:
    judge_updates(await _whole(session, at_least=1))


async def _wait(session: Session) -> None:
    cursor = None
    for _ in range(MOST_PAGES):
        reached = page(await _poll(session, cursor))
        cursor = reached.cursor
        if len(reached.updates) < PAGE:
            break
    started = session.clock.monotonic()
    answer = await session.agent.get_updates(cursor, limit=PAGE, wait_s=WAIT_S)
    judge_wait(answer, session.clock.monotonic() - started)


async def _unknown_cursor(session: Session) -> None:
    judge_unknown_cursor(await _poll(session, UNKNOWN_CURSOR))


async def _whole(session: Session, *, at_least: int) -> list[Any]:
    found = page(await _poll(session, None)).updates
    if len(found) < at_least:
        raise NotOffered(f"{len(found)} updates for this store: publish {at_least} and try --store")
    return found


async def _poll(session: Session, after: str | None, *, limit: int = PAGE) -> Answer:
    return await session.agent.get_updates(after, limit=limit, wait_s=0)


CHECKS = (
    Check(
        FIRST,
        "The first poll has no after: 200 with updates (a list, from the start) and cursor (a text"
        " that only the gateway understands).",
        _first,
    ),
    Check(NEXT, "after=<cursor> goes on where that page ended.", _next, FIRST),
    Check("limit", "A page holds at most limit updates.", _limit, FIRST),
    Check(
        "pages",
        "Following the cursors gives every update once and in the same order, however large the"
        " pages are.",
        _pages,
        NEXT,
    ),
    Check(
        "updates",
        "An update has id, kind, sku and version, and the fields of its kind: quantity a whole"
        " number, prices decimal text with a point, times with a zone.",
        _updates,
        FIRST,
    ),
    Check(
        "wait",
        "A poll without news is held for at most wait seconds; a gateway that can't wait answers an"
        " empty list at once.",
        _wait,
        NEXT,
    ),
    Check(
        "unknown cursor",
        "A cursor that the gateway does not know is answered 409 cursor_unknown: the agent then"
        " reads from the start.",
        _unknown_cursor,
    ),
)
