"""From what the store answered to JSON or to one of our errors. Pure."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from agent import errors
from agent.model import foreign, rfc8259

Answer = tuple[int, Mapping[str, str], bytes]
"""(status, headers, content)"""
_EXCERPT = 200
_NOT_OURS = frozenset({401, 403})
_MOMENTARY = frozenset({408, 425, 429})
_NO_API = "is store.url the site's home URL, and are its permalinks not 'Plain'?"
_NO_SUCH_ID = re.compile(r"woocommerce_rest_(\w+_)?invalid_(\w+_)?id")
_KEY_IS_WRONG = "woocommerce_rest_authentication_error"


def parsed(status: int, headers: Mapping[str, str], content: bytes, *, call: str, hint: str) -> Any:
    """The JSON of a good answer; StoreError otherwise. 200 with HTML, PHP warnings or an error
    object in it is no good answer. That there is no such thing is believed of WordPress's own JSON
    alone: any other 404 is a fault of the way there."""
    body, why_not = None, ""
    try:
        body = rfc8259.parse_of_store(content)
    except ValueError as error:
        why_not = rfc8259.why_not(error)
    code, message = error_of(body)
    if status == 404 and not (isinstance(body, Mapping) and isinstance(body.get("data"), Mapping)):
        code = ""  # some proxy's
    message = message or why_not
    if 200 <= status < 300 and body is not None and not code:
        return body
    said = f"{status} {code or ''} {message or foreign.line(content, _EXCERPT)}".replace(
        "  ", " "
    ).strip()
    if status == 403 and not code:
        raise errors.StoreRefusedError(
            f"something before the store, like a firewall, refuses {call}: {said}",
            hint="have it let woo-agent's address through, or go past it: store.connect_to",
            status=status,
        )
    if status in _NOT_OURS:
        raise errors.StoreRefusedError(
            f"the store refuses our key for {call}: {said}",
            hint="check store.consumer_key and consumer_secret (Read/Write), and the host's clock",
            status=status,
        )
    if code == "rest_no_route" or 300 <= status < 400:
        raise errors.StoreRefusedError(
            f"there is no WooCommerce REST API for {call}: {said}{_target(headers)}",
            hint=_NO_API,
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
        hint=_NO_API if status == 404 else hint,
        retry_after_s=float(asked) if asked.isdecimal() else None,
    )


def is_gone(error: errors.StoreRejectedError) -> bool:
    """Whether WooCommerce itself says that there is no such id: whatever else is answered with 404,
    by a proxy or a plugin, says nothing of that."""
    return error.status == 404 and _NO_SUCH_ID.fullmatch(error.code) is not None


def telling(refused: Sequence[Answer]) -> Answer:
    """Of the answers to all ways of authentication, the one that is about the key: a way that the
    store does not see is answered as if there was none."""
    for answer in refused:
        try:
            code, _ = error_of(rfc8259.parse(answer[2]))
        except ValueError:
            continue
        if code == _KEY_IS_WRONG:
            return answer
    return refused[0]


def _target(headers: Mapping[str, str]) -> str:
    """Where a redirect leads, without the query: it may carry the key."""
    try:
        to = urlsplit(headers.get("Location", ""))
    except ValueError:
        return ""
    return f", moved to {foreign.line(f'{to.scheme}://{to.netloc}{to.path}')}" if to.netloc else ""


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
