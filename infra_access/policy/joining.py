"""One decision out of those on several instruments: as strict as the strictest, and due is what any of them asks."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from infra_access.core.decision import Decision, EarliestStart, Outcome

E = TypeVar("E")
# As one evaluation orders them: what has to be supplied comes before what somebody has to approve.
_ORDER = (
    Outcome.PERMIT,
    Outcome.PERMIT_WITH_LIMITS,
    Outcome.NEEDS_APPROVAL,
    Outcome.CONDITIONAL,
    Outcome.NOT_ELIGIBLE,
    Outcome.DENY,
)
_CLOSED = (Outcome.NOT_ELIGIBLE, Outcome.DENY)


def joined(decisions: Sequence[Decision]) -> Decision:
    """Return the decision on all of them together; they must be of one case, policy and instant."""
    if len(decisions) == 1:
        return decisions[0]
    outcome = max((decision.outcome for decision in decisions), key=_ORDER.index)
    # What closes one instrument closes all, and what the others would still need is beside the point.
    telling = [decision for decision in decisions if decision.outcome is outcome or outcome not in _CLOSED]
    return replace(
        decisions[0],
        outcome=outcome,
        earliest_start=_latest(decision.earliest_start for decision in telling),
        reasons=_distinct(reason for decision in telling for reason in decision.reasons),
        missing=_distinct(missing for decision in telling for missing in decision.missing),
        approvals=_distinct(due for decision in telling for due in decision.approvals),
        limits=_limits([decision.limits for decision in telling]),
    )


def _latest(starts: Iterable[EarliestStart | None]) -> EarliestStart | None:
    known = [start for start in starts if start is not None]
    if not known:
        return None
    longest = max(known, key=lambda start: (start.safe, start.likely, str(start.because)))
    return replace(longest, likely=max(start.likely for start in known))


def _distinct(entries: Iterable[E]) -> tuple[E, ...]:
    found: list[E] = []
    for entry in entries:
        if entry not in found:
            found.append(entry)
    return tuple(found)


def _limits(each: Sequence[dict[str, Any]]) -> dict[str, Any]:
    together: dict[str, Any] = {}
    for name in sorted({name for limits in each for name in limits}):
        stated = [limits[name] for limits in each if name in limits]
        together[name] = sorted(set().union(*stated)) if name == "masked" else min(stated)
    return together
