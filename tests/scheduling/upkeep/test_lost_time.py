"""Lost time: recorded once for every instant, within sessions, and seen in what they came to."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict, Forbidden, Invalid
from infra_access.core.timespan import TimeSpan
from infra_access.ledger.models import UsageLine
from infra_access.scheduling.attendance import check_in, complete
from infra_access.scheduling.changes import cancel
from infra_access.scheduling.upkeep.lost_time import lost_spans, record_lost_time, record_outage
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import SYSTEM, make_allocation, make_booking, make_place, span
from tests.factories.upkeep import make_ring

LATER = span(0, 1, day=5).start


@pytest.fixture
def place(session):
    place = make_place(session)
    make_policy(session)
    return place


def lost(session, booking, wanted, **overrides):
    values = {"actor": SYSTEM, "now": LATER, "cause": "beam"}
    return record_lost_time(session, booking=booking, span=wanted, **(values | overrides))


def ended(session, booking):
    check_in(session, actor=SYSTEM, now=booking.starts, booking=booking)
    complete(session, actor=SYSTEM, now=booking.ends, booking=booking)


def units(session, booking, *kinds):
    """Return the units of the ledger's lines, with what corrects them."""
    own = select(UsageLine.id).where(UsageLine.booking_id == booking.id, UsageLine.kind.in_(kinds))
    counted = UsageLine.id.in_(own) | UsageLine.corrects_id.in_(own)
    return session.scalar(select(func.sum(UsageLine.units)).where(counted))


def test_an_instant_is_lost_once(session, place):
    booking = make_booking(session, place, span(8, 16))
    lost(session, booking, span(9, 11))
    (row,) = lost(session, booking, span(10, 12), cause="safety", note="Door")
    assert (row.starts, row.ends, row.cause, row.note) == (span(11, 12).start, span(11, 12).end, "safety", "Door")
    assert sum((one.length for one in lost_spans(session, booking.id)), timedelta()) == timedelta(hours=3)
    with pytest.raises(Conflict):
        lost(session, booking, span(9, 12))


def test_it_refuses_what_cannot_be_lost(session, place):
    owner = make_actor(session)
    booking = make_booking(session, place, span(8, 16), actor=owner)
    for wanted, more in ((span(7, 9), {}), (span(9, 10), {"now": span(9, 10).start}), (span(9, 10), {"cause": "cat"})):
        with pytest.raises(Invalid):
            lost(session, booking, wanted, **more)
    with pytest.raises(Forbidden):
        lost(session, booking, span(9, 10), actor=owner)
    cancel(session, actor=SYSTEM, now=span(7, 8).start, booking=booking)
    with pytest.raises(Conflict):
        lost(session, booking, span(9, 10))


def test_what_is_found_lost_later_corrects_what_the_session_came_to(session, place):
    owner = make_actor(session)
    allocation = make_allocation(session, place, owner, amount=20)
    booking = make_booking(session, place, span(8, 16), actor=owner, allocation=allocation.public_id)
    ended(session, booking)
    assert (units(session, booking, "used"), allocation.used) == (Decimal(8), Decimal(8))
    before = session.scalar(select(func.count()).select_from(AuditEvent))
    lost(session, booking, span(9, 11))
    assert session.scalar(select(func.count()).select_from(AuditEvent)) == before + 1
    assert (units(session, booking, "used"), units(session, booking, "lost")) == (Decimal(6), Decimal(2))
    assert allocation.used == Decimal(6)


def test_nine_hours_of_lost_beam_show_in_all_three_sessions(session):
    ring, beamlines = make_ring(session)
    make_policy(session)
    beside = make_place(session, facility=beamlines[0].facility)
    bookings = [make_booking(session, place, span(8, 16)) for place in beamlines]
    untouched = make_booking(session, beside, span(8, 16))
    gone = make_booking(session, beamlines[0], span(17, 18))
    cancel(session, actor=SYSTEM, now=span(7, 8).start, booking=gone)
    ended(session, bookings[0])
    outage = record_outage(
        session,
        actor=SYSTEM,
        now=LATER,
        facility=beamlines[0].facility,
        resource=ring,
        span=TimeSpan(span(13, 14).start, span(19, 20).end),
        cause="beam",
    )
    assert (outage.hours, len(outage.lost)) == (Decimal(9), 3)
    for booking in bookings[1:]:
        ended(session, booking)
    for booking in bookings:
        assert (units(session, booking, "used"), units(session, booking, "lost")) == (Decimal(5), Decimal(3))
    assert lost_spans(session, untouched.id) == lost_spans(session, gone.id) == []
    with pytest.raises(Conflict):
        record_outage(
            session,
            actor=SYSTEM,
            now=LATER,
            facility=beamlines[0].facility,
            resource=ring,
            span=span(13, 16),
            cause="beam",
        )


def test_only_staff_record_an_outage(session):
    ring, beamlines = make_ring(session, beamlines=1)
    with pytest.raises(Forbidden):
        record_outage(
            session,
            actor=make_actor(session),
            now=LATER,
            facility=beamlines[0].facility,
            resource=ring,
            span=span(13, 16),
            cause="beam",
        )
