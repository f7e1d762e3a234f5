"""An instrument: what it does, may I use it, when and at what price, and when it is free."""

from datetime import date, datetime, timedelta
from typing import Any

from pyramid.request import Request
from pyramid.view import view_config

from infra_access.access_requests.routes import routes_of
from infra_access.catalogue.offers import Offer
from infra_access.catalogue.search import summaries_of
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.timespan import TimeSpan
from infra_access.http.security import Context
from infra_access.policy.places import places_of
from infra_access.scheduling.booking_queries import own_bookings
from infra_access.scheduling.booking_rules import BookingRules
from infra_access.scheduling.calendar_queries import calendar_of, next_free
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.places import Place
from infra_access.scheduling.plan import candidates, rules_of
from infra_access.web.eligibility import WELCOME, answers, rules_in
from infra_access.web.presenters.booking_rules import sentences
from infra_access.web.presenters.instrument import capabilities, next_step
from infra_access.web.presenters.limits import limit_sentences
from infra_access.web.presenters.policy import chapters
from infra_access.web.presenters.ways_in import ways_in
from infra_access.web.presenters.week import Week, monday_of, week_of, week_window
from infra_access.web.rendering import place as place_of_zone
from infra_access.web.visitor import i_am_form, said

_GONE = frozenset({BookingState.CANCELLED, BookingState.RELEASED})


@view_config(
    route_name="instrument", renderer="instrument.jinja2", request_method="GET", permission=Permission.CATALOGUE_READ
)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show an instrument."""
    place: Place = context.row
    instrument, now, said_ = place.instrument, clock.now(), said(request)
    key, locale = instrument.id, request.locale_name
    summary = summaries_of(request.db, [key])[key]
    rules = rules_of(request.db, instrument)
    zone = request.actor.timezone if request.actor else None
    decision = answers(request, said_, [key], now=now).get(key)
    booking = answers(request, said_, [key], now=now, action="book").get(key) if summary.offer is Offer.BOOK else None
    may_book = booking is not None and booking.outcome in WELCOME
    routes = routes_of(request.db, key, now=now)
    copies, companions = candidates(request.db, instrument)
    return {
        "place": place,
        "summary": summary,
        "capabilities": capabilities(instrument, locale),
        "decision": decision,
        "limits": [request.localize(one) for one in limit_sentences(decision.limits, locale)] if decision else [],
        "my_zone": zone,
        "my_place": place_of_zone(zone) if zone else None,
        "step": next_step(summary.offer, has_routes=bool(routes), may_book=may_book),
        "ways": ways_in(routes, locale),
        "rules": sentences(rules, locale),
        "policy": chapters(rules_in(request, places_of(request.db, [key])[key].scopes(), [key], now=now)),
        "copies": len(copies),
        "companions": companions,
        "said": said_,
        "i_am": i_am_form(request),
        "may_edit": request.may(Permission.INSTRUMENT_UPDATE, context),
        **(_calendar(request, place, rules, now) if summary.offer is Offer.BOOK else {"week": None, "free_next": []}),
    }


def _calendar(request: Request, place: Place, rules: BookingRules, now: datetime) -> dict[str, Any]:
    """Return the week that the address names, and the next free times from then on, a week further."""
    zone = place.facility.timezone
    monday = monday_of(request.GET.get("week"), zone, now)
    window = TimeSpan(week_window(monday, zone).start, week_window(monday + timedelta(days=7), zone).end)
    calendar = calendar_of(request.db, place, window, actor=request.actor)
    week: Week = week_of(
        calendar,
        monday,
        now=now,
        locale=request.locale_name,
        link=lambda span: _booking_form(request, place, span.start),
        mine=_own(request, place, window),
        my_zone=request.actor.timezone if request.actor else None,
    )
    shortest = timedelta(minutes=max(rules.min_minutes, 60 if rules.max_minutes >= 60 else 0))
    earliest = max(now + timedelta(minutes=rules.lead_minutes), window.start)
    return {
        "week": week,
        "free_next": [(span, _booking_form(request, place, span.start)) for span in next_free(calendar, shortest, after=earliest)],
        "weeks": {day: request.current_route_path(_query={**request.GET, "week": day.isoformat()}, _anchor="calendar") for day in (week.previous, week.following)},
        "this_week": monday <= date.fromordinal(now.date().toordinal()),
    }


def _booking_form(request: Request, place: Place, start: datetime) -> str:
    path = request.route_path("instrument_book", id=place.instrument.public_id, _query={"start": start.isoformat()})
    return str(path)


def _own(request: Request, place: Place, window: TimeSpan) -> dict[TimeSpan, str]:
    """Return the reader's own bookings of this instrument with their addresses."""
    if request.actor is None or request.actor.account_id is None:
        return {}
    bookings = own_bookings(request.db, actor=request.actor, start=window.start, limit=200).items
    return {
        TimeSpan(view.booking.starts, view.booking.ends): request.route_path("booking", id=view.booking.public_id)
        for view in bookings
        if view.booking.instrument_id == place.instrument.id and view.booking.state not in _GONE
    }
