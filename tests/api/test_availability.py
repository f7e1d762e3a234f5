"""The time of an instrument over the API: what it says, and when it says that nothing has changed."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from infra_access.scheduling.hours import set_hours
from infra_access.scheduling.models import Booking
from infra_access.scheduling.opening_hours import DatedException
from infra_access.scheduling.upkeep.closures import close
from tests.api.conftest import Caller
from tests.factories.people import make_account, make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import (
    MONDAY,
    SYSTEM,
    copies_of,
    make_booking,
    make_companion,
    make_place,
    span,
)
from tests.statements import count_statements

WEEK = "start=2026-03-02T00:00:00Z&end=2026-03-09T00:00:00Z"


@pytest.fixture
def place(stored) -> Any:
    """Return an instrument that everybody may book."""
    stored(make_policy)
    return stored(make_place)


def path_of(place: Any, window: str = WEEK) -> str:
    """Return the address of the time of an instrument."""
    return f"/instruments/{place.instrument.public_id}/availability?{window}"


def test_what_has_not_changed_is_told_by_one_statement(anyone: Caller, place, database):
    seen = anyone.call("GET", path_of(place), status=200)
    with count_statements(database) as statements:
        again = anyone.call("GET", path_of(place), status=304, If_None_Match=seen.headers["ETag"])
    assert statements.count == 1
    assert (again.body, again.headers["ETag"]) == (b"", seen.headers["ETag"])
    with count_statements(database) as statements:
        assert anyone.call("GET", path_of(place), status=200).json == seen.json
    assert statements.count == 2
    assert anyone.call("GET", path_of(place), status=200, If_None_Match='"other"').json == seen.json


def _booked(session: Any, place: Any) -> None:
    make_booking(session, place, span(10, 12))


def _closed(session: Any, place: Any) -> None:
    copy = copies_of(session, place)[0]
    close(session, actor=SYSTEM, now=MONDAY, facility=place.facility, resource=copy, span=span(14, 15), label="Leak")


def _shut_on_a_day(session: Any, place: Any) -> None:
    shut = DatedException(date(2026, 3, 4), (), "Works outing")
    set_hours(session, actor=SYSTEM, now=MONDAY, facility=place.facility, weekly=[], exceptions=[shut])


def _out_of_use(session: Any, place: Any) -> None:
    session.merge(copies_of(session, place)[0]).active = False


def _with_a_person(session: Any, place: Any) -> None:
    make_booking(session, make_place(session), span(8, 9))  # elsewhere: tells nothing here
    make_companion(session, place)


@pytest.mark.parametrize("change", [_booked, _closed, _shut_on_a_day, _out_of_use])
def test_every_change_of_it_is_seen(anyone: Caller, place, stored, change: Callable[..., None]):
    seen = anyone.call("GET", path_of(place), status=200)
    stored(change, place=place)
    again = anyone.call("GET", path_of(place), status=200, If_None_Match=seen.headers["ETag"])
    assert again.json != seen.json


def test_one_who_must_be_there_changes_it_once_busy(anyone: Caller, place, stored):
    stored(_with_a_person, place=place)
    seen = anyone.call("GET", path_of(place), status=200)
    stored(_booked, place=place)
    assert anyone.call("GET", path_of(place), status=200, If_None_Match=seen.headers["ETag"]).json != seen.json


def test_another_window_or_reader_has_another_answer(anyone: Caller, caller, place, stored):
    seen = anyone.call("GET", path_of(place), status=200).headers["ETag"]
    later = path_of(place, "start=2026-03-03T00:00:00Z&end=2026-03-09T00:00:00Z")
    anyone.call("GET", later, status=200, If_None_Match=seen)
    caller().call("GET", path_of(place), status=200, If_None_Match=seen)


def test_a_new_title_is_seen_by_its_owner(caller, place, stored, database):
    account = stored(make_account)
    with database.writer() as session:
        owner = make_actor(session, account=account)
        booking = make_booking(session, place, span(10, 12), actor=owner, title="Steel").public_id
    program = caller(account=account)
    seen = program.call("GET", path_of(place), status=200)
    assert [one["label"] for one in seen.json["busy"]] == ["Steel"]

    def rename(session: Any) -> None:
        session.query(Booking).filter_by(public_id=booking).one().title = "Iron"

    stored(rename)
    again = program.call("GET", path_of(place), status=200, If_None_Match=seen.headers["ETag"])
    assert [one["label"] for one in again.json["busy"]] == ["Iron"]


def test_a_copy_of_another_calendar_is_told_anew_each_time(anyone: Caller, stored, database):
    place = stored(make_place, scheduling_authority="elsewhere")
    seen = anyone.call("GET", path_of(place), status=200)
    with count_statements(database) as statements:
        # Nothing of it changed, which takes reading all of it to see: a copy becomes stale by itself.
        anyone.call("GET", path_of(place), status=304, If_None_Match=seen.headers["ETag"])
    assert statements.count == 3


def test_one_that_is_not_there_is_not_found_and_a_window_is_bounded(anyone: Caller, place, now):
    anyone.get(f"/instruments/{'0' * 16}/availability?{WEEK}", status=404)
    end = now + timedelta(days=93)
    long = f"start={now:%Y-%m-%dT%H:%M:%SZ}&end={end:%Y-%m-%dT%H:%M:%SZ}"
    assert anyone.get(path_of(place, long), status=422)["code"] == "window.too_long"
    assert anyone.get(path_of(place, f"{WEEK}&{WEEK}"), status=422)["code"] == "query.repeated"
