"""Bodies that are no resource, though they are signed and came in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.model import rfc8259

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_ALLOWED = (401, 403)
_NOT_THERE = 404


def is_error(body: Mapping[str, Any]) -> bool:
    """``{"code", "message", "data": {"status"}}``: recordings 42 and 43."""
    data = body.get("data")
    return "id" not in body and "code" in body and isinstance(data, dict) and "status" in data


def is_gone(body: Mapping[str, Any]) -> bool:
    """An error that says that there is no such resource: it was deleted before its webhook was
    built, as after a deletion by force, which no other webhook tells of."""
    return is_error(body) and body["data"]["status"] == _NOT_THERE


def reason(resource: str, body: Mapping[str, Any]) -> str:
    """Why a broken body tells nothing, in words of ours: theirs may say anything."""
    what = resource or "resource"
    if not is_error(body):
        return f"a body of the legacy API in place of the {what}"
    if is_gone(body):
        return f"the store has no such {what} any more (404): there is nothing left to tell"
    status = body["data"]["status"]
    said = f" ({status})" if type(status) is int else ""
    return f"the store sent an error{said} in place of the {what}"


def is_legacy(resource: str, body: Mapping[str, Any]) -> bool:
    """``{"order": {…}}``: what a webhook of the legacy API sends."""
    return "id" not in body and isinstance(body.get(resource), dict)


def is_its_webhooks_fault(resource: str, raw: bytes) -> bool:
    """Whether a fresh webhook would have sent the resource: bodies are built in the name of the
    account that made it, in the API version with which it was made. A resource that was deleted
    meanwhile (404) is nowhere."""
    try:
        body = rfc8259.parse_of_store(raw)
    except ValueError:
        return False
    if not isinstance(body, dict):
        return False
    if is_error(body):
        return body["data"]["status"] in _NOT_ALLOWED
    return is_legacy(resource, body)
