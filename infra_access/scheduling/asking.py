"""Asking for a time where the team does not choose it: a booking that occupies nothing until one is proposed."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.allocations import Granted
from infra_access.access_requests.vocabularies import TimeGiven
from infra_access.audit.record import record
from infra_access.catalogue.offers import Offer, offer_of
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import _, plain
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_line
from infra_access.core.timespan import TimeSpan
from infra_access.outbox.events import publish
from infra_access.policy.decisions import record_decision
from infra_access.policy.disclosure import decision_to_json
from infra_access.scheduling.booking_rules import BookingRules, refuse
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.limits import limits_of
from infra_access.scheduling.making import permission_to_book
from infra_access.scheduling.models import Booking
from infra_access.scheduling.picking import refuse_picking
from infra_access.scheduling.places import LockedPlace, Place, locked_place
from infra_access.scheduling.plan import LONGEST
from infra_access.scheduling.terms import terms_of


def ask_for_time(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    place: Place,
    span: TimeSpan,
    minutes: int | None = None,
    allocation: str | None = None,
    note: str = "",
) -> Booking:
    """Ask the facility for a time: `span` itself, or `minutes` anywhere within it.

    Possible where the calendar is kept elsewhere, where the facility schedules what was granted, and where the
    booking rules say so (`ask_for_time`). The policy is asked as for a booking.
    """
    require(actor, Permission.BOOKING_CREATE)
    note = clean_line(note, field="note", max_length=300)
    wanted = _wanted(span, minutes, now)
    place = place if isinstance(place, LockedPlace) else locked_place(session, place.instrument.id)
    granted = allocations.lock(session, allocation, actor=actor, now=now) if allocation else None
    terms = terms_of(session, place, TimeSpan(span.start, span.start + timedelta(days=1)))
    _refuse_unasked(place, granted, terms.rules(granted.booking_rules if granted else None))
    if granted:
        allocations.refuse_outside(session, granted, instrument_id=place.instrument.id, span=span)
    ways = [granted.route] if granted else terms.ways
    way, ruling, _applicant = permission_to_book(session, actor=actor, place=place, granted=granted, ways=ways, now=now)
    unit = granted.access_unit if granted else terms.way_units.get(way or "")
    limits = limits_of(session, ruling, place=place, way=way, access_unit=unit, team=granted is not None, now=now)
    first = TimeSpan(span.start, span.start + timedelta(minutes=wanted))
    refuse(limits.broken_alone(first, now=now, zone=place.facility.timezone))
    booking = Booking(
        public_id=new_public_id(),
        instrument_id=place.instrument.id,
        account_id=actor.account_id,
        acting_for_id=granted.acting_for_id if granted else next(iter(sorted(actor.organisation_ids)), None),
        allocation_id=granted.id if granted else None,
        title=note,
        starts=span.start,
        ends=span.end,
        units=Decimal(0),
        state=BookingState.REQUESTED,
        wanted_minutes=wanted,
        wanted_from=span.start,
        wanted_until=span.end,
        uid=f"{new_public_id()}@infra-access",
        sequence=0,
        case=ruling.decision.case,
        decision=decision_to_json(ruling.decision, plain),
        created_at=now,
        changed_at=now,
    )
    session.add(booking)
    session.flush()
    record_decision(
        session, subject_kind="booking", subject_id=booking.public_id, action="book", ruling=ruling, now=now
    )
    record(
        session,
        actor=actor,
        action="booking.requested",
        object_kind="booking",
        object_id=booking.public_id,
        now=now,
        details={"instrument": place.instrument.public_id, "minutes": wanted, "case": booking.case},
    )
    publish(session, "booking.requested", {"booking": booking.public_id}, now=now)
    return booking


def can_ask(place: Place, rules: BookingRules) -> bool:
    """Tell whether anyone may ask for a time: the calendar is kept elsewhere, or the office takes such wishes."""
    offer = offer_of(place.instrument)
    return offer is Offer.ASK_FOR_TIME or (offer is Offer.BOOK and rules.ask_for_time)


def _refuse_unasked(place: Place, granted: Granted | None, rules: BookingRules) -> None:
    if granted is not None and granted.time_given == TimeGiven.QUEUE:
        refuse_picking(granted, given=False)
    scheduled = granted is not None and granted.time_given == TimeGiven.FACILITY_SCHEDULES
    if can_ask(place, rules) or (scheduled and offer_of(place.instrument) is Offer.BOOK):
        return
    if offer_of(place.instrument) is Offer.BOOK:
        message = _("Here you choose the time yourself: take a free one in the calendar.")
        raise Conflict("instrument.team_picks", message)
    raise Conflict(
        "instrument.not_bookable",
        _(
            "${name} cannot be booked here at present. You can ask its facility.",
            mapping={"name": place.instrument.name},
        ),
    )


def _wanted(span: TimeSpan, minutes: int | None, now: datetime) -> int:
    longest = span.length // timedelta(minutes=1)
    if span.start < now:
        message = _("The time has already begun. Choose a later one.")
        raise Invalid("booking.past", message, fields={"start": [message]})
    if span.length > LONGEST:
        message = _("Ask for a time within a year at most.")
        raise Invalid("booking.too_long", message, fields={"end": [message]})
    if minutes is not None and not 1 <= minutes <= longest:
        message = _(
            "Give a length from 1 to ${most} minutes, as long as the time in between.", mapping={"most": longest}
        )
        raise Invalid("booking.length", message, fields={"minutes": [message]})
    return minutes or longest
