"""Who chooses the time, asking for one, and proposals with their answers."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from infra_access.catalogue.models import Instrument
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound
from infra_access.scheduling.asking import ask_for_time
from infra_access.scheduling.bookings import book
from infra_access.scheduling.changes import move
from infra_access.scheduling.lapsing import release_lapsed
from infra_access.scheduling.models import Booking, BookingLine
from infra_access.scheduling.places import place_of
from infra_access.scheduling.proposals import accept, decline, propose, propose_to_team
from tests.factories.drafts import make_office, make_team
from tests.factories.people import make_actor
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import MONDAY, make_booking, make_place, occupancies, set_rules, span, wishes

ANSWER_BY = MONDAY + timedelta(days=2)


@pytest.fixture
def place(session):
    place = make_place(session)
    make_policy(session)
    return place


@pytest.fixture
def office(session, place):
    return make_office(session, place)


@pytest.fixture
def team(session, place):
    return make_team(session, place)


def proposed(session, place, office, team, taken, answer_by=ANSWER_BY):
    return propose_to_team(
        session,
        actor=office,
        now=MONDAY,
        place=place,
        allocation=team.allocation.public_id,
        wishes=wishes(taken),
        answer_by=answer_by,
    )


def asked(session, place, team, **more):
    values = {"now": MONDAY, "span": span(0, 24, day=7), "minutes": 120, "allocation": team.allocation.public_id}
    return ask_for_time(session, actor=team.actor, place=place, **values | more)


@pytest.mark.parametrize(
    ("given", "code"), [("facility_schedules", "booking.facility_schedules"), ("queue", "booking.queue")]
)
def test_a_team_picks_a_time_only_where_its_way_in_says_so(session, place, given, code):
    team = make_team(session, place, time_given=given)
    with pytest.raises(Conflict) as caught:
        book(
            session,
            actor=team.actor,
            now=MONDAY,
            place=place,
            wishes=wishes(span(10, 12)),
            allocation=team.allocation.public_id,
        )
    assert caught.value.code == code


def test_what_is_asked_for_takes_nothing_until_a_time_is_proposed(session, place, office, team):
    booking = asked(session, place, team)
    assert (booking.state, booking.wanted_minutes, occupancies(session)) == ("requested", 120, [])
    propose(session, actor=office, now=MONDAY, booking=booking, wishes=wishes(span(10, 12, day=7)), answer_by=ANSWER_BY)
    assert (booking.state, booking.answer_by, team.allocation.used) == ("proposed", ANSWER_BY, 2)
    decline(session, actor=team.actor, now=MONDAY, booking=booking, reason="At sea")
    assert (booking.state, booking.answer_by, team.allocation.used) == ("requested", None, 0)
    assert occupancies(session) == []
    assert session.scalars(select(BookingLine)).all() == []
    propose(session, actor=office, now=MONDAY, booking=booking, wishes=wishes(span(14, 16, day=7)), answer_by=ANSWER_BY)
    accept(session, actor=team.actor, now=MONDAY, booking=booking)
    assert (booking.state, booking.answer_by, team.allocation.used) == ("confirmed", None, 2)
    with pytest.raises(Conflict, match="schedules this"):
        move(session, actor=team.actor, now=MONDAY, booking=booking, wishes=wishes(span(10, 12, day=8)))
    move(session, actor=office, now=MONDAY, booking=booking, wishes=wishes(span(10, 12, day=8)))


def test_only_the_office_proposes_and_only_the_team_answers(session, place, office, team):
    with pytest.raises(Forbidden):
        proposed(session, place, team.actor, team, span(10, 12, day=7))
    booking = proposed(session, place, office, team, span(10, 12, day=7))
    for other in (office, make_actor(session)):
        with pytest.raises(Forbidden):
            accept(session, actor=other, now=MONDAY, booking=booking)
        with pytest.raises(Forbidden):
            decline(session, actor=other, now=MONDAY, booking=booking, reason="No")


def test_an_answer_is_due_in_time_for_the_session(session, place, office, team):
    set_rules(session, place.instrument, lead_minutes=1440)
    for late in (MONDAY, span(10, 12, day=7).start - timedelta(hours=23)):
        with pytest.raises(Invalid) as caught:
            proposed(session, place, office, team, span(10, 12, day=7), answer_by=late)
        assert caught.value.fields["answer_by"]


def test_an_acceptance_is_judged_again(session, place, office, team):
    booking = proposed(session, place, office, team, span(10, 12, day=7))
    make_actor(session, ("safety_officer", ("facility", place.facility.public_id)))
    make_policy(
        session,
        raw_rule("safety", {"type": "approve", "role": "safety_officer", "scope": "facility"}, applies_to=["book"]),
    )
    accept(session, actor=team.actor, now=MONDAY, booking=booking)
    assert booking.state == "pending_approval"


def test_an_unanswered_proposal_lapses_in_the_way_of_somebody_else(database, session, place, office):
    team = make_team(session, place)
    booking = proposed(session, place, office, team, span(10, 12, day=7))
    with pytest.raises(Conflict):
        make_booking(session, place, span(10, 12, day=7))
    later = ANSWER_BY + timedelta(minutes=1)
    winner = make_booking(session, place, span(10, 12, day=7), now=later)
    assert [taken for _key, taken, _kind in occupancies(session)] == [span(10, 12, day=7)]
    with pytest.raises(Conflict) as caught:
        accept(session, actor=team.actor, now=later, booking=booking)
    assert caught.value.code == "booking.lapsed"
    session.commit()
    assert release_lapsed(database, now=later) == 1
    session.expire_all()
    assert (booking.state, winner.state, team.allocation.used) == ("released", "confirmed", 0)
    assert len(occupancies(session)) == 1


def test_a_time_kept_elsewhere_is_asked_for_and_proposed_but_never_booked(session, place, office):
    team = make_team(session, place, time_given="team_picks")
    session.execute(update(Instrument).values(scheduling_authority="elsewhere"))
    session.expire_all()
    place = place_of(session, place.instrument.id)
    with pytest.raises(Conflict):
        make_booking(session, place, span(10, 12, day=7), actor=team.actor)
    booking = asked(session, place, team)
    propose(session, actor=office, now=MONDAY, booking=booking, wishes=wishes(span(10, 12, day=7)), answer_by=ANSWER_BY)
    accept(session, actor=team.actor, now=MONDAY, booking=booking)
    assert booking.state == "confirmed"


def test_where_teams_pick_nobody_asks_unless_the_rules_say_so(session, place):
    team = make_team(session, place, time_given="team_picks")
    with pytest.raises(Conflict) as caught:
        asked(session, place, team)
    assert caught.value.code == "instrument.team_picks"
    set_rules(session, place.instrument, ask_for_time=True)
    assert asked(session, place, team).state == "requested"
    with pytest.raises(Conflict) as queued:
        asked(session, place, make_team(session, place, time_given="queue"))
    assert queued.value.code == "booking.queue"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"minutes": 1441}, "minutes"),
        ({"minutes": 0}, "minutes"),
        ({"span": span(0, 24, day=-3)}, "start"),
    ],
)
def test_a_wish_that_cannot_be_met_names_the_field(session, place, team, more, field):
    with pytest.raises(Invalid) as caught:
        asked(session, place, team, **more)
    assert caught.value.fields[field]
    assert session.scalars(select(Booking)).all() == []


def test_a_proposed_time_becomes_a_booking_by_the_answer_of_the_team_alone(session, place, office, team):
    """Moving it would confirm it without asking anybody."""
    booking = proposed(session, place, office, team, span(10, 12, day=7))
    for wanted in (span(10, 12, day=7), span(14, 16, day=7)):
        with pytest.raises(Conflict) as caught:
            move(session, actor=office, now=MONDAY, booking=booking, wishes=wishes(wanted))
        assert caught.value.code == "booking.state"
    request = asked(session, place, team)
    with pytest.raises(Conflict) as caught:
        move(session, actor=office, now=MONDAY, booking=request, wishes=wishes(span(18, 20, day=7)))
    assert caught.value.code == "booking.state"
    assert (booking.state, booking.answer_by, request.state) == ("proposed", ANSWER_BY, "requested")


def test_what_another_facility_granted_is_unknown_here(session, place, office):
    elsewhere = make_team(session, make_place(session))
    with pytest.raises(NotFound) as caught:
        proposed(session, place, office, elsewhere, span(10, 12, day=7))
    assert caught.value.code == "allocation.unknown"


def test_a_declined_proposal_leaves_what_was_asked_for(session, place, office, team):
    wanted = span(0, 24, day=7)
    booking = asked(session, place, team)
    propose(session, actor=office, now=MONDAY, booking=booking, wishes=wishes(span(10, 12, day=7)), answer_by=ANSWER_BY)
    decline(session, actor=team.actor, now=MONDAY, booking=booking, reason="We travel that day.")
    assert (booking.state, booking.wanted_minutes) == ("requested", 120)
    assert (booking.starts, booking.ends) == (wanted.start, wanted.end)


def test_a_wish_whose_time_is_over_is_given_back(database):
    with database.writer() as session:
        place = make_place(session)
        make_policy(session)
        team = make_team(session, place)
        key = asked(session, place, team).id
    wanted = span(0, 24, day=7)
    assert release_lapsed(database, now=wanted.end - timedelta(minutes=1)) == 0
    assert release_lapsed(database, now=wanted.end) == 1
    with database.reader() as session:
        assert session.get_one(Booking, key).state == "released"
