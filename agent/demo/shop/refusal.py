"""What a store refuses, in the words of the recordings."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """Becomes ``{"code", "message", "data": {"status", …}}`` with that status."""

    def __init__(self, code: str, message: str, status: int, **data: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data = data

    def body(self) -> dict[str, Any]:
        """The error object, as it stands in an answer, a batch item or a webhook."""
        data = {"status": self.status, **self.data}
        return {"code": self.code, "message": self.message, "data": data}


def invalid_params(problems: dict[str, tuple[str, str]]) -> Refusal:
    """400 ``rest_invalid_param``; ``problems`` is name -> (WordPress' error code, message)."""
    details = {
        name: {
            "code": code,
            "message": message,
            "data": {"param": name} if code == "rest_invalid_type" else None,
        }
        for name, (code, message) in problems.items()
    }
    params = {name: message for name, (_, message) in problems.items()}
    names = ", ".join(problems)
    return Refusal(
        "rest_invalid_param", f"Invalid parameter(s): {names}", 400, params=params, details=details
    )


def invalid_id(resource: str, status: int) -> Refusal:
    """``resource`` as WordPress calls its post type: ``product``, ``shop_order``, …"""
    return Refusal(f"woocommerce_rest_{resource}_invalid_id", "Invalid ID.", status)


def already_trashed(resource: str) -> Refusal:
    return Refusal(
        "woocommerce_rest_already_trashed", f"The {resource} has already been deleted.", 410
    )


def trash_not_supported(what: str) -> Refusal:
    """501: this resource only goes with ``force=true``."""
    return Refusal("woocommerce_rest_trash_not_supported", what, 501)


def missing_param(name: str) -> Refusal:
    return Refusal(
        "rest_missing_callback_param", f"Missing parameter(s): {name}", 400, params=[name]
    )
