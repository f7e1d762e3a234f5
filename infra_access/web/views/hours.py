"""When a facility is open, as its office sets it: a line for each weekday, other dates, public holidays."""

from typing import Any

from babel.dates import get_day_names
from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import PreconditionFailed
from infra_access.core.i18n import _
from infra_access.http.localisation import cldr
from infra_access.http.security import Context
from infra_access.scheduling.hours import FacilityHours, set_hours
from infra_access.scheduling.public_holidays import countries
from infra_access.web import hours_form
from infra_access.web.corrections import Entries, to_correct
from infra_access.web.forms import ENTERED, seen_version, to, values_of
from infra_access.web.rendering import flash
from infra_access.web.visitor import country_options

_PAGE = {
    "route_name": "facility_hours",
    "renderer": "facility_hours.jinja2",
    "permission": Permission.HOURS_WRITE,
}


@view_config(**_PAGE, request_method="GET")
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show the form with the hours as they are."""
    hours: FacilityHours = context.row
    return _page(request, hours, hours_form.filled_in(hours.hours), {})


@view_config(**_PAGE, request_method="POST")
def save(context: Context, request: Request) -> dict[str, Any] | Response:
    """Replace the hours."""
    before: FacilityHours = context.row
    values = hours_form.closed_up(values_of(request))
    given = None
    try:
        given = hours_form.entered(values)
        set_hours(
            request.db,
            actor=request.actor,
            now=clock.now(),
            facility=before.facility,
            weekly=given.weekly,
            exceptions=given.exceptions,
            holidays=given.holidays,
            expected_version=seen_version(values),
        )
    except (*ENTERED, PreconditionFailed) as error:
        errors = hours_form.at_their_fields(given, to_correct(request, error)["errors"])
        return _page(request, before, values, errors)
    flash(request, "success", _("The hours are saved. Bookings already made stay."))
    return to(request, "facility_hours", id=before.facility.public_id)


def _page(request: Request, hours: FacilityHours, values: dict[str, str], errors: dict[str, str]) -> dict[str, Any]:
    return {
        "facility": hours.facility,
        "version": hours.version,
        "weekdays": sorted(get_day_names("wide", "stand-alone", cldr(request.locale_name)).items()),
        "rows": range(hours_form.rows_in(values) + hours_form.SPARE),
        "countries": [pair for pair in country_options(request.locale_name) if pair[0] in countries()],
        "entered": Entries(values),
        "errors": Entries(errors),
    }
