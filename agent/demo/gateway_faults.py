"""What a gateway may do wrong beyond what any ``Site`` can: on request, and until it is cleared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from agent.demo.gateway_problem import Problem

Event = dict[str, Any]
Chosen = str | Callable[[Event], bool]
"""Events meant by a fault: those of this ``type`` or ``subject``, or those a predicate picks."""


class Treatment(StrEnum):
    """How a chosen event fares while its neighbours go on."""

    REJECT = "rejected"
    DEFER = "deferred"
    OMIT = "omitted"  # stored, but missing from the results


@dataclass
class EventFault:
    """A treatment for the next ``times`` (None: all) events that are chosen."""

    treatment: Treatment
    chosen: Chosen
    times: int | None
    code: str
    message: str


@dataclass
class _Refusal:
    problem: Problem
    times: int | None
    chosen: Chosen | None = None
    under: str = ""
    instance: str | None = None


@dataclass
class _Withheld:
    status: int
    times: int | None


class Faults:
    """``headers`` go onto every answer (``Deprecation``, ``Sunset``, ``Retry-After``).

    ``never_waits``: a poll without updates is answered at once, whatever ``wait`` says.
    ``hides_head``: no answer tells how far the journal goes.
    """

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.never_waits = self.hides_head = False
        self._events: list[EventFault] = []
        self._refusals: list[_Refusal] = []
        self._withheld: list[_Withheld] = []

    def clear(self) -> None:
        """Everything is answered properly again."""
        self.headers.clear()
        self.never_waits = self.hides_head = False
        self._events.clear()
        self._refusals.clear()
        self._withheld.clear()

    def reject(
        self,
        chosen: Chosen,
        *,
        code: str = "refused",
        message: str = "not wanted here",
        times: int | None = None,
    ) -> None:
        """Chosen events are ``rejected``; the others of the batch go on."""
        self._events.append(EventFault(Treatment.REJECT, chosen, times, code, message))

    def defer(self, chosen: Chosen, *, times: int | None = None) -> None:
        """Chosen events are ``deferred``: not stored, wanted later."""
        fault = EventFault(Treatment.DEFER, chosen, times, "busy", "try again later")
        self._events.append(fault)

    def omit(self, chosen: Chosen, *, times: int | None = None) -> None:
        """Chosen events are stored, but the results do not name them."""
        self._events.append(EventFault(Treatment.OMIT, chosen, times, "", ""))

    def refuse_batch(
        self, chosen: Chosen, *, status: int = 422, html: bool = False, times: int | None = None
    ) -> None:
        """A batch that holds a chosen event is refused as a whole; ``html``: as a proxy would."""
        problem = Problem(status, "invalid", "an event of this batch is not acceptable", html=html)
        self._refusals.append(_Refusal(problem, times, chosen=chosen))

    def refuse_everything(
        self,
        status: int,
        *,
        code: str = "refused",
        html: bool = False,
        under: str = "",
        instance: str | None = None,
        times: int | None = None,
    ) -> None:
        """Requests whose path contains ``under`` (and that come from ``instance``) are refused."""
        problem = Problem(status, code, "refused on request", html=html)
        self._refusals.append(_Refusal(problem, times, under=under, instance=instance))

    def withhold_results(self, *, status: int = 204, times: int | None = None) -> None:
        """Events are stored, but the 2xx that answers them has no results."""
        self._withheld.append(_Withheld(status, times))

    def meet_request(self, path: str, instance: str | None) -> None:
        """Problem, if this request is to be refused whatever it says."""
        refusal = _due(
            self._refusals,
            lambda rule: (
                rule.chosen is None and rule.under in path and rule.instance in (None, instance)
            ),
        )
        if refusal is not None:
            raise refusal.problem

    def meet_batch(self, batch: list[Any]) -> None:
        """Problem, if the batch is to be refused for an event it holds."""
        refusal = _due(
            self._refusals,
            lambda rule: (
                rule.chosen is not None and any(_means(rule.chosen, event) for event in batch)
            ),
        )
        if refusal is not None:
            raise refusal.problem

    def treatment(self, event: Event) -> EventFault | None:
        """What is to happen to this event instead of being stored and named."""
        return _due(self._events, lambda rule: _means(rule.chosen, event))

    def withheld_status(self) -> int | None:
        """The status to answer without results, if that is due."""
        rule = _due(self._withheld, lambda _: True)
        return None if rule is None else rule.status


_Rule = TypeVar("_Rule", EventFault, _Refusal, _Withheld)


def _due(rules: list[_Rule], fits: Callable[[_Rule], bool]) -> _Rule | None:
    for rule in rules:
        if fits(rule):
            if rule.times is not None:
                rule.times -= 1
                if rule.times <= 0:
                    rules.remove(rule)
            return rule
    return None


def _means(chosen: Chosen, event: Any) -> bool:
    if not isinstance(event, dict):
        return False
    if isinstance(chosen, str):
        return chosen in (event.get("type"), event.get("subject"))
    return chosen(event)
