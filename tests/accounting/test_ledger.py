"""The ledger: months of the facility, corrections by further lines, closing once, and CSV that sums to it."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from infra_access.accounting.funding import lock_by_key
from infra_access.accounting.ledger import close_month, correct
from infra_access.accounting.ledger_queries import ledger_csv, totals_of, usage_line, usage_of_month
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound
from infra_access.ledger.models import UsageLine
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import place_of
from tests.factories.access_requests import OPEN_TO_ALL, World
from tests.factories.accounting import NOW, SYSTEM, make_funding, make_priced_world, make_usage
from tests.factories.people import make_actor
from tests.factories.scheduling import make_booking, span

APRIL = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)


def test_a_line_stands_in_the_month_of_the_facility_in_which_the_use_ended(session: Session) -> None:
    world, booking = _booked(session)
    late = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)

    assert make_usage(session, world, booking.id).month == "2026-03"
    assert make_usage(session, world, booking.id, ended=late).month == "2026-03", "it is March in Berlin"
    assert make_usage(session, world, booking.id, ended=late - timedelta(hours=1)).month == "2026-02"


def test_a_closed_month_gets_no_line_any_more(session: Session) -> None:
    world, booking = _booked(session)
    make_usage(session, world, booking.id)
    closed = close_month(session, actor=SYSTEM, now=APRIL, facility=world.facility, month="2026-03")

    late = make_usage(session, world, booking.id, now=APRIL, ended=NOW, note="Reported late")

    assert (late.month, late.note) == ("2026-04", "Reported late\nOf 2026-03, which was closed already.")
    assert closed.totals == {"EUR": {"lines": 1, "list_value": "2000.00", "price": "1000.00"}}
    assert closed.lines == 1
    assert totals_of(session, world.facility.id, "2026-03")[0].as_json() == closed.totals["EUR"]


def test_a_month_is_closed_once_and_only_when_it_is_over(session: Session) -> None:
    world, _booking = _booked(session)

    def close(now: datetime, month: str = "2026-03", actor: Actor = SYSTEM) -> None:
        close_month(session, actor=actor, now=now, facility=world.facility, month=month)

    with pytest.raises(Conflict, match="not over"):
        close(datetime(2026, 3, 31, 21, 59, tzinfo=UTC))
    close(datetime(2026, 3, 31, 22, 0, tzinfo=UTC))  # it is April in Berlin
    with pytest.raises(Conflict, match="closed already"):
        close(APRIL)
    with pytest.raises(Conflict, match="not over"):
        close(APRIL, "2026-05")
    with pytest.raises(Invalid):
        close(APRIL, "2026-13")
    with pytest.raises(Forbidden):
        close(APRIL, "2026-02", make_actor(session))
    close(APRIL, "2026-02", make_actor(session, ("finance", ("facility", world.facility.public_id))))


def test_a_correction_is_a_further_line_and_leaves_the_first_as_it_was(session: Session) -> None:
    world, booking = _booked(session)
    line = make_usage(session, world, booking.id)

    added = _correct(session, world, line.public_id, units="-0.50", price="-250", note="The detector was off")

    assert (added.kind, added.corrects_id, added.units, added.price) == ("adjusted", line.id, Decimal("-0.5"), -250)
    assert added.list_value == -500, "the list value follows the units"
    session.refresh(line)
    assert (line.units, line.price) == (2, 1000)
    assert [total.price for total in totals_of(session, world.facility.id, "2026-03")] == [750]


def test_corrections_take_back_what_there_is_and_not_more(session: Session) -> None:
    world, booking = _booked(session)
    line = make_usage(session, world, booking.id)
    _correct(session, world, line.public_id, units="0", price="-999.99")

    with pytest.raises(Invalid, match="more than there is"):
        _correct(session, world, line.public_id, units="0", price="-0.02")
    last = _correct(session, world, line.public_id, units="-2", price="-0.01")
    with pytest.raises(Invalid, match="more than there is"):
        _correct(session, world, line.public_id, units="-0.01", price="0")
    with pytest.raises(Invalid, match="corrects another"):
        _correct(session, world, last.public_id, units="1", price="0")
    with pytest.raises(Invalid, match="change nothing"):
        _correct(session, world, line.public_id, units="0", price="0")
    with pytest.raises(Invalid):
        _correct(session, world, line.public_id, units="1", price="0", note=" ")
    with pytest.raises(Invalid):
        _correct(session, world, line.public_id, units="0.001", price="0")


def test_what_the_funding_source_has_left_follows_a_correction(session: Session) -> None:
    world, booking = _booked(session)
    funding = make_funding(session, world.applicant)
    funding.used = Decimal(900)
    line = make_usage(session, world, booking.id, funding_id=funding.id, price=Decimal(900))

    _correct(session, world, line.public_id, units="0", price="100")
    assert lock_by_key(session, funding.id).used == 1000
    with pytest.raises(Conflict, match=r"EUR.0\.00 are left"):
        _correct(session, world, line.public_id, units="0", price="0.01")
    _correct(session, world, line.public_id, units="0", price="-1000")
    assert lock_by_key(session, funding.id).used == 0


def test_the_csv_sums_to_the_ledger_and_holds_no_formula(session: Session) -> None:
    world, booking = _booked(session)
    lines = [
        make_usage(session, world, booking.id, price=Decimal(f"{n}.{n:02d}"), ground="=1+1", note="@cmd")
        for n in range(1, 40)
    ]
    _correct(session, world, lines[4].public_id, units="-1", price="-5.05", note="-2 shifts")
    make_usage(session, world, booking.id, currency="CHF", ended=NOW - timedelta(days=30))

    text = ledger_csv(session, actor=world.manager, facility=world.facility, month="2026-03").decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))

    (total,) = totals_of(session, world.facility.id, "2026-03")
    assert len(rows) == total.lines == 40
    assert sum(Decimal(row["price"]) for row in rows) == total.price
    assert sum(Decimal(row["list_value"]) for row in rows) == total.list_value
    assert rows[-1]["price"] == "-5.05", "a number stays a number"
    assert (rows[-1]["note"], rows[0]["ground"], rows[0]["note"]) == ("'-2 shifts", "'=1+1", "'@cmd")
    assert rows[-1]["corrects"] == lines[4].public_id


def test_the_ledger_is_read_in_pages_by_those_who_keep_it(session: Session) -> None:
    world, booking = _booked(session)
    made = [make_usage(session, world, booking.id).public_id for _ in range(3)]

    def read(actor: Actor, cursor: str | None = None) -> tuple[list[str], str | None]:
        page = usage_of_month(session, actor=actor, facility=world.facility, month="2026-03", limit=2, cursor=cursor)
        assert page.totals[0].lines == 3
        return [view.line.public_id for view in page.items], page.next

    first, cursor = read(world.manager)
    assert first + read(world.manager, cursor)[0] == made
    with pytest.raises(Forbidden):
        read(world.applicant)
    with pytest.raises(NotFound):
        usage_line(session, "0000000000000000", actor=world.manager, facility=world.facility)


def _booked(session: Session) -> tuple[World, Booking]:
    world = make_priced_world(session, rules=[OPEN_TO_ALL])
    return world, make_booking(session, place_of(session, world.instrument.id), span(10, 12), actor=world.applicant)


def _correct(session: Session, world: World, line: str, *, units: str, price: str, note: str = "Wrong") -> UsageLine:
    found = usage_line(session, line, actor=world.manager, facility=world.facility)
    return correct(
        session, actor=world.manager, now=NOW, line=found, units=Decimal(units), price=Decimal(price), note=note
    )
