"""The OpenAPI 3.1 document of gateway protocol v1, for whoever builds a gateway. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.gateway.contract import answers, parameters, schemas
from agent.model import envelope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.gateway.contract.answers import Row

Part = dict[str, Any]

_ABOUT = (
    "What woo-agent, which stands beside a WooCommerce store, and the gateway of an ERP say to each"
    " other. The agent always calls, the gateway implements this document. Its `README.md` says"
    " what the figures mean, and what happens when."
)
_LATER = "The agent backs off and asks again; `Retry-After` is honoured."
_EVENTS = envelope.BATCH_CONTENT_TYPE


def document(examples: Mapping[str, Any]) -> Part:
    """The whole document. ``examples`` are documents by the names of their schemas: events by
    type, updates, results."""
    components, refs = schemas.components()
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "woo-agent gateway protocol",
            "version": "1.0.0",
            "summary": "Events of a store to its ERP, stock and prices back.",
            "description": _ABOUT,
        },
        "servers": [
            {
                "url": "{gateway}",
                "description": "`gateway.url` of the agent's configuration, https beyond one host.",
                "variables": {"gateway": {"default": "https://erp.example.com/woo"}},
            }
        ],
        "security": [{"token": []}],
        "tags": [
            {"name": "events", "description": "What the store says."},
            {"name": "updates", "description": "What the store is told, and what became of it."},
            {"name": "fleet", "description": "Who is there, and how it is."},
        ],
        "paths": {
            "/v1/stores/{store}": {
                "parameters": parameters.EVERY_REQUEST,
                "get": _who_is_there(refs, examples),
            },
            "/v1/stores/{store}/events": {
                "parameters": parameters.EVERY_REQUEST,
                "post": _take_events(refs, examples),
            },
            "/v1/stores/{store}/updates": {
                "parameters": parameters.EVERY_REQUEST,
                "get": _give_updates(refs, examples),
            },
            "/v1/stores/{store}/updates/results": {
                "parameters": parameters.EVERY_REQUEST,
                "post": _take_results(refs, examples),
            },
            "/v1/stores/{store}/heartbeat": {
                "parameters": parameters.EVERY_REQUEST,
                "put": _take_heartbeat(refs),
            },
        },
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`gateway.token`. The agent can bring a client certificate too.",
                }
            },
            "parameters": parameters.NAMED,
            "headers": parameters.HEADERS,
            "schemas": components,
        },
    }


def _who_is_there(refs: Mapping[str, str], examples: Mapping[str, Any]) -> Part:
    return {
        "tags": ["fleet"],
        "operationId": "describeStore",
        "summary": "Who is there",
        "description": "Asked when the agent starts, and every hour. Not required: 404, 405 or 501"
        " say that it is not offered. After any other error it is asked again once a minute.",
        "responses": {
            "200": _answer("The gateway, and what it has of this store.")
            | {"content": _content("application/json", refs, "store-description.v1", examples)},
            "404": _problem(refs, "Not offered."),
            "default": _problem(refs, "Asked again a minute later."),
        },
    }


def _take_events(refs: Mapping[str, str], examples: Mapping[str, Any]) -> Part:
    shown = {
        name: {"summary": f"A batch with one {name}", "value": [examples[name]]}
        for name in examples
        if name.startswith("retail.")
    }
    return {
        "tags": ["events"],
        "operationId": "takeEvents",
        "summary": "Take a batch of events",
        "description": "At least once, each with the same id whenever it is sent. A batch holds one"
        " event per `correlationid` at most, and the next of it is sent when the one before is"
        " settled; others may overtake each other. An empty batch is a probe, answered like any"
        " other. Store first, in one transaction with the positions, then answer.",
        "parameters": parameters.SIGNATURE,
        "requestBody": {
            "required": True,
            "content": {
                _EVENTS: {
                    "schema": {"type": "array", "items": {"$ref": refs["cloudevent.v1"]}},
                    "examples": {**shown, "probe": {"summary": "A probe", "value": []}},
                }
            },
        },
        "responses": {row.status: _of_row(row, refs, examples) for row in answers.TABLE},
    }


def _of_row(row: Row, refs: Mapping[str, str], examples: Mapping[str, Any]) -> Part:
    said = f"{row.name}. The agent: {row.text}"
    if row.does is answers.Does.SETTLES:
        content = _content("application/json", refs, "events-answer.v1", examples)
        return _answer(said) | {"content": content, "x-agent": row.does}
    problem = _problem(refs, said) | {"x-agent": row.does}
    if row.retry_after:
        problem["headers"] = problem["headers"] | {
            "Retry-After": {"$ref": "#/components/headers/Retry-After"}
        }
    return problem


def _give_updates(refs: Mapping[str, str], examples: Mapping[str, Any]) -> Part:
    return {
        "tags": ["updates"],
        "operationId": "giveUpdates",
        "summary": "Give the next page of updates",
        "description": "A long poll: hold the call until there is something, at most `wait`"
        " seconds. If you can't, answer an empty page at once: the agent comes back after"
        " `Retry-After`, else after its `gateway.poll_every`. A page with fewer than `limit` items"
        " ends the feed for now. The cursor is stored in one transaction with the page: it is never"
        " asked for again unless you forget cursors.",
        "parameters": parameters.OF_A_POLL,
        "responses": {
            "200": _answer("A page; empty where there is nothing new.", "Retry-After")
            | {"content": _content("application/json", refs, "updates-page.v1", examples)},
            "409": _problem(
                refs,
                "`cursor_unknown`: the agent reads your feed from its start, and applies nothing"
                " before it saw the end. `another_instance`: as for events.",
            ),
            "default": _problem(refs, _LATER, "Retry-After"),
        },
    }


def _take_results(refs: Mapping[str, str], examples: Mapping[str, Any]) -> Part:
    return {
        "tags": ["updates"],
        "operationId": "takeResults",
        "summary": "Take what became of updates",
        "description": "At least once: an (`id`, `n`) that you have changes nothing. Of one id the"
        " highest `n` counts.",
        "parameters": parameters.SIGNATURE,
        "requestBody": {
            "required": True,
            "content": _content("application/json", refs, "results.v1", examples),
        },
        "responses": {
            "200": _answer("Taken. Any JSON object.")
            | {"content": {"application/json": {"schema": {"type": "object"}}}},
            "204": _answer("Taken."),
            "400": _problem(
                refs, "The batch is halved; a result that is refused alone is dropped."
            ),
            "413": _problem(refs, "As 400."),
            "422": _problem(refs, "As 400."),
            "default": _problem(refs, _LATER, "Retry-After"),
        },
    }


def _take_heartbeat(refs: Mapping[str, str]) -> Part:
    return {
        "tags": ["fleet"],
        "operationId": "takeHeartbeat",
        "summary": "Take the agent's health",
        "description": "Once a minute, the document that the agent's own `/health` shows. Not"
        " required: a 404 switches it off until the agent starts anew; other errors are ignored.",
        "parameters": parameters.SIGNATURE,
        "requestBody": {
            "required": True,
            "content": _content("application/json", refs, "heartbeat.v1", {}),
        },
        "responses": {
            "204": _answer("Taken."),
            "404": _problem(refs, "Not offered."),
            "default": _problem(refs, "Ignored."),
        },
    }


def _content(kind: str, refs: Mapping[str, str], name: str, examples: Mapping[str, Any]) -> Part:
    media: Part = {"schema": {"$ref": refs[name]}}
    if name in examples:
        media["example"] = examples[name]
    return {kind: media}


def _answer(said: str, *headers: str) -> Part:
    named = ("Deprecation", "Sunset", *headers)
    return {
        "description": said,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in named},
    }


def _problem(refs: Mapping[str, str], said: str, *headers: str) -> Part:
    media = {"application/problem+json": {"schema": {"$ref": refs["problem.v1"]}}}
    return _answer(said, *headers) | {"content": media}
