"""Where things listen and what is called: ``host:port``, ``unix:/path``, http URLs."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, PlainSerializer, PlainValidator, WithJsonSchema

_SUN_PATH_BYTES = 107  # struct sockaddr_un of Linux holds 108, one of them the final NUL


@dataclass(frozen=True)
class TcpAddress:
    """``host:port``; an IPv6 host stands in brackets when written, and without them here."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@dataclass(frozen=True)
class UnixAddress:
    """``unix:/path``: a socket in the file system."""

    path: Path

    def __str__(self) -> str:
        return f"unix:{self.path}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it: always."""
        return True


def tcp_address(written: object) -> TcpAddress:
    """``"127.0.0.1:443"``, ``"[::1]:443"`` → address. Raises ValueError."""
    if isinstance(written, TcpAddress):
        return written
    match = re.fullmatch(
        r"(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\[\]/\s]+)):(?P<port>[0-9]{1,5})", str(written)
    )
    if match is None:
        raise ValueError('must be host:port, such as "127.0.0.1:8787" or "[::1]:8787"')
    if match["v6"] and not _is_ipv6(match["v6"]):
        raise ValueError("must have an IPv6 address between its brackets")
    if int(match["port"]) > 65535:
        raise ValueError("must have a port between 0 and 65535")
    return TcpAddress(match["v6"] or match["host"], int(match["port"]))


def listen_address(written: object) -> TcpAddress | UnixAddress:
    """``"127.0.0.1:8787"`` or ``"unix:/path"`` → address; port 0 takes a free one."""
    if isinstance(written, UnixAddress):
        return written
    if not str(written).startswith("unix:"):
        return tcp_address(written)
    path = Path(str(written).removeprefix("unix:"))
    if not path.is_absolute():
        raise ValueError('must have an absolute path after "unix:", such as "unix:/run/a.sock"')
    if len(bytes(path)) > _SUN_PATH_BYTES:
        raise ValueError(f"must have a path of at most {_SUN_PATH_BYTES} bytes")
    return UnixAddress(path)


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def http_url(written: str) -> str:
    """An http or https URL with a host, kept as it is written. Raises ValueError."""
    try:
        url = urlsplit(written)
        port = url.port
    except ValueError:
        raise ValueError("must be a URL, such as https://shop.example.com") from None
    if url.scheme not in ("http", "https") or not url.hostname or port == 0:
        raise ValueError("must be an http:// or https:// URL with a host")
    if url.username is not None or url.password is not None:
        raise ValueError("must not hold a user name or password")
    if url.fragment or re.search(r"[\s\x00-\x1f\x7f]", written):
        raise ValueError("must not hold blanks or a #fragment")
    return written


def base_url(written: str) -> str:
    """A URL that paths are appended to: no query; host in lower case, no final slash."""
    url = urlsplit(http_url(written))
    if "?" in written:
        raise ValueError("must not hold a ?query")
    return urlunsplit((url.scheme, url.netloc.lower(), url.path.rstrip("/"), "", ""))


def _connect_address(written: object) -> TcpAddress:
    address = tcp_address(written)
    if address.port == 0:
        raise ValueError("must have a port between 1 and 65535")
    return address


ConnectAddress = Annotated[
    TcpAddress,
    PlainValidator(_connect_address),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^.+:[0-9]{1,5}$"}),
]
ListenAddress = Annotated[
    TcpAddress | UnixAddress,
    PlainValidator(listen_address),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^(unix:/.+|.+:[0-9]{1,5})$"}),
]
HttpUrl = Annotated[
    str, AfterValidator(http_url), WithJsonSchema({"type": "string", "pattern": "^https?://"})
]
BaseUrl = Annotated[
    str, AfterValidator(base_url), WithJsonSchema({"type": "string", "pattern": "^https?://"})
]
