"""Bookings of another system come in under every rule of a booking, each once, and what is refused says why."""

import pytest
from sqlalchemy import func, select

from infra_access.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from infra_access.core.i18n import plain
from infra_access.scheduling.importing import BookingRow, Outcome, booking_rows, import_booking
from infra_access.scheduling.models import Booking
from tests.factories.people import make_account, make_actor
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import (
    MONDAY,
    make_allocation,
    make_booking,
    make_place,
    occupancies,
    row_counts,
    set_rules,
    span,
)


@pytest.fixture
def place(session):
    make_policy(session)
    return make_place(session, name="Cryo microscope")


@pytest.fixture
def office(session, place):
    return make_actor(session, ("user_officer", ("facility", place.facility.public_id)))


def row(account, start="2026-03-03 10:00", end="2026-03-03 12:00", **values):
    """Return a row by the clock of Berlin."""
    return BookingRow(
        2, **({"instrument": "Cryo microscope", "title": "Seeds"} | values), email=account.email, start=start, end=end
    )


def imported(session, office, place, one):
    return import_booking(session, actor=office, now=MONDAY, facility=place.facility, row=one)


def test_a_row_is_booked_once_for_whom_it_names(session, place, office):
    account = make_account(session)
    assert imported(session, office, place, row(account)) is Outcome.BOOKED
    booking = session.scalars(select(Booking)).one()
    assert (booking.account_id, booking.starts, booking.ends, booking.title) == (
        account.id,
        span(9, 10, day=1).start,
        span(9, 11, day=1).end,
        "Seeds",
    )
    again = row(
        account, start="2026-03-03T09:00:00Z", end="2026-03-03T11:00:00Z", instrument=place.instrument.public_id
    )
    assert imported(session, office, place, again) is Outcome.KNOWN
    assert len(occupancies(session)) == 1


def test_it_draws_on_what_was_granted(session, place, office):
    account = make_account(session)
    allocation = make_allocation(session, place, make_actor(session, account=account), amount=5)
    imported(session, office, place, row(account, allocation=allocation.public_id))
    assert allocation.used == 2


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"instrument": "Zeppelin"}, "import.instrument"),
        ({"start": "tomorrow"}, "import.time"),
        ({"end": "2026-03-03 09:00"}, "time.order"),
        ({"start": "2026-03-29 02:30", "end": "2026-03-29 05:00"}, "time.gap"),
        ({"start": "2026-03-03 10:07"}, "booking.rules"),
        ({"start": "2025-03-03 10:00", "end": "2025-03-03 12:00"}, "booking.rules"),
        ({"allocation": "0000000000000000"}, "allocation.unknown"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_nothing_is_written(session, place, office, values, code):
    account = make_account(session)
    before = row_counts(session)
    with pytest.raises(DomainError) as caught:
        imported(session, office, place, row(account, **values))
    assert caught.value.code == code
    assert row_counts(session) == before


def test_every_rule_of_a_booking_holds(session, place, office):
    account = make_account(session)
    make_booking(session, place, span(9, 10, day=1))
    with pytest.raises(Conflict, match="Something else takes"):
        imported(session, office, place, row(account))
    rule = {"of": "person", "amount": 1, "measure": "bookings", "per": "upcoming"}
    set_rules(session, place.instrument, quotas=[rule])
    imported(session, office, place, row(account, start="2026-03-04 10:00", end="2026-03-04 12:00"))
    with pytest.raises(Invalid) as caught:
        imported(session, office, place, row(account, start="2026-03-05 10:00", end="2026-03-05 12:00"))
    assert [one["code"] for one in caught.value.details["broken"]] == ["quota.person.upcoming"]
    make_policy(session, raw_rule("closed", {"type": "deny"}))
    with pytest.raises(Forbidden):
        imported(session, office, place, row(make_account(session), start="2026-03-06 10:00", end="2026-03-06 12:00"))
    with pytest.raises(NotFound):
        imported(
            session,
            office,
            place,
            BookingRow(3, "Cryo microscope", "nobody@example.org", "2026-03-07 10:00", "2026-03-07 12:00"),
        )


def test_only_the_office_of_the_facility_imports(session, place):
    account = make_account(session)
    for actor in (make_actor(session), make_actor(session, account=account)):
        with pytest.raises(Forbidden):
            imported(session, actor, place, row(account))
    assert session.scalar(select(func.count(Booking.id))) == 0


def test_the_columns_are_found_by_name_and_missing_ones_are_said():
    content = b"Start,instrument,END,email\n2026-03-03 10:00,X,2026-03-03 12:00,a@example.org\n\n"
    assert booking_rows(content) == [BookingRow(2, "X", "a@example.org", "2026-03-03 10:00", "2026-03-03 12:00")]
    for wrong, said in (
        (b"instrument,email\n", "start, end"),
        (b"instrument,email,start,end,colour\n", "colour"),
        (b"", "instrument"),
    ):
        with pytest.raises(Invalid) as caught:
            booking_rows(wrong)
        assert said in plain(caught.value.message)
