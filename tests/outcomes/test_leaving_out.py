"""A yes does not leave out an instrument on which the team has booked or ordered on what it was granted before."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from infra_access.access_requests import drafting
from infra_access.access_requests.allocations import allocation_of
from infra_access.access_requests.approvals.narrower import Narrower
from infra_access.access_requests.models import AccessRequest
from infra_access.catalogue.models import Instrument
from infra_access.core.errors import Conflict
from infra_access.core.timespan import TimeSpan
from infra_access.outcomes.leaving_out import refuse_booked
from infra_access.outcomes.verdicts import decide
from infra_access.scheduling.changes import cancel
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import place_of
from tests.factories.access_requests import (
    FEASIBILITY,
    NOW,
    OPEN_TO_ALL,
    World,
    make_route,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.catalogue import make_instrument
from tests.factories.orders import OPEN_TO_SENDERS, make_order, make_queue, make_sample_grant
from tests.factories.scheduling import make_booking

DAY = timedelta(days=1)


def give(session: Session, world: World, request: AccessRequest, now: int, *left_out: Instrument) -> None:
    decide(
        session,
        actor=world.manager,
        now=NOW + now * DAY,
        approval=pending(session, request)["facility_manager"],
        verdict="approve",
        reason="It is in repair.",
        narrower=Narrower(left_out=tuple(one.public_id for one in left_out)),
    )


def amend(session: Session, world: World, request: AccessRequest, now: int, **changes: Any) -> None:
    drafting.amend(session, actor=world.applicant, now=NOW + now * DAY, access_request=request, changes=changes)


@pytest.fixture
def booked(session: Session) -> tuple[World, Instrument, AccessRequest, Booking]:
    """Give a granted request for two instruments, the second with a session, whose amendment waits."""
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY])
    second = make_instrument(session, facility=world.facility, name="Second")
    both = [world.instrument, second]
    world = replace(
        world, route=make_route(session, facility=world.facility, instruments=both, terms={}, access_unit="hour")
    )
    request = make_submitted(
        session, world, instruments=[one.public_id for one in both], quantity="20", access_unit="hour"
    )
    give(session, world, request, 1)
    start = NOW + 50 * DAY
    booking = make_booking(
        session,
        place_of(session, second.id),
        TimeSpan(start, start + timedelta(hours=2)),
        actor=world.applicant,
        now=NOW + 30 * DAY,
        allocation=getattr(allocation_of(session, request), "public_id", None),
    )
    amend(session, world, request, 31, quantity="30")
    return world, second, request, booking


def test_what_has_sessions_is_not_left_out_until_they_are_cancelled(
    session: Session, booked: tuple[World, Instrument, AccessRequest, Booking]
) -> None:
    world, second, request, booking = booked
    with pytest.raises(Conflict) as refused:
        give(session, world, request, 32, second)
    assert refused.value.code == "grant.booked"
    assert refused.value.details == {"bookings": [booking.public_id], "orders": []}
    assert f"Second, {booking.starts:%Y-%m-%d %H:%M} (UTC)" in str(refused.value)
    granted = allocation_of(session, request)
    assert granted is not None
    assert (request.state, granted.state, booking.state) == ("under_review", "suspended", "confirmed")
    assert "facility_manager" in pending(session, request)
    cancel(session, actor=world.applicant, now=NOW + 33 * DAY, booking=booking)
    give(session, world, request, 34, second)
    assert (request.state, granted.state) == ("active", "active")


def test_what_has_no_sessions_or_only_past_ones_is_left_out(
    session: Session, booked: tuple[World, Instrument, AccessRequest, Booking]
) -> None:
    world, second, request, booking = booked
    give(session, world, request, 32, world.instrument)
    amend(session, world, request, 33, quantity="25")
    give(session, world, request, 51, second)
    assert (request.state, booking.state) == ("active", "confirmed")


@pytest.mark.parametrize(("state", "goes"), [("ordered", False), ("in_work", True)])
def test_what_has_orders_that_wait_is_not_left_out_and_begun_work_is_delivered(
    session: Session, state: str, goes: bool
) -> None:
    world = make_queue(session, rules=[OPEN_TO_SENDERS, FEASIBILITY])
    allocation = make_sample_grant(session, world)
    order = make_order(session, world, state, allocation=allocation.public_id, samples=4)
    request = session.get_one(AccessRequest, allocation.access_request_id)
    narrower = Narrower(left_out=(world.instrument.public_id,))
    if goes:
        refuse_booked(session, narrower, request, NOW)
        return
    with pytest.raises(Conflict) as refused:
        refuse_booked(session, narrower, request, NOW)
    assert refused.value.details == {"bookings": [], "orders": [order.public_id]}
