"""Write loops: something saves a resource over and over, and every save is a webhook."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

WINDOW = timedelta(minutes=1)
CALM_AFTER = timedelta(minutes=10)
_MOST_SUBJECTS = 2000


@dataclass(slots=True)
class _Subject:
    content: bytes
    times: deque[datetime] = field(default_factory=deque)
    alarm: datetime | None = None


class Repeats:
    """Which resources are sent more than so many times a minute without a change of content.

    Kept in memory: of the subjects whose content came again, those seen last.
    """

    def __init__(self) -> None:
        self._subjects: OrderedDict[str, _Subject] = OrderedDict()

    def seen(self, subject: str, content: bytes, at: datetime, most: int) -> bool:
        """A body that changed nothing came; True where that is the beginning of an alarm."""
        found = self._subjects.setdefault(subject, _Subject(content))
        self._subjects.move_to_end(subject)
        if len(self._subjects) > _MOST_SUBJECTS:
            self._subjects.popitem(last=False)
        if found.content != content:
            found.content = content
            found.times.clear()
        found.times.append(at)
        while len(found.times) > most + 1 or abs(at - found.times[0]) > WINDOW:
            found.times.popleft()
        if len(found.times) <= most:
            return False
        began = not _is_on(found, at)
        found.alarm = at
        return began

    def changed(self, subject: str) -> None:
        """Its content changed: counting starts anew."""
        if subject in self._subjects:
            self._subjects[subject].times.clear()

    def loops(self, now: datetime) -> list[str]:
        """The subjects with an alarm that is not over."""
        return [name for name, found in self._subjects.items() if _is_on(found, now)]


def _is_on(found: _Subject, now: datetime) -> bool:
    return found.alarm is not None and abs(now - found.alarm) <= CALM_AFTER
