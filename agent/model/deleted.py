"""Something that is no more."""

from __future__ import annotations

from pydantic import BaseModel


class Deleted(BaseModel, frozen=True, extra="forbid"):
    """A resource was deleted or put into the bin; a later snapshot says that it is back.

    ``id`` is the subject, ``order/1022``; ``resource`` is ``order``, and ``resource_id`` the
    store's own id.
    """

    id: str
    resource: str
    resource_id: int
