"""Two offices at one draft, what stands against its sessions, and publishing all of it or nothing."""

from datetime import timedelta

import pytest

from infra_access.core.errors import Conflict, Invalid, PreconditionFailed
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.drafts.conflicts import conflicts_of
from infra_access.scheduling.drafts.publishing import publish_schedule
from infra_access.scheduling.drafts.schedules import change_schedule
from infra_access.scheduling.drafts.sessions import move_draft, remove_draft
from tests.factories.drafts import days, give_dates, make_draft, make_office, make_schedule, make_team
from tests.factories.policy import make_policy
from tests.factories.scheduling import MONDAY, make_booking, make_place, occupancies, row_counts, set_rules, span

ANSWER_BY = MONDAY + timedelta(days=5)


@pytest.fixture
def place(session):
    place = make_place(session)
    make_policy(session)
    return place


@pytest.fixture
def office(session, place):
    return make_office(session, place)


@pytest.fixture
def schedule(session, place, office):
    return make_schedule(session, place, office)


def codes(session, schedule):
    return sorted((one.code, one.good) for one in conflicts_of(session, schedule, now=MONDAY))


def test_who_edits_what_another_changed_meanwhile_is_told(session, place, office, schedule):
    team, other, seen = make_team(session, place), make_office(session, place), schedule.version
    make_draft(session, schedule, office, team, place, span(10, 12, day=8), expected_version=seen)
    assert schedule.version > seen
    with pytest.raises(PreconditionFailed):
        make_draft(session, schedule, other, team, place, span(10, 12, day=9), expected_version=seen)


def test_a_session_moves_over_its_own_time_but_not_over_another(session, place, office, schedule):
    team = make_team(session, place)
    draft = make_draft(session, schedule, office, team, place, span(10, 12, day=8))
    make_booking(session, place, span(14, 16, day=8))
    move_draft(session, actor=office, now=MONDAY, schedule=schedule, draft=draft, span=span(11, 13, day=8))
    assert span(11, 13, day=8) in [taken for _key, taken, _kind in occupancies(session)]
    before = occupancies(session)
    with pytest.raises(Conflict) as caught:
        move_draft(session, actor=office, now=MONDAY, schedule=schedule, draft=draft, span=span(13, 15, day=8))
    assert caught.value.details["alternatives"]
    assert occupancies(session) == before
    remove_draft(session, actor=office, now=MONDAY, schedule=schedule, draft=draft)
    assert len(occupancies(session)) == 1


def test_everything_in_the_way_is_named(session, place, office, schedule):
    team = make_team(session, place, hours=4)
    make_draft(session, schedule, office, team, place, span(10, 12, day=8))
    assert codes(session, schedule) == []
    give_dates(session, team, days("impossible", 8), days("preferred", 9))
    make_draft(session, schedule, office, team, place, span(10, 13, day=9))
    set_rules(session, place.instrument, lead_minutes=10 * 1440)
    assert codes(session, schedule) == [
        ("amount", False),
        ("amount", False),
        ("impossible", False),
        ("lead", False),
        ("lead", False),
        ("preferred", True),
    ]


def test_a_session_lies_within_the_period_and_on_the_grid(session, place, office, schedule):
    team = make_team(session, place)
    with pytest.raises(Invalid, match="period"):
        make_draft(session, schedule, office, team, place, span(10, 12, day=40))
    with pytest.raises(Invalid) as caught:
        make_draft(session, schedule, office, team, place, span(10.1, 12, day=8))
    assert caught.value.code == "booking.rules"
    make_draft(session, schedule, office, team, place, span(10, 12, day=8))
    with pytest.raises(Conflict, match="outside"):
        change_schedule(
            session, actor=office, now=MONDAY, schedule=schedule, period=TimeSpan(*_bounds(span(0, 24, day=9)))
        )


def _bounds(whole):
    return whole.start, whole.end


def test_only_what_the_facility_schedules_is_drafted(session, place, office, schedule):
    for given in ("team_picks", "queue"):
        team = make_team(session, place, time_given=given)
        with pytest.raises(Conflict) as caught:
            make_draft(session, schedule, office, team, place, span(10, 12, day=8))
        assert caught.value.code == "schedule.not_given"


def test_publishing_is_all_or_nothing(session, place, office, schedule):
    good, greedy = make_team(session, place), make_team(session, place, hours=1)
    make_draft(session, schedule, office, good, place, span(10, 12, day=8))
    bad = make_draft(session, schedule, office, greedy, place, span(13, 16, day=8))
    session.flush()
    before, taken = row_counts(session), occupancies(session)
    with pytest.raises(Conflict) as caught:
        publish_schedule(session, actor=office, now=MONDAY, schedule=schedule, answer_by=ANSWER_BY)
    assert caught.value.code == "schedule.conflicts"
    assert [(one["session"], one["code"]) for one in caught.value.details["sessions"]] == [
        (bad.public_id, "allocation.overdrawn")
    ]
    assert (row_counts(session), occupancies(session)) == (before, taken)
    assert (schedule.state, good.allocation.used) == ("draft", 0)
    with pytest.raises(Conflict) as late:
        publish_schedule(session, actor=office, now=MONDAY, schedule=schedule, answer_by=span(12, 13, day=8).start)
    assert "proposal.answer_by" in {one["code"] for one in late.value.details["sessions"]}
    with pytest.raises(Conflict, match="no session"):
        publish_schedule(
            session,
            actor=office,
            now=MONDAY,
            schedule=make_schedule(session, place, office),
            answer_by=ANSWER_BY,
        )
