"""What every way of making a booking shares: judge it, plan it, write it.

Booking, holding, proposing, confirming, moving and each occurrence of a series go through `ready`, so that no way in
skips a rule, and through `create` or `remake`, so that all of them leave the same rows. The command around them checks
the right, records one audit event and tells people.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.allocations import Granted
from infra_access.access_requests.approvals import verdicts
from infra_access.accounting.drawing import Drawn
from infra_access.catalogue.models import Instrument
from infra_access.catalogue.offers import Offer, offer_of
from infra_access.core.authority import Actor
from infra_access.core.columns import table_of
from infra_access.core.decision import Decision
from infra_access.core.errors import Conflict, Forbidden
from infra_access.core.i18n import _, plain
from infra_access.core.ids import new_public_id
from infra_access.core.timespan import TimeSpan
from infra_access.core.together import write
from infra_access.policy.applicants import Applicant, facts_of
from infra_access.policy.decisions import record_decision
from infra_access.policy.demands import permits
from infra_access.policy.disclosure import decision_to_json
from infra_access.policy.eligibility import badness
from infra_access.policy.further import rules_asked
from infra_access.policy.rulebook import rulebook_at
from infra_access.policy.ruling import Ruling, rule_on
from infra_access.scheduling import paying, plan
from infra_access.scheduling.applicant_facts import known_of
from infra_access.scheduling.booking_rules import BookingRules
from infra_access.scheduling.circles import circle_of_booking
from infra_access.scheduling.consent import units_drawn
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.limits import limits_of
from infra_access.scheduling.models import Booking, BookingLine
from infra_access.scheduling.occupancies import give_back, take
from infra_access.scheduling.paying import UNPAID, Payment
from infra_access.scheduling.picking import refuse_picking
from infra_access.scheduling.places import LockedPlace, Place
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.quotas import Holder, Tally, tally_of
from infra_access.scheduling.terms import terms_of
from infra_access.scheduling.windows.refreshing import refresh_whole

_LINES = table_of(BookingLine)

TENTATIVE = (BookingState.HELD, BookingState.PROPOSED)
"""States that lapse unless somebody answers in time."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A booking that may be made, under the locks of all that it rests on and takes."""

    place: LockedPlace
    owner: Actor
    granted: Granted | None
    ruling: Ruling
    rules: BookingRules
    planned: plan.Plan
    units: Decimal
    payment: Payment = UNPAID
    drawn: Drawn | None = None
    route_id: int | None = None

    @property
    def whole(self) -> TimeSpan:
        """Return the span from the first start to the last end."""
        return span_of(line.span for line in self.planned.lines)

    @property
    def state(self) -> BookingState:
        """Return where the booking stands unless the command says otherwise: confirmed, or waiting for approval."""
        return BookingState.PENDING_APPROVAL if self.ruling.officer.approvals else BookingState.CONFIRMED


