"""The gates of a booking, and as much of them as whoever reads may see."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.allocations import seen_by_key
from infra_access.access_requests.content import members_of
from infra_access.access_requests.gates.judging import Clearance, Gate, Known, Subject, gates_from, samples_of
from infra_access.access_requests.gates.of_requests import persons_of
from infra_access.access_requests.models import AccessRequest, AccessRoute, Allocation
from infra_access.accounting.models import FundingSource
from infra_access.core.authority import Actor
from infra_access.people.models import Account
from infra_access.people.trainings import trainings_of_people
from infra_access.policy.applicants import facts_of
from infra_access.policy.demands import demands
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.further import further_actions, rules_asked
from infra_access.policy.overrides import standing
from infra_access.policy.places import InstrumentPlace, facts_of_place, places_of
from infra_access.policy.rulebook import RuleBook, rulebook
from infra_access.policy.rules import Action, Require, RequirementKind, Rule
from infra_access.policy.ruling import members, relation_to, with_request
from infra_access.scheduling.gates.models import GateClearance
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking

GATED = (
    BookingState.HELD,
    BookingState.PROPOSED,
    BookingState.PENDING_APPROVAL,
    BookingState.CONFIRMED,
    BookingState.READY,
)
"""States of a session that is still to begin, at a time that is known."""

_BOOKING = "the booking"


def gates_of(session: Session, booking: Booking, *, now: datetime) -> list[Gate]:
    """Return the gates of a session that is still to begin, as an officer reads them.

    By the rules, facts and trainings of its day. Three statements where nothing is required, a dozen otherwise.
    """
    if booking.state not in GATED:
        return []
    at = max(booking.starts, now)  # what is supplied while it runs counts too
    book = rulebook(session)
    place = places_of(session, [booking.instrument_id])[booking.instrument_id]
    way = _way_of(session, booking)
    # Who takes part from where is known only once the request was read, which it is where anything is required.
    asked = rules_asked(book, place, route=way, at=at, action="book")
    rules = [rule for rule in asked if isinstance(rule.effect, Require)]
    return _gates(session, booking, rules, book, place, way, at) if rules else []


def _way_of(session: Session, booking: Booking) -> str | None:
    """Return the public id of the way in that a booking came by."""
    if booking.allocation_id is None and booking.route_id is None:
        return None
    granted_by = (
        select(AccessRequest.route_id)
        .join(Allocation, Allocation.access_request_id == AccessRequest.id)
        .where(Allocation.id == booking.allocation_id)
    )
    return session.scalar(
        select(AccessRoute.public_id).where(or_(AccessRoute.id == booking.route_id, AccessRoute.id.in_(granted_by)))
    )


def _gates(
    session: Session,
    booking: Booking,
    rules: Sequence[Rule],
    book: RuleBook,
    place: InstrumentPlace,
    way: str | None,
    at: datetime,
) -> list[Gate]:
    owner = Actor(account_id=booking.account_id, public_id="", label="")
    applicant = facts_of(session, owner, acting_for_id=booking.acting_for_id, now=at, book=book)
    met: set[str] = set()
    if booking.allocation_id is not None:
        granted, access_request = seen_by_key(session, booking.allocation_id, at=at)
        people = [(one.account_id, one.name) for one in members_of(session, access_request.id)]
        samples, extra = samples_of(access_request.project), granted.facts
        met |= granted.satisfies
        rules = standing(rules, granted.overrides)
        done = {Action.BOOK, *further_actions("book", granted.facts, at)}
    else:
        applicant, people, samples, extra = applicant.alone(), [(booking.account_id, "")], [], None
        done = {Action.BOOK}
    rules = [rule for rule in rules if not done.isdisjoint(rule.applies_to)]
    met |= _paid_by(session, booking)
    facts = with_request(applicant, route=way, extra=extra, satisfied=met, now=at)
    facts = facts_of_place(place, at).joined(facts).joined(_of_the_session(booking))
    facts = facts.joined(Facts.of(relation_to(place, applicant, members(applicant), at)))
    satisfied = facts.value("satisfied", at)
    persons = persons_of(session, people)
    keys = {one.account_id for one in persons if one.account_id is not None}
    trained = any(isinstance(one.effect, Require) and one.effect.kind is RequirementKind.TRAINING for one in rules)
    known = Known(
        people=persons,
        samples=samples,
        met=satisfied if isinstance(satisfied, frozenset) else frozenset(),
        cleared=_cleared(session, booking),
        trainings=trainings_of_people(session, keys) if trained else {},
    )
    return gates_from(demands(rules, facts, as_of=at), known, start=booking.starts, at=at)


def _of_the_session(booking: Booking) -> Facts:
    lead = max((booking.starts - booking.created_at).days, 0)
    values: dict[str, date | int] = {"time.start": booking.starts.astimezone(UTC).date(), "time.lead_days": lead}
    return Facts.of({path: Fact(value, _BOOKING, _BOOKING, booking.created_at) for path, value in values.items()})


def _paid_by(session: Session, booking: Booking) -> set[str]:
    if booking.funding_id is None:
        return set()
    kind = session.scalar(select(FundingSource.kind).where(FundingSource.id == booking.funding_id))
    return {f"funding:{kind}"}


def _cleared(session: Session, booking: Booking) -> dict[Subject, Clearance]:
    rows = session.execute(
        select(GateClearance, Account.name)
        .join(Account, Account.id == GateClearance.cleared_by_id)
        .where(GateClearance.booking_id == booking.id)
        .order_by(GateClearance.id)
    )
    return {
        (row.gate, row.account_id, row.sample): Clearance(
            by=name, at=row.cleared_at, note=row.note, title=row.title, number=row.number, sha256=row.sha256
        )
        for row, name in rows
    }
