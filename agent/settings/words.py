"""How single words of a configuration are written: ids, paths, names, moments, secrets."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, SecretStr

from agent.model import privacy
from agent.model.order import FulfilmentStatus, PaymentStatus


def _store_id(written: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", written) is None:
        raise ValueError("must be 1 to 64 letters, digits, dots, dashes or underscores")
    return written


def _url_path(written: str) -> str:
    if re.fullmatch(r"/[^\s?#{}]*", written) is None:
        raise ValueError('must start with "/" and hold no blanks, ?, # or braces')
    return written


def _moment(written: object) -> datetime:
    try:
        moment = written if isinstance(written, datetime) else datetime.fromisoformat(str(written))
    except ValueError:
        raise ValueError("must be a date with time and zone: 2026-11-23T00:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError("must have a time zone: 2026-11-23T00:00:00Z")
    return moment


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


def _field_name(written: str) -> str:
    if re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*", written) is None:
        raise ValueError("must name canonical fields, such as billing_address.phone")
    if (unknown := privacy.complaint(written)) is not None:
        raise ValueError(unknown)
    return written


def _pairs(written: object) -> object:
    if isinstance(written, str):
        pairs = (pair.partition("=") for pair in written.split(",") if pair.strip())
        return {status.strip(): words.strip() for status, _, words in pairs}
    return written


def _status_words(written: dict[str, str]) -> dict[str, str]:
    """At most one word about the goods and one about the money, of those a status can tell."""
    for status, words in written.items():
        said = words.split()
        goods, money = len(_GOODS.intersection(said)), len(_MONEY.intersection(said))
        if not said or goods + money < len(said) or max(goods, money) > 1:
            known = ", ".join([*sorted(_GOODS), *sorted(_MONEY)])
            raise ValueError(f"must say of {status} one or two of {known}")
    return {status.removeprefix("wc-"): " ".join(said.split()) for status, said in written.items()}


def _separated(written: object) -> object:
    if isinstance(written, str):
        return [name.strip() for name in written.split(",") if name.strip()]
    return written


def _one_line(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value():
        raise ValueError("is empty")
    if not secret.get_secret_value().isprintable():
        raise ValueError("must be one line of text")
    return secret


def _signing_key(secret: SecretStr) -> SecretStr:
    written = secret.get_secret_value()
    try:
        key = base64.b64decode(written.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not written.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise ValueError("must be whsec_ and 24 to 64 bytes in base64 (Standard Webhooks)")
    return secret


_GOODS = frozenset(word.value for word in FulfilmentStatus)
# What was given back is told by refunds alone.
_REFUNDS = (PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED)
_MONEY = frozenset(word.value for word in PaymentStatus if word not in _REFUNDS)
StoreId = Annotated[str, AfterValidator(_store_id)]
UrlPath = Annotated[str, AfterValidator(_url_path)]
FieldName = Annotated[str, AfterValidator(_field_name)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Secret = Annotated[SecretStr, AfterValidator(_one_line)]
SigningSecret = Annotated[SecretStr, AfterValidator(_signing_key)]
# The environment knows no lists: there they stand in one text, with commas between them.
CommaSeparated = BeforeValidator(_separated)
StatusWords = Annotated[dict[str, str], BeforeValidator(_pairs), AfterValidator(_status_words)]
