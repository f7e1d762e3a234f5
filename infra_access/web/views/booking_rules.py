"""The booking rules of a facility and of one instrument, as the office sets them."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.catalogue.models import Facility
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import PreconditionFailed
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.scheduling.rule_sets import OwnRules, set_booking_rules
from infra_access.web import rules_form
from infra_access.web.corrections import Entries, to_correct
from infra_access.web.forms import ENTERED, seen_version, to, values_of
from infra_access.web.presenters.booking_rules import sentences
from infra_access.web.rendering import flash

_PAGE = {"renderer": "booking_rules.jinja2", "permission": Permission.HOURS_WRITE}
_FACILITY = {"route_name": "facility_booking_rules", **_PAGE}
_INSTRUMENT = {"route_name": "instrument_booking_rules", **_PAGE}


@view_config(**_FACILITY, request_method="GET")
@view_config(**_INSTRUMENT, request_method="GET")
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show the form with the rules as they are."""
    rules: OwnRules = context.row
    return _page(request, rules, rules_form.filled_in(rules.said()), {})


@view_config(**_FACILITY, request_method="POST")
@view_config(**_INSTRUMENT, request_method="POST")
def save(context: Context, request: Request) -> dict[str, Any] | Response:
    """Replace the rules."""
    before: OwnRules = context.row
    values = rules_form.closed_up(values_of(request))
    try:
        set_booking_rules(
            request.db,
            actor=request.actor,
            now=clock.now(),
            subject=before.subject,
            rules=rules_form.entered(values),
            expected_version=seen_version(values),
        )
    except (*ENTERED, PreconditionFailed) as error:
        return _page(request, before, values, rules_form.at_their_fields(to_correct(request, error)["errors"]))
    flash(request, "success", _("The rules are saved. Bookings already made stay."))
    return to(request, request.matched_route.name, id=before.subject.public_id)


def _page(request: Request, rules: OwnRules, values: dict[str, str], errors: dict[str, str]) -> dict[str, Any]:
    in_force, sources = rules.effective(), rules.sources()
    return {
        "subject": rules.subject,
        "of_facility": isinstance(rules.subject, Facility),
        "route": request.matched_route.name,
        "version": rules.version,
        "sentences": sentences(in_force, request.locale_name),
        "numbers": [
            (key, name, effect, getattr(in_force, key), sources[key])
            for key, (name, effect) in rules_form.NUMBERS.items()
        ],
        "horizon_rows": rules_form.spare_rows(values, "horizons"),
        "quota_rows": rules_form.spare_rows(values, "quotas"),
        "rule_options": rules_form.options(request),
        "entered": Entries(values),
        "errors": Entries(errors),
    }
