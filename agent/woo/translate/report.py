"""The report of a comparison, which was made here, out of the line again. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from agent.model.report import ReconciliationReport
from agent.woo.translate.errors import Untranslatable
from agent.woo.translate.rules import PLAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.woo.translate.rules import Rules


def of_body(body: Mapping[str, Any], _: Rules = PLAIN) -> ReconciliationReport:
    """The report; ``Untranslatable`` for one of another version of ours."""
    try:
        return ReconciliationReport.model_validate(body)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise Untranslatable(place, "is not as this version makes it") from None
