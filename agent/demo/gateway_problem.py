"""Error answers of the gateway stand-in: the contract's problem+json, and a proxy's HTML."""

from __future__ import annotations

from http.client import responses

from aiohttp import web


class Problem(Exception):
    """Ends a request with an error (RFC 9457), or with the page a proxy on the way would show.

    ``code`` is the stable word an agent acts on: ``cursor_unknown``, ``another_instance``, …
    """

    def __init__(self, status: int, code: str, detail: str = "", *, html: bool = False) -> None:
        super().__init__(detail or code)
        self.status = status
        self.code = code
        self.detail = detail
        self.html = html

    def response(self) -> web.Response:
        """What goes over the wire."""
        title = responses.get(self.status, "Unknown")
        if self.html:
            page = f"<html><h1>{self.status} {title}</h1><hr>nginx</html>"
            return web.Response(status=self.status, text=page, content_type="text/html")
        document = {
            "type": f"urn:woo-agent:problem:{self.code}",
            "title": title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        return web.json_response(
            document, status=self.status, content_type="application/problem+json"
        )
