"""A user office drafts ten sessions from impossible dates, publishes once, and the teams answer."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from infra_access.core.errors import Conflict
from infra_access.outbox.models import OutboxEvent
from infra_access.scheduling.drafts.board_queries import sessions_of
from infra_access.scheduling.drafts.conflicts import conflicts_of
from infra_access.scheduling.drafts.publishing import publish_schedule
from infra_access.scheduling.drafts.suggesting import suggest
from infra_access.scheduling.lapsing import release_lapsed
from infra_access.scheduling.models import Booking, Occupancy
from infra_access.scheduling.proposals import accept, decline
from tests.factories.drafts import FORTNIGHT, days, give_dates, local_days, make_office, make_schedule, make_team
from tests.factories.policy import make_policy
from tests.factories.scheduling import MONDAY, make_place

ANSWER_BY = MONDAY + timedelta(days=5)


def test_ten_sessions_from_impossible_dates_are_published_once_and_answered(database, session):
    place = make_place(session)
    make_policy(session)
    office = make_office(session, place)
    teams = [make_team(session, place, hours=8 + n) for n in range(10)]
    for n, team in enumerate(teams):
        give_dates(session, team, days("impossible", 7, 8 + n % 3, "Teaching"), days("preferred", 12 + n % 4))
    schedule = make_schedule(session, place, office)
    suggested = suggest(session, actor=office, now=MONDAY, schedule=schedule)
    assert (len(suggested.drafts), suggested.left_over) == (10, ())
    drafted = sessions_of(session, schedule)
    for one in drafted:
        n = next(n for n, team in enumerate(teams) if team.allocation.id == one.allocation.id)
        impossible = {MONDAY.date() + timedelta(days=d) for d in range(7, 9 + n % 3)}
        assert not local_days(one.span) & impossible
        assert FORTNIGHT.contains(one.span)
    found = conflicts_of(session, schedule, now=MONDAY)
    assert {one.code for one in found} == {"preferred"}
    assert all(team.allocation.used == 0 for team in teams)

    publish_schedule(session, actor=office, now=MONDAY, schedule=schedule, answer_by=ANSWER_BY)
    bookings = session.scalars(select(Booking).order_by(Booking.id)).all()
    assert [one.state for one in bookings] == ["proposed"] * 10
    assert all(one.answer_by == ANSWER_BY for one in bookings)
    assert {one.account_id for one in bookings} == {team.actor.account_id for team in teams}
    assert session.scalar(select(func.count()).where(OutboxEvent.kind == "schedule.proposed")) == 10
    assert session.scalar(select(func.count()).where(Occupancy.kind == "draft")) == 0
    with pytest.raises(Conflict) as caught:
        publish_schedule(session, actor=office, now=MONDAY, schedule=schedule, answer_by=ANSWER_BY)
    assert caught.value.code == "schedule.published"

    by_account = {one.account_id: one for one in bookings}
    mine = [by_account[team.actor.account_id] for team in teams]
    for team, booking in zip(teams[:6], mine[:6], strict=True):
        accept(session, actor=team.actor, now=MONDAY, booking=booking)
    for team, booking in zip(teams[6:9], mine[6:9], strict=True):
        decline(session, actor=team.actor, now=MONDAY, booking=booking, reason="We are at sea.")
    session.commit()
    assert release_lapsed(database, now=ANSWER_BY - timedelta(minutes=1)) == 0
    assert release_lapsed(database, now=ANSWER_BY) == 1
    assert release_lapsed(database, now=ANSWER_BY) == 0
    session.expire_all()
    assert [one.state for one in mine] == ["confirmed"] * 6 + ["released"] * 4
    assert [one.state_reason for one in mine[6:]] == ["We are at sea."] * 3 + ["Nobody answered in time."]
    assert [team.allocation.used > 0 for team in teams] == [True] * 6 + [False] * 4
    assert session.scalar(select(func.count()).select_from(Occupancy)) == 6
    waiting = suggest(session, actor=office, now=ANSWER_BY, schedule=make_schedule(session, place, office))
    assert len(waiting.drafts) == 4


def test_the_same_state_gives_the_same_draft(session):
    place = make_place(session)
    make_policy(session)
    office = make_office(session, place)
    for n in range(4):
        give_dates(session, make_team(session, place, hours=6 + n), days("impossible", 7 + n))
    spans = []
    for _time in range(2):
        nested = session.begin_nested()
        schedule = make_schedule(session, place, office)
        suggest(session, actor=office, now=MONDAY, schedule=schedule)
        spans.append([(one.allocation.id, one.span) for one in sessions_of(session, schedule)])
        nested.rollback()
    assert spans[0] == spans[1]
    assert len(spans[0]) == 4
