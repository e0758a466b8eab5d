"""``/etc/woo-agent`` of a test: files in it, an environment, and what is loaded from both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.settings import Loaded, Settings, load

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = {
    "store.consumer_key": "ck_1f0e5d",
    "store.consumer_secret": "cs_9a8b7c",
    "webhooks.secret": "open sesame",
    "gateway.token": "tok-4711",
}
NOTHING_SECRET = """
[store]
id = "brand-de"
url = "https://shop.example.com"
[gateway]
url = "https://erp.example.com/woo"
"""


class Instances:
    """What ``load`` finds; the secrets come from the environment unless a test takes them out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {variable(key): secret for key, secret in SECRETS.items()}

    def write(self, text: str, name: str = "brand.toml", *, mode: int = 0o600) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def load(self, text: str = NOTHING_SECRET) -> Loaded:
        self.write(text)
        return load(instance="brand", environ=self.environ, instances=self.folder)

    def settings(self, text: str = NOTHING_SECRET) -> Settings:
        return self.load(text).settings

    def with_line(self, section: str, line: str) -> Settings:
        """The smallest configuration that works, and one line more."""
        found = f"[{section}]\n"
        if found in NOTHING_SECRET:
            return self.settings(NOTHING_SECRET.replace(found, f"{found}{line}\n"))
        return self.settings(f"{NOTHING_SECRET}{found}{line}\n")


def variable(key: str) -> str:
    """The environment's name of a setting."""
    return f"WOO_AGENT__{key.replace('.', '__').upper()}"
