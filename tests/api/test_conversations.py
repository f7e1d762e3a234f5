"""Conversations by program: on an instrument, a request and its samples, a booking, an order; lists and answers."""

from datetime import timedelta

import pytest

from infra_access.core import clock
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.places import place_of
from tests.factories.access_requests import make_request, make_submitted, make_world
from tests.factories.orders import OPEN_TO_SENDERS, make_ordered, make_queue
from tests.factories.people import make_actor
from tests.factories.scheduling import make_booking
from tests.statements import count_statements

WORDS = {"subject": "Wet samples?", "text": "Can they be measured?"}


@pytest.fixture
def world(stored):
    return stored(make_world)


def test_a_question_is_asked_answered_and_listed_to_those_who_take_part(caller, database, stored, world):
    asker, staff, stranger = (
        caller(actor=world.applicant),
        caller(actor=world.manager),
        caller(actor=stored(make_actor)),
    )
    on = f"/instruments/{world.instrument.public_id}/conversations"
    made = asker.call("POST", on, WORDS, status=201, Idempotency_Key="once")
    assert asker.call("POST", on, WORDS, status=201, Idempotency_Key="once").json == made.json
    path = made.headers["Location"].partition("/api/v1")[2]
    answered = staff.post(f"{path}/messages", {"text": "In a closed cell."})
    assert [(one["by_staff"], one["text"]) for one in answered["messages"]] == [
        (False, "Can they be measured?"),
        (True, "In a closed cell."),
    ]
    seen = asker.call("GET", path, status=200)
    asker.call("GET", path, status=304, If_None_Match=seen.headers["ETag"])
    for name, value in (("instrument", world.instrument.public_id), ("access_request", None), ("booking", None)):
        assert seen.json[name] == value
    stranger.get(path, status=404)
    stranger.post(f"{path}/messages", {"text": "Buy from us!"}, status=404)
    facility = f"/facilities/{world.facility.public_id}/conversations"
    for who, list_path in ((asker, "/me/conversations"), (staff, facility), (asker, on), (staff, on)):
        assert [one["id"] for one in who.get(list_path)["items"]] == [seen.json["id"]]
    assert [stranger.get(one)["items"] for one in ("/me/conversations", on)] == [[], []]
    stranger.get(facility, status=403)
    wrong = asker.call("POST", on, {**WORDS, "sample": 1, "subject": ""}, status=422).json
    assert set(wrong["errors"]) == {"sample", "subject"}


def test_a_question_for_all_is_read_by_everybody_and_answered_by_those_of_it(caller, stored, world):
    asker, other = caller(actor=world.applicant), caller(actor=stored(make_actor))
    on = f"/instruments/{world.instrument.public_id}/conversations"
    asked = asker.post(on, {**WORDS, "visibility": "all"})
    asker.post(on, {**WORDS, "visibility": "staff"}, status=403)
    assert [one["id"] for one in other.get(on)["items"]] == [asked["id"]]
    assert other.get(f"/conversations/{asked['id']}")["subject"] == "Wet samples?"
    other.post(f"/conversations/{asked['id']}/messages", {"text": "Me too."}, status=403)


def test_lists_go_on_by_their_cursor_in_as_many_statements_however_long(caller, database, world):
    asker, on = caller(actor=world.applicant), f"/instruments/{world.instrument.public_id}/conversations"
    for number in range(3):
        asker.post(on, {**WORDS, "subject": f"Question {number}"})
    with count_statements(database) as few:
        first = asker.get(f"{on}?limit=1")
    with count_statements(database) as many:
        rest = asker.get(f"{on}?limit=2&cursor={first['next']}")
    assert [one["subject"] for one in first["items"] + rest["items"]] == ["Question 2", "Question 1", "Question 0"]
    assert (rest["next"], many.count) == (None, few.count)


def test_a_sample_of_a_request_and_what_the_staff_says_among_itself(caller, stored, world):
    samples = [{"kind": "Steel"}, {"kind": "Plant material"}]
    request = stored(lambda session: make_submitted(session, world, project={"samples": samples}))
    team, staff = caller(actor=world.applicant), caller(actor=world.manager)
    on = f"/access-requests/{request.public_id}/conversations"
    asked = staff.post(on, {**WORDS, "sample": 2})
    assert (asked["about_sample"], asked["sample"], asked["access_request"]) == (True, 2, request.public_id)
    private = staff.post(on, {**WORDS, "visibility": "staff"})
    team.post(on, {**WORDS, "visibility": "staff"}, status=403)
    team.post(on, {**WORDS, "visibility": "all"}, status=422)
    assert set(team.post(on, {**WORDS, "sample": 3}, status=422)["errors"]) == {"sample"}
    assert [(one["id"], one["sample"]) for one in team.get(on)["items"]] == [(asked["id"], 2)]
    assert [one["id"] for one in staff.get(on)["items"]] == [private["id"], asked["id"]]
    team.get(f"/conversations/{private['id']}", status=404)


def test_the_staff_learns_of_no_draft_that_was_made_of_a_question(caller, database, world):
    team, staff = caller(actor=world.applicant), caller(actor=world.manager)
    on = f"/instruments/{world.instrument.public_id}/conversations"
    asked = team.post(on, WORDS)["id"]
    with database.writer() as session:
        draft = make_request(session, world, conversation=asked).public_id
    for who, found in ((team, draft), (staff, None)):
        assert who.get(f"/conversations/{asked}")["access_request"] == found
        assert [one["access_request"] for one in who.get(on)["items"]] == [found]


def test_a_booking_and_an_order_are_talked_about_by_their_team_and_the_staff(caller, database, stored):
    rules = [{**OPEN_TO_SENDERS, "applies_to": ["request", "mail_in", "book"]}]
    world = stored(lambda session: make_queue(session, rules=rules))
    stranger = caller(actor=stored(make_actor))
    start = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=9)
    with database.writer() as session:
        place = place_of(session, world.instrument.id)
        at = TimeSpan(start, start + timedelta(hours=2))
        booking = make_booking(session, place, at, actor=world.applicant, now=clock.now()).public_id
        order = make_ordered(session, world).public_id
    team, staff = caller(actor=world.applicant), caller(actor=world.manager)
    for kind, path, key in (("booking", "bookings", booking), ("service_order", "service-orders", order)):
        on = f"/{path}/{key}/conversations"
        asked = staff.post(on, WORDS)
        assert (asked[kind], asked["instrument"]) == (key, world.instrument.public_id)
        assert team.post(f"/conversations/{asked['id']}/messages", {"text": "Yes."})["messages"][1]["text"] == "Yes."
        assert [one["id"] for one in team.get(on)["items"]] == [asked["id"]]
        stranger.get(on, status=404)
        stranger.post(on, WORDS, status=404)
