"""How fast a facility answers: questions with their first answer, and those that wait."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from infra_access.access_requests.conversations.response_times import in_time_until, response_times
from infra_access.access_requests.conversations.speaking import ask, reply
from infra_access.access_requests.conversations.unanswered import unanswered
from infra_access.core.db import Database
from tests.factories.access_requests import World, make_request, make_submitted, make_world
from tests.factories.people import make_account, make_actor
from tests.statements import count_statements

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORDS = {"subject": "Powders", "text": "Do you take them?"}


def _question(session: Session, world: World, at: datetime, *answers: timedelta) -> None:
    asked = ask(session, actor=world.applicant, now=at, instrument=world.instrument, **WORDS)
    for after in answers:
        reply(session, actor=world.manager, now=at + after, conversation=asked, text="We do.")


@pytest.mark.parametrize(
    ("asked", "until"),
    [
        ("2026-03-02T09:00", "2026-03-04T23:00"),
        ("2026-03-05T09:00", "2026-03-09T23:00"),
        ("2026-03-07T09:00", "2026-03-10T23:00"),
        # Late on Sunday by UTC is Monday there; and that week has no summer time yet.
        ("2026-03-08T23:30", "2026-03-11T23:00"),
        ("2026-03-27T09:00", "2026-03-31T22:00"),
    ],
)
def test_two_working_days_end_with_the_second_day_there(asked: str, until: str) -> None:
    instants = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (asked, until)]
    assert in_time_until(instants[0], "Europe/Berlin") == instants[1]


def test_the_first_answer_counts_and_an_open_question_with_its_age(session: Session, database: Database) -> None:
    world = make_world(session)
    assert response_times(session, world.facility, now=MONDAY).median is None
    # An answer is the first one, and thanks afterwards wait for nothing.
    asked = ask(session, actor=world.applicant, now=MONDAY, instrument=world.instrument, **WORDS)
    for after, actor in ((0, world.applicant), (2, world.manager), (9, world.manager), (10, world.applicant)):
        reply(session, actor=actor, now=MONDAY + after * HOUR, conversation=asked, text="Well.")
    _question(session, world, MONDAY, 4 * DAY)
    _question(session, world, MONDAY)
    _question(session, world, MONDAY + 5 * DAY)
    # Neither what is older than ninety days nor what the staff says among itself or first counts.
    _question(session, world, MONDAY - 90 * DAY, HOUR)
    request = make_submitted(session, world)
    staff = {"actor": world.manager, "now": MONDAY, "access_request": request}
    ask(session, **staff, **WORDS)
    ask(session, **staff, **WORDS, visibility="staff")
    now = MONDAY + 6 * DAY
    with count_statements(database) as statements:
        found = response_times(session, world.facility, now=now)
    assert statements.count == 1
    assert (found.answered, found.open, found.counted, found.in_time) == (2, 2, 3, 1)
    assert (found.median, found.percent_in_time, found.usual) == (4 * DAY, 33, None)


def test_everybody_is_told_once_there_are_five_answers(session: Session) -> None:
    world = make_world(session)
    for hours in (1, 2, 3, 30, 40):
        _question(session, world, MONDAY, hours * HOUR)
    assert response_times(session, world.facility, now=MONDAY + 9 * DAY).usual == 3 * HOUR


def test_the_team_of_a_request_asks_and_the_staff_answers(session: Session) -> None:
    world = make_world(session)
    member = make_account(session)
    member.email_confirmed_at = MONDAY
    person = {"name": member.name, "email": member.email, "role": "member", "country_of_work": "KE"}
    request = make_request(session, world, participants=[person])
    asked = ask(session, actor=make_actor(session, account=member), now=MONDAY, access_request=request, **WORDS)
    assert unanswered(session, world.facility) == [asked]
    reply(session, actor=world.applicant, now=MONDAY + HOUR, conversation=asked, text="Please.")
    assert unanswered(session, world.facility) == [asked]
    reply(session, actor=world.manager, now=MONDAY + 3 * HOUR, conversation=asked, text="We do.")
    assert unanswered(session, world.facility) == []
    found = response_times(session, world.facility, now=MONDAY + DAY)
    assert (found.answered, found.open, found.median) == (1, 0, 3 * HOUR)
    # What the staff begins waits for the team, not for the staff.
    ask(session, actor=world.manager, now=MONDAY, access_request=request, **WORDS)
    assert unanswered(session, world.facility) == []
