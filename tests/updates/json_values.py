"""What a gateway may put into its feed: any JSON value, and things that are almost updates."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_TEXTS = st.text(st.characters(), max_size=8)  # lone surrogates too: JSON can say them
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)  # no JSON says those
    | _TEXTS
    | st.sampled_from(["12.90", "0", "EUR", "stock", "price", "x" * 201, "a\x00b"])
    | st.datetimes(timezones=st.timezones() | st.just(None)).map(str)
    | st.sampled_from(["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)
_FIELDS = (
    *("quantity", "seen_position", "seen", "as_of", "approved", "correlation_id"),
    *("currency", "tax", "regular_price", "sale_price", "sale_from", "sale_to"),
    *("effective_at", "expires_at", "id", "sku", "version", "kind"),
    *("since_position", "subject", "type"),
)


@st.composite
def _almost_updates(draw: st.DrawFn) -> dict[str, Any]:
    """A sound item of which some fields are replaced by anything."""
    sound: dict[str, Any] = draw(
        st.sampled_from(
            [
                {"kind": "stock", "quantity": 3},
                {"kind": "price", "regular_price": "12.90"},
                {"kind": "resend", "subject": "order/1"},
            ]
        )
    )
    item: dict[str, Any] = {"id": "u-1", "sku": "MUG-1", "version": draw(st.integers(0, 3))}
    return item | sound | draw(st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=3))


def items() -> st.SearchStrategy[Any]:
    """One item of a page."""
    return _almost_updates() | _VALUES
