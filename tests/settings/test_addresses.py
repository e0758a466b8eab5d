from __future__ import annotations

from pathlib import Path

import pytest

from agent.settings import TcpAddress, UnixAddress, addresses


@pytest.mark.parametrize(
    ("written", "meant", "local"),
    [
        ("127.0.0.1:8787", TcpAddress("127.0.0.1", 8787), True),
        ("127.8.0.1:1", TcpAddress("127.8.0.1", 1), True),
        ("localhost:0", TcpAddress("localhost", 0), True),
        ("[::1]:8788", TcpAddress("::1", 8788), True),
        ("0.0.0.0:65535", TcpAddress("0.0.0.0", 65535), False),
        ("[::]:80", TcpAddress("::", 80), False),
        ("shop.example.com:443", TcpAddress("shop.example.com", 443), False),
        ("unix:/run/woo-agent/a/hook.sock", UnixAddress(Path("/run/woo-agent/a/hook.sock")), True),
    ],
)
def test_an_address_reads_as_it_is_written(
    written: str, meant: TcpAddress | UnixAddress, local: bool
) -> None:
    address = addresses.listen_address(written)
    assert (address, str(address), address.is_local) == (meant, written, local)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("8787", "must be host:port"),
        (":8787", "must be host:port"),
        ("::1:8787", "must be host:port"),
        ("http://localhost:8787", "must be host:port"),
        ("localhost:", "must be host:port"),
        ("localhost:-1", "must be host:port"),
        ("localhost:65536", "port between 0 and 65535"),
        ("[localhost]:80", "IPv6 address between its brackets"),
        ("unix:hook.sock", "absolute path"),
        ("unix:/" + "a" * 107, "at most 107 bytes"),
        pytest.param(8787, "must be host:port", id="a bare number"),
    ],
)
def test_an_address_that_can_not_be_used_is_refused_in_plain_words(
    written: object, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        addresses.listen_address(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://shop.example.com/", "https://shop.example.com"),
        ("https://Shop.Example.com/Wien//", "https://shop.example.com/Wien"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
    ],
)
def test_a_base_url_can_be_appended_to(written: str, meant: str) -> None:
    assert addresses.base_url(written) == meant


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("shop.example.com", "http:// or https:// URL with a host"),
        ("ftp://shop.example.com", "http:// or https:// URL with a host"),
        ("https://", "http:// or https:// URL with a host"),
        ("https://shop:0", "http:// or https:// URL with a host"),
        ("https://shop:99999", "must be a URL"),
        ("https://[::1", "must be a URL"),
        ("https://me:pw@shop.example.com", "user name or password"),
        ("https://shop.example.com/#top", "#fragment"),
        ("https://shop.example.com/a b", "blanks"),
        ("https://shop.example.com/?key=1", r"\?query"),
        ("https://shop.example.com/?", r"\?query"),
    ],
)
def test_a_base_url_that_can_not_be_used_is_refused_in_plain_words(written: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        addresses.base_url(written)


def test_a_url_that_is_registered_elsewhere_stays_as_it_is() -> None:
    assert addresses.http_url("https://Shop/hook/?a=1") == "https://Shop/hook/?a=1"
