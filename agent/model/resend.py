"""The gateway lost something, and asks for events again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from agent.model import update
from agent.model.update import Text

if TYPE_CHECKING:
    from agent.model.update import Refusal

KIND = "resend"


class Resend(BaseModel):
    """Which events: those accepted at ``since_position`` or above, those about ``subject``, or
    those of ``type``; one of the three. Unknown fields are ignored: more may come."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        json_schema_extra={
            "oneOf": [{"required": [name]} for name in ("since_position", "subject", "type")]
        },
    )

    id: Text
    kind: Literal["resend"]
    since_position: Annotated[StrictInt, Field(ge=0, lt=2**63)] | SkipJsonSchema[None] = None
    subject: Text | SkipJsonSchema[None] = None
    type: Text | SkipJsonSchema[None] = None

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
