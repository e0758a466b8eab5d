"""SKUs that look alike: what a person, an export or a keyboard makes of one. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_INVISIBLE = "Cf"  # Unicode's category of zero-width joiners, direction marks, soft hyphens


def folded(sku: str) -> str:
    """The same for all SKUs that differ in case, blanks (no-break ones too), invisible characters,
    or in how an accent is written (NFC, NFD)."""
    visible = "".join(one for one in sku if unicodedata.category(one) != _INVISIBLE)
    return "".join(unicodedata.normalize("NFKC", visible).casefold().split())


def near(sku: str, others: Iterable[str]) -> list[str]:
    """Those of the others that look like it, in order."""
    alike = folded(sku)
    return sorted({one for one in others if one != sku and folded(one) == alike})
