"""Goes through all checks, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import errors
from agent.gateway.conformance import batches, faulty, feed, parallel, presence, results
from agent.gateway.conformance.verdict import Check, Finding, NotOffered, Outcome, Unmet
from agent.model import foreign

if TYPE_CHECKING:
    from agent.gateway.conformance.session import Session

CHECKS: tuple[Check, ...] = (
    *presence.FIRST,
    *batches.CHECKS,
    *faulty.CHECKS,
    *parallel.CHECKS,
    *feed.CHECKS,
    *results.CHECKS,
    *presence.LAST,
)


async def run(session: Session) -> list[Finding]:
    """What every check found.

    Raises UnreachableError where nothing answers, UsageError where our token is refused.
    """
    await _knock(session)
    findings: list[Finding] = []
    silent = set()
    for check in CHECKS:
        is_asked = check.needs not in silent
        finding = await _found(check, session) if is_asked else _unasked(check)
        findings.append(finding)
        if not is_asked or finding.outcome is Outcome.FAIL:
            silent.add(check.name)
    return findings


def _unasked(check: Check) -> Finding:
    return Finding(check.name, Outcome.SKIPPED, f"needs: {check.needs}", check.rule)


async def _knock(session: Session) -> None:
    """Is somebody there, and does an earlier run under this store id bind our numbers?"""
    answer = await session.agent.get_store()
    if answer.status is None:
        raise errors.UnreachableError(
            f"the gateway does not answer: {answer.excerpt or answer.failure}",
            hint="is the address right, without /v1/stores? woo-agent contract check --help",
        )
    if answer.status in (401, 403):
        raise errors.UsageError(
            f"the gateway refuses this token for this store ({answer.status})",
            hint="woo-agent contract check URL --token TOKEN --store ID, if it takes only stores"
            " that it knows",
        )
    if isinstance(answer.body, dict):
        session.last_sequence = presence.sequence(answer.body.get("last_sequence")) or 0


async def _found(check: Check, session: Session) -> Finding:
    outcome, found = Outcome.PASS, ""
    try:
        await check.run(session)
    except Unmet as unmet:
        outcome, found = Outcome.FAIL, foreign.line(str(unmet))
    except NotOffered as missing:
        outcome, found = Outcome.SKIPPED, str(missing)
    return Finding(check.name, outcome, found, check.rule)
