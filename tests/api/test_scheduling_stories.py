"""Stories of scheduling over the API: a ring that closes and loses its beam, and a round that an office schedules."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from infra_access.core import clock
from tests.factories.drafts import make_office, make_team
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import MONDAY, make_place, span
from tests.factories.upkeep import make_ring


@pytest.fixture
def at(monkeypatch):
    """Return how to set the clock; it stands at the Monday of the tests."""

    def stand(moment):
        monkeypatch.setattr(clock, "now", lambda: moment)

    stand(MONDAY)
    return stand


def said(moment):
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def asked(taken, **more):
    return {"start": said(taken.start), "end": said(taken.end), **more}


def free(program, place, taken):
    shown = program.get(
        f"/instruments/{place.instrument.public_id}/availability?start={said(taken.start)}&end={said(taken.end)}"
    )
    return [(one["start"], one["end"]) for one in shown["free"]]


def test_closing_the_ring_takes_its_beamlines_windows_in_one_call(caller, stored, at):
    stored(make_policy, rules=[raw_rule("all", {"type": "permit"})])
    ring, beamlines = stored(make_ring, beamlines=3)
    beside = stored(make_place, facility=beamlines[0].facility)
    manager = caller(("facility_manager", ("facility", beside.facility.public_id)))
    day = span(0, 24, day=3)
    whole = [(said(day.start), said(day.end))]
    assert [free(manager, place, day) for place in (*beamlines, beside)] == [whole] * 4
    path = f"/facilities/{beside.facility.public_id}/closures"
    made = manager.post(path, asked(day, resource=ring.public_id, label="Machine day"))
    assert [free(manager, place, day) for place in (*beamlines, beside)] == [[], [], [], whole]
    for place in beamlines:
        time = asked(span(10, 12, day=3), instrument=place.instrument.public_id)
        assert caller().post("/bookings", time, status=409)["code"] == "booking.overlap"
    manager.post(f"/closures/{made['id']}/withdraw", status=200)
    assert [free(manager, place, day) for place in beamlines] == [whole] * 3


def test_nine_hours_of_lost_beam_are_in_the_ledger_beside_what_was_delivered(caller, stored, at):
    stored(make_policy, rules=[raw_rule("all", {"type": "permit"})])
    ring, beamlines = stored(make_ring, beamlines=3)
    facility = f"/facilities/{beamlines[0].facility.public_id}"
    manager = caller(("facility_manager", ("facility", beamlines[0].facility.public_id)))
    users = [caller() for _place in beamlines]
    bookings = [
        user.post("/bookings", asked(span(8, 16), instrument=place.instrument.public_id))["id"]
        for user, place in zip(users, beamlines, strict=True)
    ]
    at(span(8, 9).start)
    for user, booking in zip(users, bookings, strict=True):
        user.post(f"/bookings/{booking}/check-in", status=200)
    at(span(16, 17).start)
    for user, booking in zip(users, bookings, strict=True):
        user.post(f"/bookings/{booking}/complete", status=200)
    outage = asked(span(13, 16), resource=ring.public_id, cause="beam")
    lost = manager.post(f"{facility}/outages", outage)
    assert (lost["hours"], sorted(lost["bookings"])) == (9, sorted(bookings))
    month = f"{MONDAY:%Y-%m}"
    units = {}
    for line in manager.get(f"{facility}/usage?month={month}")["items"]:
        kind = "lost" if line["kind"] == "lost" else "delivered"
        units[kind] = units.get(kind, 0) + line["units"]
    assert units == {"delivered": 15, "lost": 9}
    for user, booking in zip(users, bookings, strict=True):
        (part,) = user.get(f"/bookings/{booking}/lost-time")["items"]
        assert (part["start"], part["end"], part["cause"]) == (said(span(13, 14).start), said(span(15, 16).end), "beam")
    manager.post(f"{facility}/outages", outage, status=409)


def test_an_office_drafts_ten_sessions_publishes_once_and_the_teams_answer(caller, stored, at):
    stored(make_policy, rules=[raw_rule("all", {"type": "permit"})])
    place = stored(make_place)
    office = caller(actor=stored(make_office, place=place))
    teams = [stored(make_team, place=place, hours=8 + number) for number in range(10)]
    programs = {team.allocation.public_id: caller(actor=team.actor) for team in teams}
    impossible = {}
    for number, team in enumerate(teams):
        last = MONDAY.date() + timedelta(days=8 + number % 3)
        days = {"kind": "impossible", "first_day": f"{MONDAY.date() + timedelta(days=7)}", "last_day": f"{last}"}
        request = team.access_request.public_id
        program = programs[team.allocation.public_id]
        program.call("PUT", f"/access-requests/{request}/dates", {"dates": [days]}, status=200)
        impossible[team.allocation.public_id] = last
    period = {"start": said(span(0, 1, day=7).start), "end": said(span(0, 1, day=21).start)}
    schedule = office.post("/schedules", {"facility": place.facility.public_id, "name": "Spring", **period})
    path = f"/schedules/{schedule['id']}"
    drafted = office.post(f"{path}/suggest", status=200)
    assert (drafted["drafted"], drafted["left_over"]) == (10, [])
    for one in drafted["sessions"]:
        begins = datetime.fromisoformat(one["start"]).astimezone(ZoneInfo(place.facility.timezone))
        assert begins.date() > impossible[one["allocation"]]
    first = drafted["sessions"][0]
    stranger = caller()
    stranger.get(path, status=404)
    shown = stranger.get(
        f"/instruments/{place.instrument.public_id}/availability?start={first['start']}&end={first['end']}"
    )
    assert ([one["kind"] for one in shown["busy"]], shown["free"]) == (["booking"], [])
    assert [program.get("/bookings")["items"] for program in programs.values()] == [[]] * 10

    answer_by = {"answer_by": said(MONDAY + timedelta(days=5))}
    published = office.post(f"{path}/publish", answer_by, status=200)
    office.post(f"{path}/publish", answer_by, status=409)
    answers = {}
    for number, one in enumerate(published["sessions"]):
        program = programs[one["allocation"]]
        (booking,) = program.get("/bookings")["items"]
        assert (booking["state"], booking["start"]) == ("proposed", one["start"])
        if number < 7:
            done = program.post(f"/bookings/{booking['id']}/accept", status=200)
        else:
            done = program.post(f"/bookings/{booking['id']}/decline", {"reason": "We are at sea."}, status=200)
        answers[one["id"]] = done["state"]
    assert sorted(answers.values()) == ["confirmed"] * 7 + ["released"] * 3
    mine = programs[published["sessions"][0]["allocation"]]
    assert [one["state"] for one in mine.get("/bookings")["items"]] == ["confirmed"]
