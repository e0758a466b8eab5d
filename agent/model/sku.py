"""SKUs that look alike: what a person, an export or a keyboard makes of one. Pure."""

from __future__ import annotations

import unicodedata

_INVISIBLE = "Cf"  # Unicode's category of zero-width joiners, direction marks, soft hyphens


def folded(sku: str) -> str:
    """The same for all SKUs that differ in case, blanks (no-break ones too), invisible characters,
    or in how an accent is written (NFC, NFD)."""
    visible = "".join(one for one in sku if unicodedata.category(one) != _INVISIBLE)
    return "".join(unicodedata.normalize("NFKC", visible).casefold().split())
