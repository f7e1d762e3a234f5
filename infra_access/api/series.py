"""/booking-series: one rule, many bookings; changed for one occurrence, those that follow it, or all."""

from typing import Any

from infra_access.api.contract import Call, resource
from infra_access.api.series_shapes import (
    BookAgainBody,
    CancelSeriesBody,
    MoveSeriesBody,
    SeriesChangedOut,
    SeriesOut,
    listed,
    whole_series,
)
from infra_access.core.authority import Permission
from infra_access.scheduling.series.booking import Made
from infra_access.scheduling.series.changing import cancel_series, move_series, re_add
from infra_access.scheduling.series.queries import series_by_public_id

VERSION = "series.version"


@resource("api.series", "GET", permission=Permission.BOOKING_READ, out=SeriesOut)
def read(call: Call) -> dict[str, Any]:
    """Show a series with every occurrence as it stands now."""
    return whole_series(call.row)


@resource(
    "api.series",
    "PATCH",
    permission=Permission.BOOKING_UPDATE,
    body=MoveSeriesBody,
    out=SeriesChangedOut,
    version=VERSION,
    errors=(409,),
)
def move(call: Call) -> dict[str, Any]:
    """Move one occurrence, those from it on, or all, by the same shift of the local time."""
    asked = dict(call.body)
    occurrence = asked.pop("recurrence_id")
    return _changed(call, move_series(call.db, series=call.row.series, occurrence=occurrence, **asked, **call.changes))


@resource(
    "api.series_cancel",
    "POST",
    permission=Permission.BOOKING_UPDATE,
    body=CancelSeriesBody,
    out=SeriesChangedOut,
    version=VERSION,
)
def cancel(call: Call) -> dict[str, Any]:
    """Cancel one occurrence, those from it on, or all that are yet to begin."""
    asked = dict(call.body)
    occurrence = asked.pop("recurrence_id", None)
    return _changed(
        call, cancel_series(call.db, series=call.row.series, occurrence=occurrence, **asked, **call.changes)
    )


@resource(
    "api.series_book",
    "POST",
    permission=Permission.BOOKING_UPDATE,
    body=BookAgainBody,
    out=SeriesChangedOut,
    version=VERSION,
)
def book_again(call: Call) -> dict[str, Any]:
    """Book an occurrence that was left out or cancelled."""
    occurrence = call.body["recurrence_id"]
    return _changed(call, re_add(call.db, series=call.row.series, occurrence=occurrence, **call.changes))


def _changed(call: Call, made: Made) -> dict[str, Any]:
    view = series_by_public_id(call.db, made.series.public_id, actor=call.actor)
    return whole_series(view) | {"changed": listed(made.report)}