def ready(
    session: Session,
    *,
    owner: Actor,
    place: LockedPlace,
    wishes: Sequence[Wish],
    granted: Granted | None,
    now: datetime,
    booking: Booking | None = None,
    payment: Payment = UNPAID,
    given: bool = False,
    asked_at: datetime | None = None,
) -> Ready:
    """Return what making, or remaking, a booking of `owner` comes to; its own time is not in its way.

    `given` says that the facility chose the time, as it may on every way in, and for what it schedules elsewhere.
    `payment` is what a new one rests on; one that is remade keeps its own. `asked_at` is when the time was chosen,
    where that was before `now`: lead time and horizon count from then. Raises Forbidden with the Decision, Invalid
    with every broken rule, Conflict with the nearest alternatives or what a pool has left.
    """
    refuse_unbookable(place.instrument, given=given)
    refuse_picking(granted, given=given)
    terms = terms_of(session, place, plan.reach_of(wishes, now))
    ways = [granted.route] if granted else terms.ways
    spans = [wish.span for wish in wishes]
    if booking:
        payment = paying.check_remade(session, booking, place, spans)
    else:
        payment = paying.check_new(session, payment, ways=ways, granted=granted, now=now)
    if granted is None and payment.quote is not None:
        ways = [paying.quoted_way(session, payment.quote)]  # what was priced is what is judged, and nothing else
    way, ruling, applicant = permission_to_book(session, actor=owner, place=place, granted=granted, ways=ways, now=now)
    rules = terms.rules(granted.booking_rules if granted else terms.way_rules.get(way or ""))
    if rules.horizons:
        rules = rules.seen_by(known_of(applicant, place, now))
    unit = granted.access_unit if granted else terms.way_units.get(way or "")
    limits = limits_of(session, ruling, place=place, way=way, access_unit=unit, team=granted is not None, now=now)
    rules = limits.within(rules)
    drawn = paying.choose_pool(
        session,
        owner=owner,
        place=place,
        pools=terms.pools,
        spans=spans,
        granted=granted,
        quote=payment.quote,
        now=now,
        booking=booking,
    )
    planned = plan.make(
        session,
        instrument=place.instrument,
        facility=place.facility,
        wishes=wishes,
        rules=rules,
        now=now,
        asked_at=asked_at,
        booking_id=booking.id if booking else None,
        hours=terms.hours,
        tally=_tally(session, rules, owner, place, wishes, granted, booking, now),
        limits=limits,
    )
    units = units_drawn(granted, spans, booking)
    route_id = None if granted else terms.way_keys.get(way or "")
    return Ready(place, owner, granted, ruling, rules, planned, units, payment, drawn, route_id)


def _acting_for(owner: Actor, granted: Granted | None) -> int | None:
    return granted.acting_for_id if granted else min(owner.organisation_ids, default=None)


def _tally(
    session: Session,
    rules: BookingRules,
    owner: Actor,
    place: Place,
    wishes: Sequence[Wish],
    granted: Granted | None,
    booking: Booking | None,
    now: datetime,
) -> Tally | None:
    """Return what the quotas in force count of the owner's bookings, before any resource is locked."""
    if not rules.quotas:
        return None
    acting_for_id = booking.acting_for_id if booking else _acting_for(owner, granted)
    return tally_of(
        session,
        rules.quotas,
        Holder(owner.account_id, granted.id if granted else None, acting_for_id),
        instrument=place.instrument,
        zone=place.facility.timezone,
        reach=plan.reach_of(wishes, now),
        now=now,
        booking_id=booking.id if booking else None,
    )


def create(
    session: Session,
    made: Ready,
    *,
    now: datetime,
    title: str = "",
    state: BookingState | None = None,
    answer_by: datetime | None = None,
    **links: Any,
) -> Booking:
    """Write the booking, take its time, draw its units, ask for its approvals and record its decision.

    `answer_by` is when a hold or a proposal lapses; `links` are further columns, such as `series_id`.
    """
    whole = made.whole
    booking = Booking(
        public_id=new_public_id(),
        instrument_id=made.place.instrument.id,
        account_id=made.owner.account_id,
        acting_for_id=_acting_for(made.owner, made.granted),
        allocation_id=made.granted.id if made.granted else None,
        route_id=made.route_id,
        title=title,
        starts=whole.start,
        ends=whole.end,
        units=made.units,
        state=state or made.state,
        answer_by=answer_by,
        uid=f"{new_public_id()}@infra-access",
        sequence=0,
        case=made.ruling.decision.case,
        decision=decision_to_json(made.ruling.decision, plain),
        created_at=now,
        changed_at=now,
        **links,
    )
    paying.draw(session, booking, made.drawn)
    paying.reserve(session, booking, made.payment)
    session.add(booking)
    session.flush()  # the lines and the occupancy need its key
    _write(session, made, booking, now)
    return booking


