"""How a request carries the REST API key: Basic, in the query string, or OAuth 1.0a.

WooCommerce takes the first two only where PHP sees TLS, and OAuth 1.0a only where it does not
(``includes/class-wc-rest-authentication.php``). Some hosts strip the Authorization header.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Literal, Protocol
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from oauthlib import oauth1

if TYPE_CHECKING:
    import random

    from agent.clock import Clock
    from agent.settings import StoreSettings


Method = Literal["GET", "POST", "PUT", "DELETE"]


class Auth(Protocol):
    """Makes a request ours."""

    name: str

    def carried(
        self, method: Method, url: str, query: dict[str, str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """The query parameters and headers to send to ``url``, an address without a query."""


class Basic:
    """The Authorization header, over TLS."""

    name = "basic"

    def __init__(self, key: str, secret: str) -> None:
        token = base64.b64encode(f"{key}:{secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}"}

    def carried(
        self, method: Method, url: str, query: dict[str, str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        return query, self._headers


class Query:
    """Key and secret as parameters, over TLS: for hosts that strip the Authorization header."""

    name = "query"

    def __init__(self, key: str, secret: str) -> None:
        self._parameters = {"consumer_key": key, "consumer_secret": secret}

    def carried(
        self, method: Method, url: str, query: dict[str, str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        return query | self._parameters, {}


class OAuth1:
    """A signature per request, over plain HTTP. A retry must be signed anew: its nonce is spent.

    The base string always begins with ``http://`` and the home host, whatever address is connected
    to; JSON bodies are not signed.
    """

    name = "oauth1"

    def __init__(self, key: str, secret: str, *, clock: Clock, rng: random.Random) -> None:
        self._key = key
        self._secret = secret
        self._clock = clock
        self._rng = rng

    def carried(
        self, method: Method, url: str, query: dict[str, str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        client = oauth1.Client(
            self._key,
            client_secret=self._secret,
            signature_method=oauth1.SIGNATURE_HMAC_SHA256,
            signature_type=oauth1.SIGNATURE_TYPE_QUERY,  # hosts strip the header, never the query
            timestamp=str(int(self._clock.now().timestamp())),
            nonce=f"{self._rng.getrandbits(128):032x}",
        )
        plain = "http://" + url.partition("://")[2]
        signed = f"{plain}?{encoded(query)}" if query else plain
        uri, _, _ = client.sign(signed, http_method=method)
        return dict(parse_qsl(urlsplit(uri).query, keep_blank_values=True)), {}


class Nobody:
    """No key at all, for what anybody may read."""

    name = "nobody"

    def carried(
        self, method: Method, url: str, query: dict[str, str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        return query, {}


def encoded(query: dict[str, str]) -> str:
    """RFC 3986 percent-encoding, as the signature wants it (a blank is %20)."""
    return urlencode(query, quote_via=quote, safe="")


def secrets(settings: StoreSettings) -> tuple[bytes, ...]:
    """What no answer must bring into a log: secret and key, also as the Authorization header has
    them."""
    key = settings.consumer_key.get_secret_value().encode()
    secret = settings.consumer_secret.get_secret_value().encode()
    return secret, base64.b64encode(key + b":" + secret), key


def candidates(settings: StoreSettings, *, clock: Clock, rng: random.Random) -> list[Auth]:
    """The ways to try, best first: the one that was chosen, or all that the scheme allows."""
    key = settings.consumer_key.get_secret_value()
    secret = settings.consumer_secret.get_secret_value()
    oauth = OAuth1(key, secret, clock=clock, rng=rng)
    ways: list[Auth] = [Basic(key, secret), Query(key, secret), oauth]
    if settings.auth != "auto":
        return [way for way in ways if way.name == settings.auth]
    # Without TLS nothing but a signature keeps the secret off the wire. With TLS in front of a
    # plain PHP (a proxy), WooCommerce sees no TLS and wants the signature too.
    return ways if urlsplit(settings.url).scheme == "https" else [oauth]
