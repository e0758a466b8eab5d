"""From what the store answered to JSON or to one of our errors. Pure."""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp

from agent import errors
from agent.model import foreign, rfc8259

_EXCERPT = 200
_NOT_OURS = frozenset({401, 403})
_MOMENTARY = frozenset({408, 425, 429})


def parsed(status: int, headers: Mapping[str, str], content: bytes, *, call: str, hint: str) -> Any:
    """The JSON of a good answer; StoreError otherwise. 200 with HTML, PHP warnings or an error
    object in it is no good answer."""
    body, why_not = None, ""
    try:
        body = rfc8259.parse_of_store(content)
    except ValueError as error:
        why_not = rfc8259.why_not(error)
    code, message = error_of(body)
    message = message or why_not
    if 200 <= status < 300 and body is not None and not code:
        return body
    said = f"{status} {code or ''} {message or foreign.line(content, _EXCERPT)}".replace(
        "  ", " "
    ).strip()
    if status in _NOT_OURS:
        raise errors.StoreRefusedError(
            f"the store refuses our key for {call}: {said}",
            hint="check store.consumer_key and consumer_secret (Read/Write), and the host's clock",
            status=status,
        )
    if code == "rest_no_route" or 300 <= status < 400 or (status == 404 and not code):
        raise errors.StoreRefusedError(
            f"there is no WooCommerce REST API for {call}: {said}",
            hint="is store.url the site's home URL, and are its permalinks not 'Plain'?",
            status=status,
        )
    if status == 413 or (code and 400 <= status < 500 and status not in _MOMENTARY):
        raise errors.StoreRejectedError(
            f"the store said no to {call}: {said}",
            hint=hint,
            status=status,
            code=code or "too_large",
        )
    asked = headers.get("Retry-After", "")
    away = errors.StoreFailedError if status == 500 else errors.StoreUnavailableError
    raise away(
        f"the store could not do {call}: {said}",
        hint=hint,
        retry_after_s=float(asked) if asked.isdecimal() else None,
    )


def date(headers: Mapping[str, str]) -> datetime | None:
    """When the store answered, by its own clock, to the second (RFC 9110, 6.6.1)."""
    try:
        told = email.utils.parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, OverflowError):
        return None
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)


def error_of(body: Any) -> tuple[str, str]:
    """``{"code", "message", "data": {"status"}}``, WordPress's shape of an error."""
    if isinstance(body, Mapping) and "code" in body and "id" not in body:
        return foreign.line(body["code"]) or "error", foreign.line(body.get("message"))
    return "", ""


def plain(error: BaseException) -> str:
    """What went wrong on the way, without the URL: it may carry the key."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientResponseError):
        return foreign.line(error.message, _EXCERPT) or f"status {error.status}"
    if isinstance(error, aiohttp.InvalidURL):
        return "the URL can't be used"
    return foreign.line(str(error), _EXCERPT) or type(error).__name__
