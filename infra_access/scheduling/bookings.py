"""Making a booking: one purpose, one or more lines, all or nothing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.audit.record import record
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.input_text import clean_line
from infra_access.core.together import written_together
from infra_access.outbox.events import publish
from infra_access.scheduling.booking_queries import BookingView, RestsOn
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.making import Ready, create, described, ready
from infra_access.scheduling.models import Booking
from infra_access.scheduling.paying import payment
from infra_access.scheduling.places import LockedPlace, Place, locked_place
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.waiting.keeping import keep, refuse_many


def book(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    place: Place,
    wishes: Sequence[Wish],
    allocation: str | None = None,
    title: str = "",
    quote: str | None = None,
    funding: str | None = None,
) -> Booking:
    """Book the lines for the actor, if the policy, the rules and the calendar all allow it.

    `allocation` is the public id of what an access request granted; the booking draws on it. `quote` and `funding` are
    those of a price that was given to the actor and of the source that pays it. Where the policy wants an
    approval, the time is held and the booking waits for it. A place that was read under its lock is not read again.

    Raises Forbidden with the Decision, Invalid with every broken rule, Conflict with the nearest alternatives.
    """
    return book_and_show(
        session,
        actor=actor,
        now=now,
        place=place,
        wishes=wishes,
        allocation=allocation,
        title=title,
        quote=quote,
        funding=funding,
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
    quote: str | None = None,
    funding: str | None = None,
    hold: bool = False,
) -> BookingView:
    """Do what `book` does and return what `booking_by_public_id` would read of it: everything is at hand already.

    A `hold` only keeps the time, for the minutes that the rules give; `waiting.holds.confirm` makes it a booking.
    """
    require(actor, Permission.BOOKING_CREATE)
    title = clean_line(title, field="title", max_length=300)
    if hold:
        refuse_many(session, actor=actor, now=now)
    place = place if isinstance(place, LockedPlace) else locked_place(session, place.instrument.id)
    granted = allocations.lock(session, allocation, actor=actor, now=now) if allocation else None
    paid = payment(
        session,
        actor=actor,
        now=now,
        place=place,
        spans=[wish.span for wish in wishes],
        quote=quote,
        funding_source=funding,
    )
    made = ready(session, owner=actor, place=place, wishes=wishes, granted=granted, now=now, payment=paid)
    with written_together(session):
        if hold:
            booking = keep(session, made, minutes=made.rules.hold_minutes, now=now, title=title)
        else:
            booking = create(session, made, now=now, title=title)
        record(
            session,
            actor=actor,
            action="booking.held" if hold else "booking.created",
            object_kind="booking",
            object_id=booking.public_id,
            now=now,
            details=described(booking, place, made.planned),
        )
        if not hold:
            pending = booking.state == BookingState.PENDING_APPROVAL
            kind = "booking.pending" if pending else "booking.confirmed"
            publish(session, kind, {"booking": booking.public_id}, now=now)
    resources = ((made.planned.resources[line.resource_id], line.span) for line in made.planned.lines)
    lines = tuple((row.public_id, row.name, span.start, span.end) for row, span in resources)
    return BookingView(booking, place.instrument, place.facility, actor.name, lines, rests_on=_rests_on(made))


def _rests_on(made: Ready) -> RestsOn:
    quote, funding, pool = made.payment.quote, made.payment.funding, made.drawn.pool if made.drawn else None
    return RestsOn(
        allocation=made.granted.public_id if made.granted else None,
        access_request=made.granted.access_request if made.granted else None,
        quote=quote.public_id if quote else None,
        quote_number=quote.number if quote else None,
        price=quote.price if quote else None,
        currency=quote.currency if quote else None,
        funding=funding.public_id if funding else None,
        funding_name=funding.name if funding else None,
        pool=pool.public_id if pool else None,
        pool_name=pool.name if pool else None,
    )
