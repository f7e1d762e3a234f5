"""The calendar of an instrument by week and by month; every free hour leads to the form that takes it."""

from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_date
from pyramid.request import Request
from pyramid.view import view_config

from infra_access.catalogue.offers import Offer, offer_of
from infra_access.catalogue.vocabularies import SchedulingAuthority
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import day_start
from infra_access.http.localisation import cldr
from infra_access.http.security import Context
from infra_access.scheduling.booking_rules import BookingRules
from infra_access.scheduling.calendar_queries import calendar_of
from infra_access.scheduling.places import Place
from infra_access.scheduling.plan import rules_of
from infra_access.scheduling.segments import Segment
from infra_access.scheduling.waiting.queries import waiting_for
from infra_access.web.free_times import address_of, booking_form, from_grid, moves_of, own_bookings_at, step_of
from infra_access.web.mirrors import copies_for, left_over
from infra_access.web.presenters.month import Take, days_of, following, month_window
from infra_access.web.presenters.week import day_named, week_of, week_window
from infra_access.web.rendering import place as place_named

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@view_config(
    route_name="instrument_calendar",
    renderer="calendar.jinja2",
    request_method="GET",
    permission=Permission.CATALOGUE_READ,
)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show the week or the month that holds the day which the address names."""
    place: Place = context.row
    now, zone, instrument = clock.now(), place.facility.timezone, place.instrument
    by_month = request.GET.get("view") == "month"
    on = day_named(request.GET.get("on"), zone, now)
    first = on.replace(day=1) if by_month else on - on.weekday() * _DAY
    window = month_window(first, zone) if by_month else week_window(first, zone)
    mirrors = copies_for(request, instrument, now=now)
    bookable = offer_of(instrument) is Offer.BOOK
    return {
        "place": place,
        "zone": zone,
        "by_month": by_month,
        "first": first,
        "month_name": format_date(first, "LLLL y", locale=cldr(request.locale_name)),
        "mirrors": mirrors,
        "bookable": bookable,
        "asks": offer_of(instrument) is Offer.ASK_FOR_TIME,
        # What is kept elsewhere, and was never copied, is not known to be free.
        "shown": bool(mirrors) or instrument.scheduling_authority == SchedulingAuthority.HERE,
        "waiting": waiting_for(request.db, instrument.id) if bookable else 0,
        "left_over": request.may(Permission.MAINTENANCE_WRITE, context) and left_over(request, place.instrument),
        "may_copy": request.may(Permission.MAINTENANCE_WRITE, context),
        "my_place": place_named(request.actor.timezone) if request.actor else None,
        **_ways(request, place, first, on, by_month),
        **_time(request, place, first, window, by_month, bookable, now),
    }


def _ways(request: Request, place: Place, first: date, on: date, by_month: bool) -> dict[str, str]:
    """Return where the page leads: before, after, today, and the other view of the same day."""

    def to(day: date | None, view: str) -> str:
        kept = {"allocation": request.GET["allocation"]} if "allocation" in request.GET else {}
        query = {"view": view, **({"on": day.isoformat()} if day else {}), **kept}
        return str(request.route_path("instrument_calendar", id=place.instrument.public_id, _query=query))

    view = "month" if by_month else "week"
    return {
        "before": to((first - _DAY).replace(day=1) if by_month else first - 7 * _DAY, view),
        "after": to(following(first) if by_month else first + 7 * _DAY, view),
        "today": to(None, view),
        "as_week": to(on, "week"),
        "as_month": to(on, "month"),
    }


def _time(
    request: Request, place: Place, first: date, window: TimeSpan, by_month: bool, bookable: bool, now: datetime
) -> dict[str, Any]:
    """Return the days, and for a week the table of its hours."""
    rules = rules_of(request.db, place.instrument)
    calendar = calendar_of(request.db, place, window, actor=request.actor)
    own = own_bookings_at(request, place, window)
    addresses = {view.booking.public_id: address_of(request, view) for view in own.values()}
    my_zone = request.actor.timezone if request.actor else None
    moves = moves_of(request, own)
    # Of what is scheduled elsewhere nobody knows here that it is free: one can only ask.
    free_as = "ask" if offer_of(place.instrument) is Offer.ASK_FOR_TIME else "free"
    days = days_of(
        calendar,
        window,
        now=now,
        locale=request.locale_name,
        take=_taking(request, place, rules, now) if bookable else _no_way,
        earliest=now + rules.lead_minutes * _MINUTE,
        own=[Segment(span, "mine", view.booking.title, view.booking.public_id) for span, view in own.items()],
        address=addresses.__getitem__,
        moves=moves,
        free_as=free_as,
        my_zone=my_zone,
        month=first.month if by_month else None,
    )
    week = None
    if not by_month:
        week = week_of(
            calendar,
            first,
            now=now,
            locale=request.locale_name,
            link=(lambda span: booking_form(request, place, span.start)) if bookable else None,
            mine={span: address_of(request, view) for span, view in own.items()},
            moves=moves,
            free_as=free_as,
            my_zone=my_zone,
            earliest=now + rules.lead_minutes * _MINUTE,
            step=step_of(rules),
        )
    weeks = [days[n : n + 7] for n in range(0, len(days), 7)] if by_month else []
    return {
        "days": days,
        "weeks": weeks,
        "week": week,
        "free": any(day.href for day in days),
        "over": day_start(first, place.facility.timezone) < now and all(day.past for day in days),
    }


def _taking(request: Request, place: Place, rules: BookingRules, now: datetime) -> Take:
    earliest = now + rules.lead_minutes * _MINUTE

    def take(span: TimeSpan) -> str:
        start = max(span.start, earliest)
        left = from_grid(TimeSpan(start, span.end), rules, place.facility.timezone) if start < span.end else None
        if left is None or left.length < rules.min_minutes * _MINUTE:
            return ""
        return booking_form(request, place, left.start)

    return take


def _no_way(_span: TimeSpan) -> str:
    return ""
