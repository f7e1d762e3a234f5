"""Closing a resource, and never over a booking in silence."""

import pytest

from infra_access.catalogue.resources import add_resource
from infra_access.core.errors import Conflict, Forbidden, Invalid
from infra_access.scheduling.closures import close, reopen
from tests.factories.catalogue import make_facility
from tests.factories.people import make_actor
from tests.factories.scheduling import (
    MONDAY,
    SYSTEM,
    copies_of,
    make_occupancy,
    make_place,
    occupancies,
    row_counts,
    span,
)


def closed(session, place, resource, wanted, **overrides):
    values = {"actor": SYSTEM, "now": MONDAY, "facility": place.facility, "label": "Service"}
    close(session, resource=resource, span=wanted, **(values | overrides))


def test_it_closes_and_opens_again_with_one_audit_event_each(session):
    place = make_place(session)
    (copy,) = copies_of(session, place)
    before = row_counts(session)
    closed(session, place, copy, span(10, 12))
    assert occupancies(session) == [(copy.id, span(10, 12), "maintenance")]
    assert row_counts(session)["audit_event"] == before["audit_event"] + 1
    reopen(session, actor=SYSTEM, now=MONDAY, facility=place.facility, resource=copy, span=span(9, 13))
    assert occupancies(session) == []
    assert row_counts(session)["audit_event"] == before["audit_event"] + 2


def test_it_refuses_another_closure_over_the_first(session):
    place = make_place(session)
    (copy,) = copies_of(session, place)
    closed(session, place, copy, span(10, 12))
    with pytest.raises(Conflict):
        closed(session, place, copy, span(11, 13))


def test_opening_again_leaves_what_is_no_closure(session):
    place = make_place(session)
    (copy,) = copies_of(session, place)
    make_occupancy(session, copy, span(10, 12))
    reopen(session, actor=SYSTEM, now=MONDAY, facility=place.facility, resource=copy, span=span(9, 13))
    assert len(occupancies(session)) == 1


def test_it_refuses_a_resource_of_another_facility(session):
    place = make_place(session)
    other = add_resource(session, actor=SYSTEM, now=MONDAY, facility=make_facility(session), kind="room", name="Room")
    for command in (closed, reopened):
        with pytest.raises(Invalid):
            command(session, place, other, span(10, 12))


def reopened(session, place, resource, wanted):
    reopen(session, actor=SYSTEM, now=MONDAY, facility=place.facility, resource=resource, span=wanted)


def test_only_staff_of_the_facility_close_anything(session):
    place = make_place(session)
    elsewhere = make_facility(session)
    (copy,) = copies_of(session, place)
    for actor in (make_actor(session), make_actor(session, ("facility_manager", ("facility", elsewhere.public_id)))):
        with pytest.raises(Forbidden):
            closed(session, place, copy, span(10, 12), actor=actor)
    closed(
        session,
        place,
        copy,
        span(10, 12),
        actor=make_actor(session, ("facility_manager", ("facility", place.facility.public_id))),
    )
    assert len(occupancies(session)) == 1
