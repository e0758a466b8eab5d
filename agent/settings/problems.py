"""What is wrong with a configuration, in the words of the person who wrote it.

Every line names the dotted key, the rule, the value and where it stands; never a secret's value.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from agent.settings import keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_RULES = {
    "bool_parsing": "must be true or false",
    "dict_type": 'must be a table, such as {{one = "two"}}',
    "bool_type": "must be true or false",
    "greater_than_equal": "must be at least {ge}",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "path_type": "must be a path in quotes",
    "string_type": "must be text in quotes",
    "tuple_type": 'must be a list, such as ["one", "two"]',
    "value_error": "{error}",
}
_LONGEST_SHOWN = 80
# Keys of WooCommerce, signing secrets, and what URLs hide: unsaid wherever they were put.
_CONFIDENTIAL = re.compile(
    r"(?<=\bck_|\bcs_)\w+|(?<=\bwhsec_)[\w+/=]+|(?<=://).*(?=@)|(?<=\?)[^\"]+"
)


def unknown(key: str, where: str) -> str:
    """A key that is no setting, and the one that was probably meant."""
    if key in keys.SECTIONS:
        return f"{key} must be a section, written [{key}] (in {where})"
    meant = keys.nearest(key)
    guess = f"; did you mean {meant}?" if meant else ""
    return f"{key} is not a setting (in {where}){guess}"


def of_values(error: ValidationError, places: Mapping[str, str]) -> list[tuple[str, str]]:
    """(dotted key, line) of everything that a check of values found.

    ``places`` says where the value of a key stands.
    """
    return [_line(detail, places) for detail in error.errors(include_url=False)]


def _line(detail: ErrorDetails, places: Mapping[str, str]) -> tuple[str, str]:
    section, *rest = map(str, detail["loc"]) if detail["loc"] else ("",)
    key = f"{section}.{rest[0]}" if section in keys.SECTIONS and rest else section
    if detail["type"] in _RULES:
        rule = _RULES[detail["type"]].format(**detail.get("ctx", {}))
    else:
        rule = detail["msg"].replace("Input should be", "must be")
    if key not in keys.FIELDS:  # a rule between settings names them itself
        return key, rule
    if detail["type"] == "missing":
        return key, f"{key} is missing"
    got = "" if key in keys.SECRETS else f", got {shown(detail['input'])}"
    return key, f"{key} {rule}{got} (in {places[key]})"


def shown(value: Any) -> str:
    """A value as the file would have it: short, and without anything that looks like a key."""
    written = masked(json.dumps(value, ensure_ascii=False, default=str))
    return written if len(written) <= _LONGEST_SHOWN else f"{written[:_LONGEST_SHOWN]}…"


def masked(written: str) -> str:
    """The text without what looks like a key, or like the password or query of a URL."""
    return _CONFIDENTIAL.sub("…", written)
