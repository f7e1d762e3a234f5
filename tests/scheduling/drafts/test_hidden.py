"""A draft is invisible: no team, no stranger and no staff beyond the office finds it anywhere."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from infra_access.access_requests.allocation_queries import allocations_of
from infra_access.access_requests.request_queries import request_by_public_id
from infra_access.core.authority import Permission
from infra_access.core.errors import Conflict, Forbidden, NotFound
from infra_access.outbox.models import OutboxEvent
from infra_access.scheduling.booking_queries import facility_bookings, own_bookings
from infra_access.scheduling.calendar_queries import calendar_of
from infra_access.scheduling.drafts.schedules import create_schedule, discard, schedule_by_public_id, schedules_of
from infra_access.scheduling.models import Occupancy
from tests.factories.drafts import FORTNIGHT, make_draft, make_office, make_schedule, make_team
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import MONDAY, copies_of, make_booking, make_place, occupancies, set_rules, span
from tests.factories.upkeep import previewed

CANARY = "Canary"


@pytest.fixture
def place(session):
    place = make_place(session)
    make_policy(session)
    return place


def test_the_change_over_of_a_draft_looks_like_that_of_any_booking(session, place):
    set_rules(session, place.instrument, buffer_after_minutes=30)
    office, team = make_office(session, place), make_team(session, place)
    make_draft(session, make_schedule(session, place, office), office, team, place, span(10, 12, day=8))
    make_booking(session, place, span(14, 16, day=8))
    shown = [one.kind for one in calendar_of(session, place, FORTNIGHT, actor=make_actor(session)).busy]
    assert shown == ["booking", "change_over"] * 2


def test_nobody_but_the_office_can_tell_a_draft_from_a_booking(session, place):
    office, team = make_office(session, place), make_team(session, place)
    schedule = make_schedule(session, place, office, name=CANARY)
    make_draft(session, schedule, office, team, place, span(10, 12, day=8), remark=CANARY)
    scientist = make_actor(session, ("instrument_scientist", ("facility", place.facility.public_id)))
    auditor = make_actor(session, ("auditor", ("network", "")))
    for reader in (None, make_actor(session), team.actor, scientist, auditor):
        (busy,) = calendar_of(session, place, FORTNIGHT, actor=reader).busy
        assert (busy.span, busy.kind, busy.label) == (span(10, 12, day=8), "booking", "")
        with pytest.raises(NotFound):
            schedule_by_public_id(session, schedule.public_id, actor=reader)
        if reader is not None:
            with pytest.raises(Forbidden):
                schedules_of(session, actor=reader, facility=place.facility)
    (busy,) = calendar_of(session, place, FORTNIGHT, actor=office).busy
    assert busy.kind == "draft"
    assert own_bookings(session, actor=team.actor).items == ()
    assert facility_bookings(session, facility=place.facility, start=MONDAY).items == ()
    view = request_by_public_id(session, team.access_request.public_id, actor=team.actor)
    (grant,) = allocations_of(session, actor=team.actor).items
    assert (view.allocation.used, grant.left) == (0, grant.allocation.amount)
    assert CANARY not in repr([view, grant])
    told = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id)).all()
    assert not [one for one in told if one.kind.startswith(("booking.", "schedule."))]
    assert CANARY not in session.scalars(select(Occupancy.label)).all()


def test_whoever_closes_over_a_draft_sees_that_the_time_is_taken_and_not_by_what(session, place):
    office, team = make_office(session, place), make_team(session, place)
    make_draft(session, make_schedule(session, place, office), office, team, place, span(10, 12, day=8))
    (copy,) = copies_of(session, place)
    scientist = make_actor(session, ("instrument_scientist", ("facility", place.facility.public_id)))
    for actor, kind in ((scientist, "booking"), (office, "draft")):
        shown = previewed(session, place, copy, span(8, 14, day=8), actor=actor)
        assert [one.kind for one in shown.blocking] == [kind]


def test_whoever_wants_drafted_time_is_refused_as_by_a_booking(session, place):
    office, team = make_office(session, place), make_team(session, place)
    make_draft(session, make_schedule(session, place, office), office, team, place, span(10, 12, day=8))
    with pytest.raises(Conflict) as caught:
        make_booking(session, place, span(11, 13, day=8))
    assert caught.value.code == "booking.overlap"
    assert "draft" not in str(caught.value).lower()


def test_a_discarded_draft_frees_its_time(session, place):
    office, team = make_office(session, place), make_team(session, place)
    schedule = make_schedule(session, place, office)
    make_draft(session, schedule, office, team, place, span(10, 12, day=8))
    discard(session, actor=office, now=MONDAY, schedule=schedule)
    assert occupancies(session) == []
    make_booking(session, place, span(10, 12, day=8))
    with pytest.raises(Conflict, match="discarded"):
        make_draft(session, schedule, office, team, place, span(10, 12, day=9))


def test_only_the_office_makes_schedules(session, place):
    scientist = make_actor(session, ("instrument_scientist", ("facility", place.facility.public_id)))
    for actor in (make_actor(session), scientist):
        with pytest.raises(Forbidden) as caught:
            create_schedule(session, actor=actor, now=MONDAY, facility=place.facility, name="Mine", period=FORTNIGHT)
        assert caught.value.details["permission"] == Permission.SCHEDULE_WRITE


def test_its_period_is_ahead(session, place):
    office = make_office(session, place)
    with pytest.raises(Exception, match="over already"):
        make_schedule(session, place, office, now=FORTNIGHT.end + timedelta(days=1))
