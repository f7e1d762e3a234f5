"""May this person use these instruments? One evaluation for each class of instruments, never one for each row.

Instruments under the same rules, of which these rules read the same values, cannot get different answers: they form a
class. A search over thousands of instruments so costs a handful of evaluations.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from infra_access.core.decision import Decision, Outcome, Reason
from infra_access.core.errors import NotFound
from infra_access.core.i18n import Text, _
from infra_access.policy.canonical import case_code
from infra_access.policy.classes import Classes
from infra_access.policy.facts import Facts
from infra_access.policy.places import places_of
from infra_access.policy.rulebook import RuleBook, rulebook
from infra_access.policy.rules import Grounds

Routes = Mapping[int, Sequence[str | None]]


def badges(
    session: Session,
    instrument_ids: Iterable[int],
    *,
    applicant: Facts,
    action: str,
    now: datetime,
    book: RuleBook | None = None,
    routes: Routes | None = None,
) -> dict[int, Decision]:
    """Return the decision on an action for each instrument by key, in the order given; unknown keys are left out.

    `routes` names the access routes that lead to each instrument (public ids): rules may be attached to a route, so
    each way in is judged and the best one answers. Two statements for up to 10,000 instruments, one given `book`.
    Facts of a request and of time are unknown here.
    """
    book = book or rulebook(session)
    classes = Classes(book, applicant, action, now)
    return {
        instrument_id: min(
            (classes.decide(place, route) for route in (routes or {}).get(instrument_id) or (None,)), key=badness
        )
        for instrument_id, place in places_of(session, instrument_ids).items()
    }


def eligibility(
    session: Session,
    instrument_id: int,
    *,
    applicant: Facts,
    action: str,
    now: datetime,
    book: RuleBook | None = None,
    routes: Sequence[str | None] = (),
) -> Decision:
    """Return the decision on an action with one instrument by its best route. Raises NotFound `instrument.unknown`."""
    found = badges(
        session,
        [instrument_id],
        applicant=applicant,
        action=action,
        now=now,
        book=book,
        routes={instrument_id: routes},
    )
    if instrument_id not in found:
        raise NotFound("instrument.unknown", _("There is no such instrument."))
    return found[instrument_id]


def not_offered(book: RuleBook, reason: Text, now: datetime) -> Decision:
    """Return the decision on what no way in offers, whatever the rules say."""
    inputs = (reason.encode(), now.isoformat().encode(), book.version.encode())
    why = Reason("none", reason, Grounds.NONE.value)
    return Decision(
        Outcome.NOT_ELIGIBLE, now.astimezone(UTC), book.version, case_code(b"\n".join(inputs)), reasons=(why,)
    )


_RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}


def badness(decision: Decision) -> tuple[int, bool, int, date]:
    """Return what sorts several answers to one person from best to worst: outcome, what is missing, when at the latest.

    Of two ways in that are not open yet, one that a missing fact may open goes before one that nothing opens.
    """
    start = decision.earliest_start
    hopeless = decision.outcome is Outcome.NOT_ELIGIBLE and not decision.missing
    return _RANK[decision.outcome], hopeless, len(decision.missing), start.safe if start else date.max
