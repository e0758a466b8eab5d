"""Certificates made on the spot with the openssl command: an authority, a server, a client."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


@dataclass(frozen=True)
class Certificates:
    """Files in PEM: ``ca`` signed the server's (127.0.0.1, shop.localtest) and the client's."""

    ca: Path
    server: Path
    client: Path
    client_key: Path

    def for_server(self, *, client_needed: bool = False) -> ssl.SSLContext:
        """What a server listens with."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.ca)
        context.load_cert_chain(self.server, self.server.with_suffix(".key"))
        if client_needed:
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def made(directory: Path) -> Certificates:
    """All of them, in ``directory``."""
    ca = _signed(directory, "ca", ["basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign"])
    by_ca = ["-CA", str(ca), "-CAkey", str(ca.with_suffix(".key"))]
    names = ["subjectAltName=IP:127.0.0.1,DNS:shop.localtest"]
    server = _signed(directory, "server", names, by_ca)
    client = _signed(directory, "client", ["extendedKeyUsage=clientAuth"], by_ca)
    return Certificates(ca, server, client, client.with_suffix(".key"))


def _signed(directory: Path, name: str, extensions: list[str], signer: Sequence[str] = ()) -> Path:
    certificate = directory / f"{name}.pem"
    added = [part for extension in extensions for part in ("-addext", extension)]
    command = ["openssl", "req", "-x509", *_KEY, "-subj", f"/CN={name}", *added, *signer]
    files = ["-keyout", str(certificate.with_suffix(".key")), "-out", str(certificate)]
    subprocess.run([*command, *files], check=True, capture_output=True)
    return certificate
