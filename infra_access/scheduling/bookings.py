"""Making a booking: one purpose, one or more lines, all or nothing."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations, approvals
from infra_access.access_requests.allocations import Granted
from infra_access.access_requests.models import AccessRequest, Allocation
from infra_access.access_requests.standing import team_of
from infra_access.audit.record import record
from infra_access.catalogue.models import Instrument
from infra_access.catalogue.offers import Offer, offer_of
from infra_access.catalogue.vocabularies import AccessUnit
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.columns import table_of
from infra_access.core.decision import Decision, Outcome
from infra_access.core.errors import Conflict, Forbidden
from infra_access.core.i18n import _, plain
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_line
from infra_access.core.timespan import TimeSpan
from infra_access.outbox.events import publish
from infra_access.policy.applicants import facts_of
from infra_access.policy.decisions import record_decision
from infra_access.policy.disclosure import decision_to_json
from infra_access.policy.eligibility import badness
from infra_access.policy.rulebook import rulebook_at
from infra_access.policy.ruling import Ruling, rule_on
from infra_access.scheduling import plan
from infra_access.scheduling.booking_queries import BookingView
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking, BookingLine
from infra_access.scheduling.occupancies import take
from infra_access.scheduling.places import LockedPlace, Place, locked_place
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.terms import terms_of

_INSERT_LINES = insert(table_of(BookingLine))

GRANTED = (Outcome.PERMIT, Outcome.PERMIT_WITH_LIMITS)


def book(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    place: Place,
    wishes: Sequence[Wish],
    allocation: str | None = None,
    title: str = "",
) -> Booking:
    """Book the lines for the actor, if the policy, the rules and the calendar all allow it.

    `allocation` is the public id of what an access request granted; the booking draws on it. Where the policy wants an
    approval, the time is held and the booking waits for it. A place that was read under its lock is not read again.

    Raises Forbidden with the Decision, Invalid with every broken rule, Conflict with the nearest alternatives.
    """
    return book_and_show(
        session, actor=actor, now=now, place=place, wishes=wishes, allocation=allocation, title=title
    ).booking


def book_and_show(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    place: Place,
    wishes: Sequence[Wish],
    allocation: str | None = None,
    title: str = "",
) -> BookingView:
    """Do what `book` does and return what `booking_by_public_id` would read of it: everything is at hand already."""
    require(actor, Permission.BOOKING_CREATE)
    title = clean_line(title, field="title", max_length=300)
    place = place if isinstance(place, LockedPlace) else locked_place(session, place.instrument.id)
    refuse_unbookable(place.instrument)
    granted = allocations.lock(session, allocation, actor=actor, now=now) if allocation else None
    terms = terms_of(session, place, plan.reach_of(wishes, now))
    ways = [granted.route] if granted else terms.ways
    ruling = permission_to_book(session, actor=actor, place=place, granted=granted, ways=ways, now=now)
    planned = plan.make(
        session,
        instrument=place.instrument,
        facility=place.facility,
        wishes=wishes,
        rules=terms.rules(granted.booking_rules if granted else None),
        now=now,
        hours=terms.hours,
    )
    whole = span_of(line.span for line in planned.lines)
    units = units_of([wish.span for wish in wishes], granted.access_unit) if granted else Decimal(0)
    pending = ruling.decision.outcome == Outcome.NEEDS_APPROVAL
    booking = Booking(
        public_id=new_public_id(),
        instrument_id=place.instrument.id,
        account_id=actor.account_id,
        acting_for_id=granted.acting_for_id if granted else next(iter(sorted(actor.organisation_ids)), None),
        allocation_id=granted.id if granted else None,
        title=title,
        starts=whole.start,
        ends=whole.end,
        units=units,
        state=BookingState.PENDING_APPROVAL if pending else BookingState.CONFIRMED,
        uid=f"{new_public_id()}@infra-access",
        sequence=0,
        case=ruling.decision.case,
        decision=decision_to_json(ruling.decision, plain),
        created_at=now,
        changed_at=now,
    )
    session.add(booking)
    session.flush()  # the lines and the occupancy need its key
    write_lines(session, booking, planned)
    if granted:
        allocations.draw(session, granted, instrument_id=place.instrument.id, span=whole, units=units)
    if pending:
        ask_approvals(session, booking, ruling, now)
    record_decision(
        session, subject_kind="booking", subject_id=booking.public_id, action="book", ruling=ruling, now=now
    )
    record(
        session,
        actor=actor,
        action="booking.created",
        object_kind="booking",
        object_id=booking.public_id,
        now=now,
        details=described(booking, place, planned),
    )
    publish(session, "booking.pending" if pending else "booking.confirmed", {"booking": booking.public_id}, now=now)
    resources = ((planned.resources[line.resource_id], line.span) for line in planned.lines)
    lines = tuple((row.public_id, row.name, span.start, span.end) for row, span in resources)
    return BookingView(booking, place.instrument, place.facility, actor.name, lines)


def refuse_unbookable(instrument: Instrument) -> None:
    """Raise Conflict for an instrument that offers "ask" instead of "book"."""
    if offer_of(instrument) is not Offer.BOOK:
        raise Conflict(
            "instrument.not_bookable",
            _("${name} cannot be booked here at present. You can ask its facility.", mapping={"name": instrument.name}),
        )


def permission_to_book(
    session: Session,
    *,
    actor: Actor,
    place: LockedPlace,
    granted: Granted | None,
    ways: Sequence[str],
    now: datetime,
) -> Ruling:
    """Return the policy's answer for booking: that it permits, or wants an approval first.

    `ways` are the routes by which the actor may come, that of the allocation or each that is open to everyone and
    lets teams pick; the best one answers. Raises Forbidden with the Decision otherwise.
    """
    book = rulebook_at(session, place.policy)
    applicant = facts_of(session, actor, acting_for_id=granted.acting_for_id if granted else None, now=now, book=book)
    if granted is None:
        applicant = applicant.alone()
    rulings = [
        rule_on(
            session,
            action="book",
            instrument_ids=[place.instrument.id],
            applicant=applicant,
            now=now,
            route=way,
            extra=granted.facts if granted else None,
            satisfied=granted.satisfies if granted else (),
            book=book,
            places={place.instrument.id: place.seen_by_policy()},
        )
        for way in ways or (None,)
    ]
    ruling = min(rulings, key=lambda each: badness(each.decision))
    if ruling.decision.outcome not in (*GRANTED, Outcome.NEEDS_APPROVAL):
        raise refused(ruling.decision)
    return ruling


def ask_approvals(session: Session, booking: Booking, ruling: Ruling, now: datetime) -> None:
    """Ask for every approval that the policy wants, hidden ones too, of people outside the team."""
    approvals.ask(
        session,
        subject_kind="booking",
        subject_id=booking.id,
        subject_public_id=booking.public_id,
        applicant_id=booking.account_id,
        instrument_ids=[booking.instrument_id],
        due=ruling.officer.approvals,
        now=now,
        team=team_of_booking(session, booking),
    )


def team_of_booking(session: Session, booking: Booking) -> frozenset[int]:
    """Return the accounts that a booking is for: the owner, and the team whose allocation it draws on."""
    if booking.allocation_id is None:
        return frozenset({booking.account_id})
    access_request = session.scalars(
        select(AccessRequest)
        .join(Allocation, Allocation.access_request_id == AccessRequest.id)
        .where(Allocation.id == booking.allocation_id)
    ).one()
    return team_of(session, access_request) | {booking.account_id}


def refused(decision: Decision) -> Forbidden:
    """Return the refusal that carries its Decision and names the first thing that is missing."""
    if decision.missing:
        first = decision.missing[0].message
        message = _("Something is missing before you can book this: ${first}", mapping={"first": first})
    elif decision.reasons:
        message = decision.reasons[0].message  # type: ignore[assignment]
    else:
        message = _("You cannot book this. Ask the facility and quote case ${case}.", mapping={"case": decision.case})
    return Forbidden("policy.refused", message, details={"decision": decision_to_json(decision, plain)})


def write_lines(session: Session, booking: Booking, planned: plan.Plan) -> None:
    """Write the lines and take their time."""
    session.execute(
        _INSERT_LINES,
        [
            {
                "booking_id": booking.id,
                "resource_id": line.resource_id,
                "starts": line.span.start,
                "ends": line.span.end,
            }
            for line in planned.lines
        ],
    )
    take(session, planned.takings, booking_id=booking.id)


def span_of(spans: Iterable[TimeSpan]) -> TimeSpan:
    """Return the span from the first start to the last end."""
    listed = list(spans)
    return TimeSpan(min(span.start for span in listed), max(span.end for span in listed))


def units_of(spans: Sequence[TimeSpan], access_unit: str) -> Decimal:
    """Return the access units that sessions draw: time, rounded up to a hundredth, or one for each otherwise.

    >>> from datetime import UTC
    >>> units_of([TimeSpan(datetime(2026, 1, 1, 8, tzinfo=UTC), datetime(2026, 1, 1, 20, tzinfo=UTC))], "shift")
    Decimal('1.50')
    """
    hours = {AccessUnit.HOUR: 1, AccessUnit.SHIFT: 8, AccessUnit.DAY: 24}.get(AccessUnit(access_unit))
    if hours is None:
        return Decimal(len(spans))
    seconds = sum((span.length for span in spans), timedelta()) // timedelta(seconds=1)
    return (Decimal(seconds) / Decimal(3600 * hours)).quantize(Decimal("0.01"), rounding=ROUND_UP)


def described(booking: Booking, place: Place, planned: plan.Plan) -> dict[str, object]:
    """Return what the audit keeps of a booking: no title, which may be confidential."""
    return {
        "instrument": place.instrument.public_id,
        "start": booking.starts.isoformat(),
        "end": booking.ends.isoformat(),
        "lines": len(planned.lines),
        "state": str(booking.state),
        "case": booking.case,
    }
