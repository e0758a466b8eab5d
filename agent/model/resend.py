"""The gateway lost something, and asks for events again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    ValidationError,
    model_validator,
)

from agent.model import update

if TYPE_CHECKING:
    from agent.model.update import Refusal

KIND = "resend"
_Text = Annotated[str, StringConstraints(strict=True, max_length=200, pattern=r"^\P{C}+$")]


class Resend(BaseModel):
    """Which events: those accepted at ``since_position`` or above, those about ``subject``, or
    those of ``type``; one of the three. Unknown fields are ignored: more may come."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: _Text
    kind: Literal["resend"]
    since_position: Annotated[StrictInt, Field(ge=0, lt=2**63)] | None = None
    subject: _Text | None = None
    type: _Text | None = None

    @model_validator(mode="after")
    def _asks_for_one_thing(self) -> Resend:
        if len(self._asked()) != 1:
            raise ValueError("names one of since_position, subject and type")
        return self

    def told(self) -> str:
        """What it asks for, such as ``subject order/1022``."""
        [(name, value)] = self._asked().items()
        return f"{name} {value}"

    def _asked(self) -> dict[str, object]:
        return self.model_dump(exclude_none=True, exclude={"id", "kind"})


def read(item: object) -> Resend | Refusal | None:
    """An item of the feed that asks for events, or why it can't; None where it is about something
    else. Never raises."""
    if not isinstance(item, Mapping) or item.get("kind") != KIND:
        return None
    try:
        return Resend.model_validate(item)
    except ValidationError as error:
        return update.invalid(error)
