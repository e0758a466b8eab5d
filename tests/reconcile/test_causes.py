"""Why a figure is not what it should be."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from agent.model.report import DriftCause
from agent.reconcile import causes
from tests.reconcile.fakes import AT

S = timedelta(seconds=1)
CHANGED, OTHERS = DriftCause.CHANGED_IN_STORE, DriftCause.WRITTEN_BY_OTHERS


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ("pending", DriftCause.ERP_NEWER),
        ("waiting", DriftCause.ERP_NEWER),
        ("held", DriftCause.ERP_NEWER),
        ("failed", DriftCause.NEVER_APPLIED),
        ("rejected", DriftCause.WRITTEN_BY_OTHERS),  # it never was a figure
        ("would_apply", DriftCause.NEVER_APPLIED),
        *((state, OTHERS) for state in ("applied", "unchanged", "superseded", None)),
    ],
)
def test_the_newest_update_tells_first(state: str | None, cause: DriftCause) -> None:
    assert causes.of(causes.Standing(state, AT), AT) is cause


@pytest.mark.parametrize(
    ("written", "ahead", "changed", "cause"),
    [
        (AT, 0, AT + 3 * S, CHANGED),
        (AT, 0, AT + 2 * S, OTHERS),  # the store's dates have no fractions
        (AT, 0, AT - S, OTHERS),
        (AT, 60, AT + 62 * S, OTHERS),  # its clock is ahead
        (AT, 60, AT + 63 * S, CHANGED),
        (AT, -60, AT - 58 * S, OTHERS),
        (AT, -60, AT - 57 * S, CHANGED),
        (None, 0, AT, CHANGED),
        (AT, 0, None, CHANGED),
    ],
)
def test_then_when_it_was_saved_last(
    written: datetime | None, ahead: int, changed: datetime | None, cause: DriftCause
) -> None:
    assert causes.of(causes.Standing("applied", written, ahead * S), changed) is cause
