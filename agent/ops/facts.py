"""What the agent knows of itself: what health is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from agent import errors
    from agent.model.pause import Pause


@dataclass(frozen=True, slots=True)
class Side:
    """How it goes with the store or the gateway; ``refused``: a person has to do something."""

    trouble: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Late:
    """How late the store's webhooks come, how many changes none told of yet, and why the store's
    cron can't be woken."""

    seconds: float = 0.0
    unheard: int = 0
    cron: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was looked up. ``outbox`` and ``inbox`` are the counts of ``agent.storage``; ``broken``
    the kinds of resources that come as error objects, ``loops`` what is saved over and over,
    ``suspected`` that the database is broken, ``lost`` what could not be read of each one that was
    set aside; ``deprecated`` what the gateway says of the end of its protocol, ``drop_folder`` why
    that can't be used; ``drifted`` the fields, by SKU, that were changed in the store where the ERP
    has the last word; ``webhooks`` what is wrong with the store's webhooks and could not be
    repaired, None where they are not watched; ``report`` what the last comparison of both ends came
    to; ``uncertain`` how many products have shown for a while what may be too little, because it is
    not known whether the ERP's figure counts some orders; ``failing`` why the store can't write
    some products, by id, while it writes others; ``behind_s`` how many seconds the dates of changes
    are behind the store's clock, at least."""

    at: datetime
    store_id: str
    outbox: Mapping[str, Any]
    inbox: Mapping[str, Any]
    gateway: Side
    store: Side
    free_bytes: int
    writes: bool = True
    trouble: errors.StorageError | None = None
    deprecated: str = ""
    suspected: bool = False
    lost: Mapping[str, str] = field(default_factory=dict)
    pauses: Sequence[Pause] = ()
    broken: Sequence[str] = ()
    loops: Sequence[str] = ()
    drifted: Mapping[str, Sequence[str]] = field(default_factory=dict)
    drop_folder: str = ""
    late: Late = Late()
    webhooks: str | None = None
    report: Mapping[str, Any] | None = None
    uncertain: int = 0
    failing: Mapping[int, str] = field(default_factory=dict)
    cache: str = ""
    behind_s: float = 0.0
