"""What bookings look like in bodies and answers."""

from collections.abc import Mapping
from typing import Any

from infra_access.api.decisions import DecisionOut
from infra_access.api.fields import Amount, Choice, Flag, Instant, Integer, Line, Lines, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out, PageQuery
from infra_access.api.series_shapes import RecurrenceBody, SeriesOut
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.booking_queries import BookingView
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.plan import Wish

MOST_LINES = 50
_RESTS_ON = ("allocation", "access_request", "quote", "price", "currency", "funding", "pool")


class LineBody(Body):
    """A span of a named resource, or of any copy of the instrument."""

    start = Instant(required=True)
    end = Instant(required=True)
    resource = PublicId()


class TimeBody(Body):
    """When: one span, or several lines."""

    start = Instant()
    end = Instant()
    resource = PublicId("A copy of the instrument; any free one if left out.")
    lines = ListOf(Part(LineBody), "Instead of start, end and resource.", least=1, most=MOST_LINES)


class BookingBody(TimeBody):
    """A new booking."""

    instrument = PublicId(required=True)
    allocation = PublicId("What an access request granted; the booking draws on it.")
    quote = PublicId("A price that was given to the caller for this instrument and has not run out.")
    funding = PublicId("The source that pays the price of the quote.")
    title = Line(most=300)
    recurrence = Part(RecurrenceBody)
    hold = Flag("Only keep the time for a while; `POST /bookings/{id}/confirm` makes it a booking.")


class ReasonBody(Body):
    """Why, for the people concerned."""

    reason = Lines(most=2_000)


class BookingLineOut(Out):
    """A resource and its span."""

    resource = PublicId()
    resource_name = Line(most=200)
    start = Instant()
    end = Instant()


class BookingSummaryOut(Out):
    """A booking in a list."""

    id = PublicId()
    instrument = PublicId()
    instrument_name = Line(most=300)
    facility = PublicId()
    facility_name = Line(most=300)
    timezone = Line("The zone of the facility.", most=64)
    title = Line(most=300)
    start = Instant()
    end = Instant()
    state = Choice(BookingState)
    owner = Line("Whose booking it is.", most=200)
    units = Amount("Access units drawn from the allocation.", answered=True)
    answer_by = Instant("When a hold or a proposal lapses unless it is answered.", allow_none=True)
    wanted_minutes = Integer("How long a session the team asked for, where the facility chooses.", allow_none=True)
    bundle = PublicId("What it shares with the bookings that were made together with it.", allow_none=True)
    created_at = Instant()
    version = Integer(low=1)


class BookingOut(BookingSummaryOut):
    """A booking."""

    state_reason = Lines(most=5_000, allow_none=True)
    lines = ListOf(Part(BookingLineOut), most=1_000)
    decision = Part(DecisionOut, allow_none=True)
    series = PublicId("The series that it is an occurrence of.", allow_none=True)
    allocation = PublicId("What it draws its units from.", allow_none=True)
    access_request = PublicId("The request that was granted.", allow_none=True)
    quote = PublicId("The price that was quoted for it.", allow_none=True)
    price = Amount(
        "That price; where there is no quote, the ledger says what it came to.", answered=True, allow_none=True
    )
    currency = Line(most=3, allow_none=True)
    funding = PublicId("The source that pays the price.", allow_none=True)
    pool = PublicId("What its time is counted against in this period.", allow_none=True)
    pool_units = Amount("How much of the pool, in the pool's unit.", answered=True)


class BookingMadeOut(BookingOut):
    """A new booking; of a series the first, with the report of every occurrence."""

    recurrence = Part(SeriesOut, metadata={"absent": True})


class BookingQuery(PageQuery):
    """Which of one's own bookings."""

    start = Instant("Those that end after this.")
    state = Choice(BookingState)


def wishes_of(body: Mapping[str, Any]) -> list[Wish]:
    """Return the lines asked for, given in the short form or as `lines`. Raises Invalid where it is both or neither."""
    short = {"start", "end", "resource"} & body.keys()
    if "lines" in body:
        if short:
            message = _("Give either lines, or start and end; not both.")
            raise Invalid("booking.form", message, fields={key: [message] for key in sorted(short)})
        return [_wish(line, f"lines.{position}.") for position, line in enumerate(body["lines"])]
    absent = sorted({"start", "end"} - body.keys())
    if absent:
        message = _("This is missing.")
        raise Invalid("booking.form", message, fields={key: [message] for key in absent})
    return [_wish(body, "")]


def _wish(line: Mapping[str, Any], path: str) -> Wish:
    if line["end"] <= line["start"]:
        message = _("The end must lie after the start.")
        raise Invalid("time.order", message, fields={f"{path}end": [message]})
    return Wish(TimeSpan(line["start"], line["end"]), line.get("resource"))


def summary(view: BookingView) -> dict[str, Any]:
    """Return a booking as a list shows it."""
    row = view.booking
    return {
        "id": row.public_id,
        "instrument": view.instrument.public_id,
        "instrument_name": view.instrument.name,
        "facility": view.facility.public_id,
        "facility_name": view.facility.name,
        "timezone": view.facility.timezone,
        "title": row.title,
        "start": row.starts,
        "end": row.ends,
        "state": row.state,
        "owner": view.owner,
        "units": row.units,
        "answer_by": row.answer_by,
        "wanted_minutes": row.wanted_minutes,
        "bundle": row.bundle,
        "created_at": row.created_at,
        "version": row.version,
    }


def whole(view: BookingView) -> dict[str, Any]:
    """Return a booking with its lines and the decision that it rests on."""
    lines = [
        {"resource": key, "resource_name": name, "start": start, "end": end} for key, name, start, end in view.lines
    ]
    return {
        **summary(view),
        "state_reason": view.booking.state_reason,
        "lines": lines,
        "decision": view.booking.decision or None,
        "series": view.series,
        **{name: getattr(view.rests_on, name) for name in _RESTS_ON},
        "pool_units": view.booking.pool_units,
    }
