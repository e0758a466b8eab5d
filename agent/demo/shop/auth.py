"""Who may do what: the key check of WC:includes/class-wc-rest-authentication.php."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from agent.demo.shop import php
from agent.demo.shop.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

_WINDOW_S = 15 * 60
_OAUTH = ("consumer_key", "timestamp", "nonce", "signature", "signature_method")
_HEADER_PAIR = re.compile(r'(oauth_[a-z_-]*)=(?:"([^"]*)"|([^,]*))')
_HASHES = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}


@dataclass(frozen=True)
class Signed:
    """What of a request takes part in the check; path and query as they came, still encoded."""

    method: str
    path: str
    query: str
    authorization: str
    home: str
    is_ssl: bool
    now: int  # seconds since 1970


@dataclass
class _Key:
    consumer_key: str
    secret: str
    permissions: str
    nonces: dict[str, str] = field(default_factory=dict)  # only the last one of each second


class Keys:
    """The API keys of the store; ``permissions`` of a key are read, write or read_write."""

    def __init__(self) -> None:
        self._keys: dict[str, _Key] = {}

    def add(self, consumer_key: str, secret: str, permissions: str = "read_write") -> None:
        self._keys[consumer_key] = _Key(consumer_key, secret, permissions)

    def permissions(self, request: Signed) -> str | None:
        """None for nobody in particular; raises ``Refusal`` for a key that does not fit."""
        key = (self._basic(request) if request.is_ssl else None) or self._oauth(request)
        if key is None:
            return None
        writes = request.method not in ("GET", "HEAD", "OPTIONS")
        if writes and key.permissions == "read":
            raise _refused("The API key provided does not have write permissions.")
        if not writes and key.permissions == "write":
            raise _refused("The API key provided does not have read permissions.")
        return key.permissions

    def _basic(self, request: Signed) -> _Key | None:
        """Key and secret themselves, in the query or as user and password: over TLS only."""
        parameters = php.query(request.query)
        user, secret = parameters.get("consumer_key"), parameters.get("consumer_secret")
        if not (user and secret):
            user, secret = _user_and_password(request.authorization)
        key = self._keys.get(user) if user else None
        if key is not None and not hmac.compare_digest(key.secret, secret or ""):
            raise _refused("Consumer secret is invalid.")
        return key

    def _oauth(self, request: Signed) -> _Key | None:
        parameters = php.query(request.query) | _header_parameters(request.authorization)
        missing = [f"oauth_{n}" for n in _OAUTH if not parameters.get(f"oauth_{n}")]
        if len(missing) == len(_OAUTH):
            return None
        if missing:
            words = "parameter" if len(missing) == 1 else "parameters"
            message = f"Missing OAuth {words} {', '.join(missing)}"
            raise Refusal("woocommerce_rest_authentication_missing_parameter", message, 401)
        key = self._keys.get(parameters["oauth_consumer_key"])
        if key is None:
            raise _refused("Consumer key is invalid.")
        _check_signature(request, parameters, key)
        _check_nonce(key, parameters["oauth_timestamp"], parameters["oauth_nonce"], request.now)
        return key


def forbidden(method: str, path: str) -> Refusal:
    """What nobody in particular hears; ``path`` is that of the route, with braces."""
    what, words = "view", "Sorry, you cannot list resources."
    if path.endswith("/batch"):
        what, words = "batch", "Sorry, you are not allowed to batch manipulate this resource."
    elif method == "DELETE":
        what, words = "delete", "Sorry, you are not allowed to delete this resource."
    elif method != "GET":
        what, words = "create", "Sorry, you are not allowed to create resources."
        if path.endswith("}"):
            what, words = "edit", "Sorry, you are not allowed to edit this resource."
    elif path.endswith("}"):
        words = "Sorry, you cannot view this resource."
    return Refusal(f"woocommerce_rest_cannot_{what}", words, 401)


def _check_signature(request: Signed, parameters: dict[str, str], key: _Key) -> None:
    """The base string has the site's home URL, whatever address the client connected to."""
    home = urlsplit(request.home)
    scheme = "https" if request.is_ssl else "http"
    base_uri = quote(f"{scheme}://{home.netloc}{request.path}", safe="")
    given = parameters["oauth_signature"].replace(" ", "+")
    pairs = {name: value for name, value in parameters.items() if name != "oauth_signature"}
    signed = f"{request.method}&{base_uri}&{_joined(sorted(pairs.items()))}"
    digest = _HASHES.get(parameters["oauth_signature_method"])
    if digest is None:
        raise _refused("Invalid signature - signature method is invalid.")
    mac = hmac.new(f"{key.secret}&".encode(), signed.encode(), getattr(hashlib, digest)).digest()
    if not hmac.compare_digest(base64.b64encode(mac), unquote(given).encode()):
        raise _refused("Invalid signature - provided signature does not match.")


def _check_nonce(key: _Key, timestamp: str, nonce: str, now: int) -> None:
    if abs(php.intval(timestamp) - now) > _WINDOW_S:
        raise _refused("Invalid timestamp.")
    if nonce in key.nonces.values():
        raise _refused("Invalid nonce - nonce has already been used.")
    key.nonces[timestamp] = nonce
    for old in [t for t in key.nonces if php.intval(t) < now - _WINDOW_S]:
        del key.nonces[old]


def _joined(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values encoded twice, as RFC 5849 3.4.1 has them inside the base string."""
    return "%26".join(f"{_twice(name)}%3D{_twice(value)}" for name, value in pairs)


def _twice(text: str) -> str:
    return quote(quote(unquote(text), safe=""), safe="")


def _header_parameters(authorization: str) -> dict[str, str]:
    if not authorization.strip().startswith("OAuth "):
        return {}
    found = _HEADER_PAIR.findall(authorization)
    return {name: unquote(quoted or bare) for name, quoted, bare in found}


def _user_and_password(authorization: str) -> tuple[str | None, str | None]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        user, _, password = base64.b64decode(encoded).decode().partition(":")
    except ValueError:
        return None, None
    return user, password


def _refused(message: str) -> Refusal:
    return Refusal("woocommerce_rest_authentication_error", message, 401)
