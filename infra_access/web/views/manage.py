"""The manager's console: one facility at a time, what waits there, who uses it today, and what is new to enter."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.approvals.queries import inbox
from infra_access.access_requests.conversations.response_times import response_times
from infra_access.access_requests.conversations.unanswered import unanswered
from infra_access.catalogue.facilities import create_facility
from infra_access.catalogue.instruments import create_instrument
from infra_access.catalogue.managed import facilities_run_by, organisations_run_by
from infra_access.catalogue.models import Facility
from infra_access.catalogue.queries import facility_by_public_id, organisation_by_public_id
from infra_access.catalogue.scopes import facility_scopes
from infra_access.catalogue.vocabularies import AccessType, OperationalStatus, PublicationState, label
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import Text, _
from infra_access.core.zones import day_span, named_zone
from infra_access.http.security import Context
from infra_access.scheduling.booking_queries import facility_bookings
from infra_access.scheduling.lifecycle import OCCUPYING
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, many, to, values_of
from infra_access.web.presenters.answering import measured
from infra_access.web.rendering import flash
from infra_access.web.visitor import country_options
from infra_access.web.zones import zone_options

RUN_FROM: tuple[tuple[str, Permission, Text], ...] = (
    ("facility_timeline", Permission.CATALOGUE_READ, _("Timeline")),
    ("facility_board", Permission.SCHEDULE_WRITE, _("Scheduling board")),
    ("facility_maintenance", Permission.MAINTENANCE_WRITE, _("Maintenance and outages")),
    ("facility_hours", Permission.HOURS_WRITE, _("Opening hours")),
    ("facility_booking_rules", Permission.HOURS_WRITE, _("Booking rules")),
    ("facility_resources", Permission.INSTRUMENT_UPDATE, _("Rooms, persons, plants and copies")),
    ("facility_ways", Permission.ROUTE_WRITE, _("Ways in")),
    ("facility_policies", Permission.POLICY_READ, _("Access rules")),
    ("facility_pools", Permission.POOL_READ, _("Periods and pools")),
    ("facility_ledger", Permission.LEDGER_READ, _("Ledger of use")),
)
_PAGE = {"route_name": "manage", "renderer": "manage.jinja2", "permission": Permission.OWN_ACCOUNT}


@view_config(**_PAGE, request_method="GET")
def show(request: Request) -> dict[str, Any]:
    """Show the console."""
    return _page(request)


@view_config(**_PAGE, request_method="POST", request_param="add=facility")
def add_facility(request: Request) -> dict[str, Any] | Response:
    """Enter a facility, as a draft."""
    entered = values_of(request)
    organisation = organisation_by_public_id(request.db, entered.get("organisation", ""), actor=request.actor)
    try:
        facility = create_facility(
            request.db,
            actor=request.actor,
            now=clock.now(),
            organisation=organisation,
            name=entered.get("name", ""),
            country=entered.get("country", ""),
            timezone=entered.get("timezone", ""),
            city=entered.get("city", ""),
            contact_email=entered.get("contact_email") or None,
            security_contact=entered.get("security_contact") or None,
            publication=_publication(entered),
        )
    except ENTERED as error:
        return {**_page(request), "facility_form": to_correct(request, error)}
    flash(request, "success", _("${name} is entered. Add its instruments next.", mapping={"name": facility.name}))
    return to(request, "manage", _query={"facility": facility.public_id})


@view_config(**_PAGE, request_method="POST", request_param="add=instrument")
def add_instrument(request: Request) -> dict[str, Any] | Response:
    """Enter an instrument at the facility that is shown."""
    entered = values_of(request)
    facility = facility_by_public_id(request.db, entered.get("facility", ""), actor=request.actor)
    try:
        instrument = create_instrument(
            request.db,
            actor=request.actor,
            now=clock.now(),
            facility=facility,
            name=entered.get("name", ""),
            description=entered.get("description", ""),
            techniques=[one.strip() for one in entered.get("techniques", "").split(",") if one.strip()],
            access_types=many(request, "access_types"),
            status=OperationalStatus.OPERATING,
            copies=_copies(entered.get("copies", "1")),
            publication=_publication(entered),
        )
    except ENTERED as error:
        return {**_page(request), "instrument_form": to_correct(request, error)}
    flash(request, "success", _("${name} is entered.", mapping={"name": instrument.name}))
    return to(request, "instrument", id=instrument.public_id)


def _page(request: Request) -> dict[str, Any]:
    now = clock.now()
    facilities = facilities_run_by(request.db, request.actor, Permission.CATALOGUE_READ_DRAFT)
    wanted = request.params.get("facility")
    facility = next((one for one in facilities if one.public_id == wanted), facilities[0] if facilities else None)
    return {
        "facilities": facilities,
        "facility": facility,
        "waiting": len(inbox(request.db, actor=request.actor, now=now).items),
        "questions": unanswered(request.db, facility) if facility else [],
        "answering": measured(response_times(request.db, facility, now=now), request.locale_name) if facility else [],
        "today": _today(request, facility) if facility else [],
        "places": _places(request, facility) if facility else [],
        "organisations": organisations_run_by(request.db, request.actor, Permission.FACILITY_CREATE),
        "countries": country_options(request.locale_name),
        "zones": zone_options(),
        "access_types": [(str(one), request.localize(label(one))) for one in AccessType],
        "chosen_types": many(request, "access_types") if request.method == "POST" else [AccessType.PHYSICAL],
        "facility_form": to_fill_in({"timezone": request.actor.timezone}),
        "instrument_form": to_fill_in({"copies": "1"}),
    }


def _places(request: Request, facility: Facility) -> list[tuple[str, Text]]:
    """Return the pages from which a facility is run, those that the reader may open."""
    context = Context(facility, facility_scopes(request.db, facility))
    return [(route, words) for route, permission, words in RUN_FROM if request.may(permission, context)]


def _today(request: Request, facility: Facility) -> list[Any]:
    """Return the bookings of the facility's own day."""
    now = clock.now()
    day = day_span(now.astimezone(named_zone(facility.timezone)).date(), facility.timezone)
    page = facility_bookings(request.db, facility=facility, start=day.start, states=OCCUPYING, limit=100)
    return [view for view in page.items if view.booking.starts < day.end]


def _publication(entered: dict[str, str]) -> PublicationState:
    return PublicationState.PUBLISHED if "publish" in entered else PublicationState.DRAFT


def _copies(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0
