"""What the gateway does not get to see."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.model import privacy
from agent.model.privacy import Privacy
from agent.woo.translate import order
from tests import recordings

ORDER = "retail.order.snapshot.v1"
PASSED = "woocommerce.subscription.updated.v1"
KEY = bytes(range(32))


def left(
    data: Any, *, omit: tuple[str, ...] = (), hash: tuple[str, ...] = (), kind: str = ORDER
) -> Any:
    """What goes out of ``data``."""
    encoded = json.dumps(data).encode()
    return json.loads(Privacy.of(omit, hash, KEY).protected(encoded, kind))


def canonical(number: int = 14) -> dict[str, Any]:
    made: dict[str, Any] = order.translate(recordings.webhook(number).json()).model_dump(
        mode="json"
    )
    return made


def test_a_name_alone_is_every_field_of_that_name_and_a_path_only_its_own() -> None:
    whole = canonical()
    everywhere = left(whole, omit=("phone",))
    assert "phone" not in everywhere["billing_address"]
    assert "phone" not in everywhere["shipping_address"]
    one = left(whole, omit=("billing_address.phone",))
    assert "phone" not in one["billing_address"]
    assert one["shipping_address"] == whole["shipping_address"]
    del whole["billing_address"]["phone"]
    assert one == whole


def test_lists_are_gone_through() -> None:
    whole = canonical()
    assert whole["lines"]
    assert all(line["name"] for line in whole["lines"])
    assert all("name" not in line for line in left(whole, omit=("lines.name",))["lines"])
    hashed = left(whole, hash=("lines.sku",))["lines"]
    assert all(len(line["sku"]) == 32 for line in hashed if line["sku"])


def test_a_digest_is_equal_for_equal_values_and_another_with_another_key() -> None:
    whole = canonical()
    email = whole["customer"]["email"]
    digest = left(whole, hash=("customer.email",))["customer"]["email"]
    assert digest == left({"customer": {"email": email}}, hash=("email",))["customer"]["email"]
    assert email not in digest
    encoded = json.dumps(whole).encode()
    other = Privacy.of((), ("customer.email",), bytes(32)).protected(encoded, ORDER)
    assert json.loads(other)["customer"]["email"] != digest


@pytest.mark.parametrize("empty", [None, ""])
def test_what_is_empty_has_no_digest(empty: str | None) -> None:
    assert left({"phone": empty}, hash=("phone",)) == {"phone": empty}


@pytest.mark.parametrize("value", [{"a": 1}, [1, 2], 7, True, "\ud800"])
def test_a_digest_is_text_whatever_it_stands_for(value: object) -> None:
    digest = left({"x": {"phone": value}}, hash=("phone",))["x"]["phone"]
    assert len(bytes.fromhex(digest)) == 16


def test_what_only_passes_through_is_protected_by_the_last_part_of_a_name() -> None:
    body = {"id": 7, "billing": {"phone": "1", "email": "a@b"}, "meta": [{"phone": "2"}]}
    assert left(body, omit=("billing_address.phone",), hash=("customer.email",), kind=PASSED) == {
        "id": 7,
        "billing": {"email": left({"email": "a@b"}, hash=("email",))["email"]},
        "meta": [{}],
    }


def test_where_nothing_is_private_the_bytes_stay() -> None:
    assert Privacy.of((), (), KEY).protected(b'{ "id":1}', ORDER) == b'{ "id":1}'


def test_the_key_is_not_shown() -> None:
    assert repr(KEY) not in repr(Privacy.of(("phone",), (), KEY))


@pytest.mark.parametrize(
    "name", ["phone", "billing_address.phone", "lines.taxes.amount", "amount", "customer.email"]
)
def test_every_end_of_a_path_is_a_name(name: str) -> None:
    assert privacy.complaint(name) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("billing_adress.phone", "; did you mean billing_address.phone?"),
        ("emial", "; did you mean email?"),
        ("customer.phone", "is not a field of any event"),
        ("xyzzy", "xyzzy is not a field of any event"),
    ],
)
def test_another_name_is_refused_with_the_nearest(name: str, said: str) -> None:
    complaint = privacy.complaint(name)
    assert complaint is not None
    assert said in complaint
