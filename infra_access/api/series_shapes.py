"""What series of bookings look like in bodies and answers."""

from collections.abc import Iterable
from typing import Any

from infra_access.api.fields import Choice, Flag, Instant, Integer, Line, Lines, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out
from infra_access.scheduling.recurrence import MOST_CHARACTERS
from infra_access.scheduling.series.models import BookingSeries
from infra_access.scheduling.series.queries import SeriesView
from infra_access.scheduling.series.report import OccurrenceState, OnConflict, Reported, Scope, shown

_NAME = "The occurrence's name: the local time at which the rule puts it, such as 2026-03-02T09:00."


class RecurrenceBody(Body):
    """How a booking is repeated, at the same local time of the facility."""

    # The command says what is wrong with a rule, also with one that is too long, and names the part.
    rrule = Line("A rule of RFC 5545 with COUNT or UNTIL, such as FREQ=WEEKLY;COUNT=10.", most=100_000, required=True)
    on_conflict = Choice(
        OnConflict, "Whether what cannot be booked is left out, or refuses everything; skip if not said."
    )


class MoveSeriesBody(Body):
    """Where an occurrence goes; by the same shift of the local time, the others that the scope adds."""

    scope = Choice(Scope, required=True)
    recurrence_id = Line(_NAME, most=16, required=True)
    start = Instant(required=True)
    end = Instant(required=True)
    on_conflict = Choice(OnConflict, "Whether what cannot be moved stays, or refuses everything; fail if not said.")


class CancelSeriesBody(Body):
    """What is cancelled: everything that is yet to begin, or from an occurrence on, or that one."""

    scope = Choice(Scope, required=True)
    recurrence_id = Line(_NAME, most=16)
    reason = Lines(most=2_000)


class BookAgainBody(Body):
    """Which occurrence is booked after all."""

    recurrence_id = Line(_NAME, most=16, required=True)


class OccurrenceOut(Out):
    """What became of an occurrence; without start and end where the clocks skip its local time."""

    recurrence_id = Line(_NAME, most=16)
    local_start = Line("In the zone of the facility.", most=16)
    local_end = Line("In the zone of the facility.", most=16)
    start = Line("RFC 3339 in UTC.", most=40, allow_none=True)
    end = Line("RFC 3339 in UTC.", most=40, allow_none=True)
    state = Choice(OccurrenceState)
    code = Line("What was in the way.", most=60, allow_none=True)
    message = Line("The same in words.", most=2_000, allow_none=True)
    booking = PublicId(allow_none=True)
    repeated = Flag("The clocks show this local time twice; one of the two was taken, the first if not said otherwise.")


class SeriesOut(Out):
    """A series of bookings with the report of every occurrence."""

    id = PublicId()
    instrument = PublicId()
    instrument_name = Line(most=300)
    timezone = Line("The zone of the facility.", most=64)
    title = Line(most=300)
    rrule = Line("The rule as it was asked for.", most=MOST_CHARACTERS)
    on_conflict = Choice(OnConflict)
    allocation = PublicId(allow_none=True)
    created_at = Instant()
    changed_at = Instant()
    version = Integer(low=1)
    items = ListOf(Part(OccurrenceOut), most=1_000)


class SeriesChangedOut(SeriesOut):
    """The same after a change, with what became of each occurrence that the change was about."""

    changed = ListOf(Part(OccurrenceOut), most=1_000)


def whole_series(view: SeriesView) -> dict[str, Any]:
    """Return a series as the API shows it."""
    series: BookingSeries = view.series
    return {
        "id": series.public_id,
        "instrument": view.place.instrument.public_id,
        "instrument_name": view.place.instrument.name,
        "timezone": series.timezone,
        "title": series.title,
        "rrule": series.rrule,
        "on_conflict": series.on_conflict,
        "allocation": view.allocation,
        "created_at": series.created_at,
        "changed_at": series.changed_at,
        "version": series.version,
        "items": listed(view.report),
    }


def listed(report: Iterable[Reported]) -> list[dict[str, Any]]:
    """Return a report line by line."""
    return [shown(one) for one in report]