def remake(
    session: Session,
    made: Ready,
    booking: Booking,
    *,
    now: datetime,
    state: BookingState | None = None,
    answer_by: datetime | None = None,
) -> Booking:
    """Write a locked booking anew: other lines, or another state. Calendars see the next SEQUENCE.

    Approvals that were asked for are void; where it still waits for one, they are asked for anew.
    """
    whole = made.whole
    give_back(session, booking.id)
    session.execute(delete(BookingLine).where(BookingLine.booking_id == booking.id))
    if made.granted:
        allocations.give_back(session, made.granted, booking.units)
    paying.draw(session, booking, made.drawn)
    booking.units, booking.route_id = made.units, made.route_id
    booking.starts, booking.ends = whole.start, whole.end
    booking.state, booking.answer_by = state or made.state, answer_by
    booking.case, booking.decision = made.ruling.decision.case, decision_to_json(made.ruling.decision, plain)
    touch(booking, now)
    session.flush()  # the version moves before anything that names it
    verdicts.void(session, subject_kind="booking", subject_id=booking.id)
    _write(session, made, booking, now)
    return booking


def _write(session: Session, made: Ready, booking: Booking, now: datetime) -> None:
    write_lines(session, booking, made.planned)
    if made.granted:
        allocations.draw(
            session, made.granted, instrument_id=booking.instrument_id, span=made.whole, units=booking.units
        )
    if booking.state == BookingState.PENDING_APPROVAL:
        ask_approvals(session, booking, made.ruling, now)
    record_decision(
        session, subject_kind="booking", subject_id=booking.public_id, action="book", ruling=made.ruling, now=now
    )


def write_lines(session: Session, booking: Booking, planned: plan.Plan) -> None:
    """Write the lines and take their time; a hold's or a proposal's lapses by itself."""
    write(
        session,
        _LINES,
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
    for lapsed in planned.lapsed:
        give_back(session, lapsed)
    lapses_at = booking.answer_by if booking.state in TENTATIVE else None
    if stale := take(session, planned.takings, booking_id=booking.id, lapses_at=lapses_at):
        refresh_whole(session, stale, now=booking.changed_at)


def touch(booking: Booking, now: datetime) -> None:
    """Raise the SEQUENCE by which calendars know that this is newer."""
    booking.sequence += 1
    booking.changed_at = now


def refuse_unbookable(instrument: Instrument, *, given: bool = False) -> None:
    """Raise Conflict where no time can be booked, nor one `given` by the facility whose calendar is kept elsewhere."""
    offer = offer_of(instrument)
    if offer is not Offer.BOOK and not (given and offer is Offer.ASK_FOR_TIME):
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
) -> tuple[str | None, Ruling, Applicant]:
    """Return by which way the actor may book, the policy's answer, and what it knows of the actor.

    `ways` are the routes by which the actor may come, that of the allocation or each that is open to everyone and
    lets teams pick; the best one answers: that it permits, or wants an approval first. What the session waits for may
    be missing. Raises Forbidden with the Decision otherwise.
    """
    book = rulebook_at(session, place.policy)
    applicant = facts_of(session, actor, acting_for_id=granted.acting_for_id if granted else None, now=now, book=book)
    if granted is None:
        applicant = applicant.alone()
    rulings = {
        way: rule_on(
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
            overrides=granted.overrides if granted else (),
        )
        for way in ways or (None,)
    }
    way, ruling = min(rulings.items(), key=lambda each: badness(each[1].decision))
    known = granted.facts if granted else applicant
    asked = rules_asked(book, place.seen_by_policy(), route=way, at=now, action="book", facts=known)
    if not permits(ruling.officer, asked):
        raise refused(ruling.decision)
    return way, ruling, applicant


def ask_approvals(session: Session, booking: Booking, ruling: Ruling, now: datetime) -> None:
    """Ask for every approval that the policy wants, hidden ones too, of people who are not near."""
    circle = circle_of_booking(session, booking)
    verdicts.ask(
        session,
        subject_kind="booking",
        subject_id=booking.id,
        subject_public_id=booking.public_id,
        applicant_id=booking.account_id,
        instrument_ids=[booking.instrument_id],
        due=ruling.officer.approvals,
        now=now,
        team=circle.accounts,
        access_request_id=circle.access_request_id,
        acting_for_id=circle.group[0] if circle.group is not None else None,
        two_people=bool(session.get_one(Instrument, booking.instrument_id).control_codes),
    )


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


def span_of(spans: Iterable[TimeSpan]) -> TimeSpan:
    """Return the span from the first start to the last end."""
    listed = list(spans)
    return TimeSpan(min(span.start for span in listed), max(span.end for span in listed))


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
