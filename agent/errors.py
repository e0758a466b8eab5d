"""Every exception of the agent, as one tree.

    AgentError                    one line for the person on call, and the next command to run
    ├── UsageError                exit 2: wrong usage
    │   └── ConfigError           a setting is missing, unknown or out of range
    ├── UnreachableError          exit 3: the other side does not answer
    ├── StartError                exit 1: the daemon can't start (port taken, state locked)
    ├── StoreError                exit 3: the WooCommerce store can't be used now
    │   ├── StoreUnavailableError     away, in maintenance or broken: tried again by itself
    │   │   └── StoreIncompleteError      a list of which it does not show all
    │   ├── StoreRefusedError         refuses our key or has no REST API here: needs a person
    │   └── StoreRejectedError        understood the call and said no
    ├── StorageError              exit 1: the database could not be read or written
    └── NotFoundError             exit 1: no such row

Errors never carry secrets or personal data: they end up in logs and on terminals.
"""

from __future__ import annotations

from typing import ClassVar


class AgentError(Exception):
    """What went wrong and where, in one line; ``hint`` names the next step."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AgentError):
    """The command was called in a way that can't work."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting is missing, unknown, or has a value that can't be used."""


class UnreachableError(AgentError):
    """The store, the gateway or the daemon does not answer."""

    exit_code = 3


class StartError(AgentError):
    """The daemon can't start here: a port is taken, or the state is in use."""


class StoreError(AgentError):
    """The WooCommerce store can't be used now."""

    exit_code = 3


class StoreUnavailableError(StoreError):
    """Away, in maintenance or broken. A write that ended so may have been done or not."""

    def __init__(self, message: str, *, hint: str, retry_after_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class StoreFailedError(StoreUnavailableError):
    """A program of its own broke (500): on what it was asked for, or whatever it is asked for."""


class StoreIncompleteError(StoreUnavailableError):
    """A list of which not all is shown, or other rows than were asked for: it proves nothing."""


class StoreRefusedError(StoreError):
    """It refuses our key, or there is no REST API at that address: a person has to do something."""

    def __init__(self, message: str, *, hint: str, status: int) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class StoreRejectedError(StoreError):
    """It understood the call and said no, with a status and a code of its own."""

    def __init__(self, message: str, *, hint: str, status: int, code: str) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code


class StorageError(AgentError):
    """The database could not be read or written; nothing was half-written."""


class NotFoundError(AgentError):
    """There is no row with that id."""
