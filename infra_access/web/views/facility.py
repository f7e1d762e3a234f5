"""A facility: where it is, whether it is open, its instruments, and its access policy in sentences."""

from typing import Any

from pyramid.request import Request
from pyramid.view import view_config

from infra_access.access_requests.conversations.response_times import response_times
from infra_access.access_requests.facility_routes import routes_at
from infra_access.catalogue.models import Facility, Organisation
from infra_access.catalogue.search import search
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.timespan import TimeSpan
from infra_access.http.security import Context
from infra_access.scheduling.hours import hours_of
from infra_access.scheduling.rule_sets import rules_at
from infra_access.web.eligibility import answers, rules_in
from infra_access.web.presenters.answering import usually
from infra_access.web.presenters.booking_rules import sentences
from infra_access.web.presenters.hours import AHEAD, holidays_sentence, opening
from infra_access.web.presenters.policy import chapters
from infra_access.web.rendering import names_in
from infra_access.web.visitor import i_am_form, said

SHOWN = 100


@view_config(
    route_name="facility", renderer="facility.jinja2", request_method="GET", permission=Permission.CATALOGUE_READ
)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show a facility."""
    facility: Facility = context.row
    now, said_ = clock.now(), said(request)
    found = search(request.db, facility=facility.public_id, limit=SHOWN)
    keys = [item.id for item in found.items]
    routes = routes_at(request.db, facility)
    ways = {route.public_id: names_in(route, request.locale_name) for route in routes}
    hours = hours_of(request.db, {facility.id: facility.timezone}, TimeSpan(now, now + AHEAD))[facility.id]
    return {
        "facility": facility,
        "organisation": request.db.get_one(Organisation, facility.organisation_id),
        "opening": opening(hours, now, request.locale_name),
        "holidays": holidays_sentence(hours, request.locale_name),
        "rules": sentences(rules_at(request.db, facility).effective(), request.locale_name),
        "usually": usually(response_times(request.db, facility, now=now), request.locale_name),
        "instruments": found.items,
        "more": found.next is not None,
        "answers": answers(request, said_, keys, now=now),
        "policy": chapters(rules_in(request, context.scopes, routes, now=now), ways),
        "may_edit": request.may(Permission.INSTRUMENT_CREATE, context),
        "may_set_hours": request.may(Permission.HOURS_WRITE, context),
        "may_read_ledger": request.may(Permission.LEDGER_READ, context),
        "may_read_pools": request.may(Permission.POOL_READ, context),
        "may_schedule": request.may(Permission.SCHEDULE_WRITE, context),
        "may_maintain": request.may(Permission.MAINTENANCE_WRITE, context),
        "said": said_,
        "i_am": i_am_form(request),
    }
