"""Two offices at one draft, what stands against its sessions, and publishing all of it or nothing."""

from datetime import timedelta

import pytest

from infra_access.core.errors import Conflict, Invalid, PreconditionFailed
from infra_access.core.i18n import plain
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.drafts.conflicts import conflicts_of
from infra_access.scheduling.drafts.publishing import publish_schedule
from infra_access.scheduling.drafts.schedules import change_schedule
from infra_access.scheduling.drafts.sessions import move_draft, remove_draft
from infra_access.scheduling.drafts.suggesting import suggest
from infra_access.scheduling.hours import set_hours
from infra_access.scheduling.opening_hours import WeeklyHours
from tests.factories.drafts import days, give_dates, make_draft, make_office, make_schedule, make_team
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import (
    MONDAY,
    SYSTEM,
    make_booking,
    make_companion,
    make_place,
    occupancies,
    row_counts,
    set_rules,
    span,
)

ANSWER_BY = MONDAY + timedelta(days=5)
SOON = MONDAY + timedelta(minutes=30)


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


def published(session, schedule, office):
    """Return the sessions that publishing refuses, each with its reasons; nothing is published."""
    with session.begin_nested() as tried:
        try:
            publish_schedule(session, actor=office, now=MONDAY, schedule=schedule, answer_by=SOON)
        except Conflict as error:
            return sorted((one["session"], one["code"]) for one in error.details.get("sessions", ()))
        finally:
            tried.rollback()
    return []


def foreseen(session, schedule):
    """Return the same as the board foresees it."""
    found = conflicts_of(session, schedule, now=MONDAY)
    return sorted((one.session, one.code) for one in found if not one.good and one.code != "impossible")


@pytest.mark.parametrize(
    "rules",
    [
        {"off_hours": "escort"},
        {"off_hours": "forbidden"},
        {"horizon_days": 60, "horizons": [{"days": 3, "relation": "external"}]},
        {"horizon_days": 3, "horizons": [{"days": 60, "relation": "external"}]},
        {"quotas": [{"of": "team", "amount": 2, "measure": "bookings", "per": "upcoming"}]},
        {"quotas": [{"of": "person", "amount": 200, "measure": "minutes", "per": "week"}]},
        {"quotas": [{"of": "organisation", "amount": 1, "measure": "bookings", "per": "day"}]},
        {"lead_minutes": 9 * 1440},
    ],
    ids=str,
)
@pytest.mark.parametrize("contact", [True, False])
def test_the_board_foresees_what_publishing_refuses(session, place, office, schedule, rules, contact):
    nine_to_five(session, place.facility)
    if contact:
        make_companion(session, place)
    set_rules(session, place.instrument, **rules)
    team, other = make_team(session, place), make_team(session, place)
    for one, day, hours in ((team, 8, (9, 11)), (team, 8, (18, 20)), (team, 10, (9, 11)), (other, 11, (9, 11))):
        make_draft(session, schedule, office, one, place, span(*hours, day=day))
    assert foreseen(session, schedule) == published(session, schedule, office)


def nine_to_five(session, facility):
    weekly = [WeeklyHours(day, 9 * 60, 17 * 60) for day in range(5)]
    set_hours(session, actor=SYSTEM, now=MONDAY, facility=facility, weekly=weekly)


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (
            {"quotas": [{"of": "team", "amount": 1, "measure": "bookings", "per": "upcoming"}], "max_minutes": 240},
            "at most 1",
        ),
        ({"horizon_days": 60, "horizons": [{"days": 3, "relation": "external"}]}, "3 days ahead"),
        ({"min_minutes": 600}, "long enough"),
        ({"lead_minutes": 40 * 1440}, "leaves no time"),
    ],
    ids=str,
)
def test_what_is_suggested_can_be_published_and_what_is_left_over_says_why(
    session, place, office, schedule, rules, why
):
    nine_to_five(session, place.facility)
    set_rules(session, place.instrument, **rules)
    make_team(session, place, hours=8)
    found = suggest(session, actor=office, now=MONDAY, schedule=schedule)
    assert [why in plain(one.reason) for one in found.left_over] == [True]
    assert published(session, schedule, office) == []
    assert foreseen(session, schedule) == []


def test_a_full_calendar_is_a_reason_too(session, place, office, schedule):
    nine_to_five(session, place.facility)
    make_booking(session, place, *(span(9, 16, day=day) for day in (*range(7, 12), *range(14, 19))))
    set_rules(session, place.instrument, min_minutes=120)
    make_team(session, place, hours=8)
    found = suggest(session, actor=office, now=MONDAY, schedule=schedule)
    assert [plain(one.reason) for one in found.left_over] == [
        "Apart from the days on which the team cannot come, no time as long is free in this period."
    ]


def test_what_the_access_rules_refuse_at_present_gets_no_time_and_says_why(session, place, office, schedule):
    nine_to_five(session, place.facility)
    needed = {"type": "require", "kind": "agreement", "code": "data-transfer"}
    make_policy(session, raw_rule("data", needed, applies_to=["book"]), name="data")
    make_team(session, place, hours=8)
    found = suggest(session, actor=office, now=MONDAY, schedule=schedule)
    assert found.drafts == ()
    assert [plain(one.reason) for one in found.left_over] == [
        "The access rules refuse a session at present. Rule data."
    ]
