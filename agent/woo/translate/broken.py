"""Bodies that are no resource, though they are signed and came in its place.

WordPress, its plugins and what stands before them make errors of every shape. What all resources
have, and no error has, is their own id.
"""

from __future__ import annotations

from typing import Any

from agent.model import rfc8259

_NOT_THERE = 404
_DATES = frozenset({"date_created", "date_modified"})
_UTC_DATES = frozenset({"date_created_gmt", "date_modified_gmt"})
_NO_ERROR = object()


def is_broken(resource: str, body: object) -> bool:
    """Whether that is no body of that kind of resource as wc/v3 shows it. For what the store sent:
    a plugin may take the dates out of all that is read over REST, and there is nothing better."""
    return not has_id(body) or is_outdated(body) or is_legacy(resource, body)


def has_id(body: object) -> bool:
    """What every resource has, and a deletion consists of."""
    return isinstance(body, dict) and type(body.get("id")) is int and bool(body["id"] > 0)


def is_outdated(body: object) -> bool:
    """What a webhook of wc/v1 sends: dates in site time alone, and figures under other names."""
    return isinstance(body, dict) and bool(body.keys() & _DATES) and not body.keys() & _UTC_DATES


def is_error(body: object) -> bool:
    """``{"code", "message", "data": {"status"}}``: recordings 42 and 43."""
    return _status(body) is not _NO_ERROR


def is_gone(body: object) -> bool:
    """An error that says that there is no such resource: it was deleted before its webhook was
    built, as after a deletion by force, which no other webhook tells of."""
    return bool(_status(body) == _NOT_THERE)


def is_legacy(resource: str, body: object) -> bool:
    """``{"order": {…}}``: what a webhook of the legacy API sends."""
    return isinstance(body, dict) and "id" not in body and isinstance(body.get(resource), dict)


def reason(resource: str, body: object) -> str:
    """Why a broken body tells nothing, in words of ours: theirs may say anything."""
    what = resource or "resource"
    if is_gone(body):
        return f"the store has no such {what} any more (404): there is nothing left to tell"
    if is_error(body):
        status = _status(body)
        said = f" ({status})" if type(status) is int else ""
        return f"the store sent an error{said} in place of the {what}"
    if is_legacy(resource, body):
        return f"a body of the legacy API in place of the {what}"
    if is_outdated(body):
        return f"a body of wc/v1 in place of the {what}: its dates are in site time"
    return f"the store sent something without an id in place of the {what}"


def is_its_webhooks_fault(resource: str, raw: bytes) -> bool:
    """Whether a fresh webhook may have sent the resource: bodies are built in the name of the
    account that made it, in the API version with which it was made. A resource that was deleted
    meanwhile (404) is nowhere."""
    try:
        body = rfc8259.parse_of_store(raw)
    except ValueError:
        return True
    return is_broken(resource, body) and not is_gone(body)


def _status(body: object) -> Any:
    """What an error object says of itself."""
    if not isinstance(body, dict) or "id" in body or "code" not in body:
        return _NO_ERROR
    data = body.get("data")
    return data["status"] if isinstance(data, dict) and "status" in data else _NO_ERROR
