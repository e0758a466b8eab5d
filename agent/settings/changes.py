"""What a new configuration changes: at once, or only after a restart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.settings import keys

if TYPE_CHECKING:
    from agent.settings.whole import Settings

# Log level, pace, guardrails, intervals and mode; addresses, keys and folders are opened once.
LIVE = frozenset(
    key
    for key in keys.FIELDS
    if key.partition(".")[0] in ("health", "inventory", "prices", "reconcile", "updates")
) - {"updates.drop_folder"} | {
    "log.level",
    "store.batch_size",
    "store.write_concurrency",
    "store.wake_cron",
    "gateway.batch_size",
    "gateway.max_batch_bytes",
    "gateway.max_in_flight",
    "gateway.poll_every",
    "privacy.erase_within",
}


@dataclass(frozen=True)
class Changes:
    """Dotted keys, in the order of the sections; never values, they may be secrets."""

    live: list[str]
    needs_restart: list[str]


def between(old: Settings, new: Settings) -> Changes:
    """The settings that differ."""
    differ = [key for key in keys.FIELDS if keys.read(old, key) != keys.read(new, key)]
    return Changes(
        live=[key for key in differ if key in LIVE],
        needs_restart=[key for key in differ if key not in LIVE],
    )


def applied(old: Settings, new: Settings) -> Settings:
    """``old`` with what may change while running: the settings in force after a reload."""
    sections = {
        section: getattr(old, section).model_copy(
            update={
                name: getattr(getattr(new, section), name)
                for name in model.model_fields
                if f"{section}.{name}" in LIVE
            }
        )
        for section, model in keys.SECTIONS.items()
    }
    return old.model_copy(update=sections)
