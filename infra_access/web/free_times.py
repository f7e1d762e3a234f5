"""When an instrument is free, as its page and the booking form show it: a week, and the next free times."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pyramid.request import Request

from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import named_zone
from infra_access.scheduling.booking_queries import BookingView, own_bookings
from infra_access.scheduling.booking_rules import BookingRules
from infra_access.scheduling.calendar_queries import calendar_of, next_free
from infra_access.scheduling.changes import MOVABLE
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.places import Place
from infra_access.web.presenters.week import Week, monday_of, week_of, week_window
from infra_access.web.rendering import place as place_named

_GONE = frozenset({BookingState.CANCELLED, BookingState.RELEASED})
_WEEK = timedelta(days=7)
_HOUR = timedelta(hours=1)
_SHOWN = 3
_TRIED = 12


@dataclass(frozen=True, slots=True)
class FreeTimes:
    """A week of the calendar and what leads from it. `earlier` is None in the present week.

    `soonest` are the next free spans, each with the address of the form to take it; `my_zone` and `my_place` are the
    reader's, or None.
    """

    week: Week
    earlier: str | None
    later: str
    soonest: tuple[tuple[TimeSpan, str], ...]
    my_zone: str | None
    my_place: str | None


def free_times(
    request: Request,
    place: Place,
    rules: BookingRules,
    *,
    now: datetime,
    form: Callable[[datetime], str] | None = None,
    at: datetime | None = None,
) -> FreeTimes:
    """Return the week that the address names (`?week=2026-03-02`), looking a week further for what is free.

    `form` gives the address that takes a start, if it is another than that of a new booking. Where the address names
    no week, it is that of `at`, else the present one.
    """
    take = form or (lambda start: booking_form(request, place, start))
    zone = place.facility.timezone
    day = at.astimezone(named_zone(zone)).date().isoformat() if at else None
    monday = monday_of(request.GET.get("week") or day, zone, now)
    window = TimeSpan(week_window(monday, zone).start, week_window(monday + _WEEK, zone).end)
    calendar = calendar_of(request.db, place, window, actor=request.actor)
    my_zone = request.actor.timezone if request.actor else None
    earliest = max(now + timedelta(minutes=rules.lead_minutes), window.start)
    own = own_bookings_at(request, place, window)
    week = week_of(
        calendar,
        monday,
        now=now,
        locale=request.locale_name,
        link=lambda span: take(span.start),
        mine={span: address_of(request, view) for span, view in own.items()},
        moves=moves_of(request, own),
        my_zone=my_zone,
        earliest=now + timedelta(minutes=rules.lead_minutes),
        step=step_of(rules),
    )
    shortest = max(timedelta(minutes=rules.min_minutes), min(_HOUR, timedelta(minutes=rules.max_minutes)))
    return FreeTimes(
        week=week,
        earlier=_week_page(request, week.previous) if window.start > now else None,
        later=_week_page(request, week.following),
        soonest=tuple(
            (span, take(span.start))
            for free in next_free(calendar, shortest, after=earliest, count=_TRIED)
            if (span := from_grid(free, rules, zone)) is not None and span.length >= shortest
        )[:_SHOWN],
        my_zone=my_zone,
        my_place=place_named(my_zone) if my_zone else None,
    )


def step_of(rules: BookingRules) -> int:
    """Return the hours that a row of the week is high: on a wider grid, as many as make each row one that is free."""
    return max(1, rules.granularity_minutes // 60) if rules.granularity_minutes % 60 == 0 else 1


def booking_form(request: Request, place: Place, start: datetime) -> str:
    """Return the address of the booking form with its start filled in."""
    kept = {"allocation": request.GET["allocation"]} if "allocation" in request.GET else {}
    query = {"start": start.isoformat().replace("+00:00", "Z"), **kept}
    return str(request.route_path("instrument_book", id=place.instrument.public_id, _query=query))


def _week_page(request: Request, monday: date) -> str:
    query = {**request.GET, "week": monday.isoformat()}
    return str(request.current_route_path(_query=query, _anchor="calendar"))


def from_grid(span: TimeSpan, rules: BookingRules, zone: str) -> TimeSpan | None:
    """Return the span from where a booking may start in it, on a full hour of the place's clock if the grid has any."""
    step = timedelta(minutes=-(-60 // rules.granularity_minutes) * rules.granularity_minutes)
    local = span.start.astimezone(named_zone(zone))
    past = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    start = span.start + -past % step
    # Over a change of the clocks the grid shifts; what is off it then is left to the form to name.
    return TimeSpan(start, span.end) if start < span.end else None


def own_bookings_at(request: Request, place: Place, window: TimeSpan) -> dict[TimeSpan, BookingView]:
    """Return the reader's own bookings of this instrument that stand, by their span. One statement."""
    if request.actor is None or request.actor.account_id is None:
        return {}
    return {
        TimeSpan(view.booking.starts, view.booking.ends): view
        for view in own_bookings(request.db, actor=request.actor, start=window.start, limit=200).items
        if view.booking.instrument_id == place.instrument.id and view.booking.state not in _GONE
    }


def address_of(request: Request, view: BookingView) -> str:
    """Return the address of a booking."""
    return str(request.route_path("booking", id=view.booking.public_id))


def moves_of(request: Request, own: Mapping[TimeSpan, BookingView]) -> dict[str, str]:
    """Return where those of the bookings that can be moved are moved, by their addresses."""
    return {
        address_of(request, view): str(request.route_path("booking_move", id=view.booking.public_id))
        for view in own.values()
        if view.booking.state in MOVABLE
    }
