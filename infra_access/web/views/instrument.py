"""An instrument: what it does, may I use it, when and at what price, and when it is free."""

from typing import Any

from pyramid.request import Request
from pyramid.view import view_config

from infra_access.access_requests.routes import routes_of
from infra_access.catalogue.offers import Offer
from infra_access.catalogue.search import summaries_of
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import named_zone
from infra_access.http.security import Context
from infra_access.outcomes.outcome_queries import public_outcomes_of
from infra_access.policy.places import places_of
from infra_access.scheduling.asking import can_ask
from infra_access.scheduling.details import details_of
from infra_access.scheduling.hours import hours_of
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.places import Place
from infra_access.scheduling.plan import candidates
from infra_access.web.eligibility import answers, may_book_at_once, rules_in
from infra_access.web.free_times import free_times
from infra_access.web.mirrors import copies_for
from infra_access.web.presenters.booking_rules import sentences
from infra_access.web.presenters.hours import AHEAD, holidays_sentence
from infra_access.web.presenters.instrument import capabilities, next_step
from infra_access.web.presenters.limits import limit_sentences
from infra_access.web.presenters.outcomes import shown
from infra_access.web.presenters.policy import chapters
from infra_access.web.presenters.ways_in import ways_in
from infra_access.web.rendering import names_in
from infra_access.web.rules_in_force import rules_in_force, told_by_way
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
    details = details_of(request.db, instrument, actor=request.actor, now=now)
    rules = rules_in_force(request, place, now=now, said=said_)
    general = sentences(rules, locale)
    hours = hours_of(request.db, {place.facility.id: place.facility.timezone}, TimeSpan(now, now + AHEAD))
    decision = answers(request, said_, [key], now=now).get(key)
    may_book = summary.offer is Offer.BOOK and may_book_at_once(request, said_, key, now=now)
    views = routes_of(request.db, key, now=now)
    routes = [view.route for view in views]
    scopes = places_of(request.db, [key])[key].scopes()
    named = {route.public_id: names_in(route, locale) for route in routes}
    today = now.astimezone(named_zone(place.facility.timezone)).date()
    copies, companions = candidates(request.db, instrument)
    return {
        "place": place,
        "summary": summary,
        "details": details,
        "capabilities": capabilities(details.shown["capabilities"], locale),
        "decision": decision,
        "limits": [request.localize(one) for one in limit_sentences(decision.limits, locale)] if decision else [],
        "step": next_step(summary.offer, has_routes=bool(routes), may_book=may_book),
        "ways": ways_in(views, locale),
        "rules": general,
        "rules_by_way": told_by_way(request, place, routes, general, now=now, said=said_),
        "holidays": holidays_sentence(hours[place.facility.id], locale),
        "policy": chapters(rules_in(request, scopes, routes, now=now), named),
        "may_ask_for_time": summary.offer is Offer.BOOK and can_ask(place, rules),
        "copies": len(copies),
        "companions": companions,
        "mirrors": copies_for(request, instrument, now=now),
        "said": said_,
        "i_am": i_am_form(request),
        "outcomes": shown(public_outcomes_of(request.db, key, today=today)),
        "may_edit": request.may(Permission.INSTRUMENT_UPDATE, context),
        "may_set_rules": request.may(Permission.HOURS_WRITE, context),
        "times": free_times(request, place, rules, now=now) if summary.offer is Offer.BOOK else None,
    }
