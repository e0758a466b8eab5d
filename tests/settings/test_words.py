from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import SecretStr, TypeAdapter, ValidationError

from agent.settings import words

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # 24 bytes in base64


def read(kind: Any, written: object) -> Any:
    return TypeAdapter(kind).validate_python(written)


@pytest.mark.parametrize(
    ("kind", "written", "meant"),
    [
        (words.StoreId, "brand-de_2.x", "brand-de_2.x"),
        (words.StoreId, "a" * 64, "a" * 64),
        (words.UrlPath, "/", "/"),
        (words.UrlPath, "/woo-agent/hook", "/woo-agent/hook"),
        (words.FieldName, "billing_address.line_2", "billing_address.line_2"),
        (words.AbsolutePath, "/etc/ssl/ca.pem", Path("/etc/ssl/ca.pem")),
        (words.Moment, "2026-11-23T00:00:00Z", datetime(2026, 11, 23, tzinfo=UTC)),
        (
            words.Moment,
            "2026-11-23 08:00:00+02:00",
            datetime(2026, 11, 23, 8, tzinfo=timezone(timedelta(hours=2))),
        ),
        (words.Secret, "open sesame ä", SecretStr("open sesame ä")),
        (words.SigningSecret, KEY, SecretStr(KEY)),
        (Annotated[tuple[str, ...], words.CommaSeparated], "a, b,,c ", ("a", "b", "c")),
        (Annotated[tuple[str, ...], words.CommaSeparated], ["a, b"], ("a, b",)),
        (Annotated[tuple[str, ...], words.CommaSeparated], "", ()),
        (words.StatusWords, {"shipped": "fulfilled"}, {"shipped": "fulfilled"}),
        (words.StatusWords, {"wc-x": " fulfilled  paid "}, {"x": "fulfilled paid"}),
        (
            words.StatusWords,
            "shipped = fulfilled, x=cancelled unpaid,",
            {"shipped": "fulfilled", "x": "cancelled unpaid"},
        ),
        (words.StatusWords, "", {}),
    ],
)
def test_a_word_reads_as_it_is_written(kind: Any, written: object, meant: object) -> None:
    assert read(kind, written) == meant


@pytest.mark.parametrize(
    ("kind", "written", "told"),
    [
        (words.StoreId, "", "1 to 64 letters"),
        (words.StatusWords, {"shipped": ""}, "must say of shipped one or two of cancelled, "),
        (words.StatusWords, {"shipped": "sent"}, "must say of shipped"),
        (words.StatusWords, {"shipped": "refunded"}, "must say of shipped"),
        (words.StatusWords, {"shipped": "paid unpaid"}, "must say of shipped"),
        (words.StatusWords, "shipped", "must say of shipped"),
        (words.StoreId, "a" * 65, "1 to 64 letters"),
        (words.StoreId, "brand/de", "1 to 64 letters"),
        (words.StoreId, "brand\n", "1 to 64 letters"),
        (words.UrlPath, "webhooks", 'start with "/"'),
        (words.UrlPath, "/{id}", "braces"),
        (words.UrlPath, "/hook?a=1", "blanks, ?, # or braces"),
        (words.FieldName, "Billing.Phone", "canonical fields"),
        (words.FieldName, "billing..phone", "canonical fields"),
        (words.FieldName, "billing_adress.phone", "did you mean billing_address.phone"),
        (words.FieldName, "customer_ip_address", "is not a field of any event"),
        (words.AbsolutePath, "ca.pem", "absolute path"),
        (words.AbsolutePath, "~/ca.pem", "absolute path"),
        (words.Moment, "2026-11-23T00:00:00", "time zone"),
        (words.Moment, "20261123", "time zone"),  # a date, and no seconds since 1970
        (words.Moment, 20261123.5, "date with time and zone"),
        (words.Moment, "tomorrow", "date with time and zone"),
        (words.SigningSecret, KEY.removeprefix("whsec_"), "whsec_"),
        (words.SigningSecret, "whsec_c2hvcnQ=", "24 to 64 bytes"),
        (words.SigningSecret, f"{KEY}!", "in base64"),
    ],
)
def test_a_word_that_can_not_be_used_is_refused_in_plain_words(
    kind: Any, written: object, told: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        read(kind, written)
    assert told in refusal.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("written", "told"), [("", "is empty"), ("two\nlines", "one line"), ("bell\a", "one line")]
)
def test_a_secret_is_one_line_of_text(written: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        read(words.Secret, written)
