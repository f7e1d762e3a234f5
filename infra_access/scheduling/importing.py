"""Taking in the bookings of another system: each under every rule of a booking that the facility makes for somebody.

A table names for each booking the instrument, the mail address of whom it is for, and when. A row that was taken in
before changes nothing, so that a file can be sent again once what was refused is put right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.scopes import facility_scopes
from infra_access.catalogue.standards.spreadsheet import NumberedRow, read_table
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.input_text import clean_line
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import local_to_instant, parse_instant
from infra_access.outbox.events import publish
from infra_access.people.accounts import account_by_email
from infra_access.people.actors import load_actor
from infra_access.scheduling.booking_audit import record_act
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.making import create, described, ready
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import locked_place
from infra_access.scheduling.plan import Wish

COLUMNS = ("instrument", "email", "start", "end", "title", "allocation")
REQUIRED = COLUMNS[:4]
_GONE = (BookingState.CANCELLED, BookingState.RELEASED)


@dataclass(frozen=True, slots=True)
class BookingRow:
    """One row of the table, as it was written; `number` as a spreadsheet shows it."""

    number: int
    instrument: str
    email: str
    start: str
    end: str
    title: str = ""
    allocation: str = ""


class Outcome(StrEnum):
    """What became of a row."""

    BOOKED = "booked"
    PENDING = "waits for approval"
    KNOWN = "was booked already"


def booking_rows(content: bytes) -> list[BookingRow]:
    """Return the rows of a CSV or XLSX file whose first row names the columns, in any order.

    Raises Invalid for a file that is none, without the columns needed, or with one that nobody knows.
    """
    head, *rows = read_table(content) or [NumberedRow(1, ())]
    names = [cell.strip().casefold() for cell in head.cells]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        message = _("The first row must name these columns too: ${names}.", mapping={"names": ", ".join(missing)})
        raise Invalid("import.columns", message, fields={"file": [message]})
    unknown = [name for name in names if name and name not in COLUMNS]
    if unknown:
        values = {"names": ", ".join(unknown), "known": ", ".join(COLUMNS)}
        message = _("There is no such column: ${names}. These are known: ${known}.", mapping=values)
        raise Invalid("import.columns", message, fields={"file": [message]})
    return [
        BookingRow(row.number, **{name: cell.strip() for name, cell in zip(names, row.cells, strict=False) if name})
        for row in rows
    ]


def import_booking(session: Session, *, actor: Actor, now: datetime, facility: Facility, row: BookingRow) -> Outcome:
    """Book a row for whom it names, if policy, rules and calendar allow it; its time counts as given by the facility.

    Raises Invalid or NotFound for what cannot be read, else whatever refuses a booking.
    """
    require(actor, Permission.SCHEDULE_WRITE, facility_scopes(session, facility))
    instrument = _instrument(session, facility, row.instrument)
    span = _span(row, facility.timezone)
    title = clean_line(row.title, field="title", max_length=300)
    account = account_by_email(session, row.email)
    place = locked_place(session, instrument.id)
    if _is_known(session, instrument.id, account.id, span):
        return Outcome.KNOWN
    owner = load_actor(session, account.id, now=now)
    granted = allocations.lock(session, row.allocation, actor=owner, now=now) if row.allocation else None
    made = ready(session, owner=owner, place=place, wishes=[Wish(span)], granted=granted, now=now, given=True)
    booking = create(session, made, now=now, title=title)
    record_act(session, actor, booking, "booking.imported", now, described(booking, place, made.planned))
    pending = booking.state == BookingState.PENDING_APPROVAL
    publish(session, "booking.pending" if pending else "booking.confirmed", {"booking": booking.public_id}, now=now)
    return Outcome.PENDING if pending else Outcome.BOOKED


def _instrument(session: Session, facility: Facility, named: str) -> Instrument:
    found: Sequence[Instrument] = session.scalars(
        select(Instrument)
        .where(Instrument.facility_id == facility.id, or_(Instrument.public_id == named, Instrument.name == named))
        .limit(2)
    ).all()
    if len(found) == 1:
        return found[0]
    message: Text = (
        _("More than one instrument is called ${name}. Give its id.", mapping={"name": named})
        if found
        else _("${facility} has no instrument ${name}.", mapping={"facility": facility.name, "name": named})
    )
    raise Invalid("import.instrument", message, fields={"instrument": [message]})


def _span(row: BookingRow, zone: str) -> TimeSpan:
    start, end = _instant(row.start, "start", zone), _instant(row.end, "end", zone)
    if end <= start:
        message = _("The end must lie after the start.")
        raise Invalid("time.order", message, fields={"end": [message]})
    return TimeSpan(start, end)


def _instant(text: str, field: str, zone: str) -> datetime:
    """Return the instant of a text with an offset, or of the facility's clock without one."""
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        message = _('Give a time such as "2026-03-02 09:00", by the clock of the facility, or with an offset.')
        raise Invalid("import.time", message, fields={field: [message]}) from None
    return parse_instant(wall.isoformat()) if wall.tzinfo else local_to_instant(wall, zone).astimezone(UTC)


def _is_known(session: Session, instrument_id: int, account_id: int, span: TimeSpan) -> bool:
    same = select(Booking.id).where(
        Booking.instrument_id == instrument_id,
        Booking.account_id == account_id,
        Booking.starts == span.start,
        Booking.ends == span.end,
        Booking.state.not_in(_GONE),
    )
    return session.scalar(same.limit(1)) is not None
