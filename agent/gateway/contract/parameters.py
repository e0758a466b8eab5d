"""Parameters and headers of the gateway's endpoints, for the OpenAPI document. Pure."""

from __future__ import annotations

from typing import Any

Part = dict[str, Any]


def _header(name: str, said: str, *, required: bool = False, **schema: Any) -> Part:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": said,
        "schema": {"type": "string"} | schema,
    }


def _query(name: str, said: str, **schema: Any) -> Part:
    return {"name": name, "in": "query", "description": said, "schema": schema}


def _named(*names: str) -> list[Part]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


EVERY_REQUEST = _named(
    "store", "Woo-Agent-Store", "Woo-Agent-Instance", "User-Agent", "traceparent"
)
OF_A_POLL = _named("after", "limit", "wait")
SIGNATURE = _named("webhook-id", "webhook-timestamp", "webhook-signature")
"""Standard Webhooks, of requests with a body."""
NAMED: dict[str, Part] = {
    "store": {
        "name": "store",
        "in": "path",
        "required": True,
        "description": "`store.id` of the agent's configuration.",
        "schema": {"type": "string"},
    },
    "Woo-Agent-Store": _header("Woo-Agent-Store", "The same as in the path.", required=True),
    "Woo-Agent-Instance": _header(
        "Woo-Agent-Instance",
        "Made with the agent's state. A new one takes over at once; answer 409 `another_instance`"
        " to one that was replaced and speaks again: its host was cloned.",
        required=True,
        format="uuid",
    ),
    "User-Agent": _header("User-Agent", "`woo-agent/` and its version."),
    "traceparent": _header("traceparent", "W3C trace context of the request."),
    "webhook-id": _header(
        "webhook-id",
        "Standard Webhooks, where a signing secret is agreed: a digest of the body. It is no"
        " idempotency key.",
    ),
    "webhook-timestamp": _header("webhook-timestamp", "Seconds since 1970."),
    "webhook-signature": _header(
        "webhook-signature", "`v1,` and the signature over the exact bytes of the body."
    ),
    "after": _query("after", "The cursor of the last page; absent: from the start.", type="string"),
    "limit": _query("limit", "Most items of a page.", type="integer", minimum=1, default=500),
    "wait": _query(
        "wait", "Seconds that the call may be held.", type="integer", minimum=0, default=0
    ),
}
HEADERS: dict[str, Part] = {
    "Retry-After": {
        "description": "RFC 9110: seconds, or a date; an hour at most is waited.",
        "schema": {"type": "string"},
    },
    "Deprecation": {
        "description": "RFC 9745, `@1688169600`: what the agent speaks is deprecated. It says so to"
        " its people.",
        "schema": {"type": "string"},
    },
    "Sunset": {
        "description": "RFC 8594: when it will be gone.",
        "schema": {"type": "string"},
    },
}
