"""Find a time: the first slots over all facilities that the reader may have, each with its decision."""

from typing import Any

from pyramid.request import Request
from pyramid.view import view_config

from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Invalid
from infra_access.policy.applicants import visitor_facts
from infra_access.scheduling.find_time.finding import Found, find_time
from infra_access.scheduling.find_time.standings import Step
from infra_access.web.corrections import Entries
from infra_access.web.eligibility import applicant
from infra_access.web.find_time_form import address, asked_in, by_day, question_in
from infra_access.web.forms import errors_of
from infra_access.web.visitor import Said, country_options, i_am_form, said, said_words

_FIELDS = {"end": "last", "start": "first", "duration_minutes": "hours", "instruments": "instrument"}
"""The fields of the form that ask for what a question calls otherwise."""


@view_config(
    route_name="find_time", renderer="find_time.jinja2", request_method="GET", permission=Permission.CATALOGUE_READ
)
def find(request: Request) -> dict[str, Any]:
    """Show the form and, once something was asked, what was found by day."""
    now, said_ = clock.now(), said(request)
    asked = asked_in(request, now)
    found, errors = None, Entries()
    if set(request.GET) - {"as"}:
        found, errors = _found(request, asked, said_)
    return {
        "asked": asked,
        "errors": errors,
        "found": found,
        "looked_until": found.looked_until if found else None,
        "days": by_day(request, found.slots, said_) if found else [],
        "to_request": found is not None and found.step is Step.REQUEST and bool(found.slots),
        "other": _other(request, asked, said_, found),
        "my_zone": request.actor.timezone if request.actor else None,
        "countries": country_options(request.locale_name),
        "access_types": i_am_form(request)["access_types"],
        "said": said_,
        "said_words": said_words(request, said_),
        "unsaid": address(request, asked, Said()),
        "keep": [(name, value) for name, value in asked.items() if value],
        "i_am": i_am_form(request),
    }


def _found(request: Request, asked: dict[str, str], said_: Said) -> tuple[Found | None, Entries]:
    """Return what was found and no problem; for a question that cannot be, nothing and why."""
    now = clock.now()
    try:
        whole = question_in(request, asked, now)
        # Of a visitor who said nothing, nothing is known, which is an answer too.
        known = lambda book: applicant(request, said_, book, now=now) or visitor_facts("", book, now)  # noqa: E731
        actor = None if said_ else request.actor
        return find_time(request.db, whole, applicant=known, now=now, actor=actor), Entries()
    except Invalid as error:
        request.response.status_int = error.status
        faults = errors_of(error, request)
        return None, Entries({_FIELDS.get(name.partition(".")[0], name): text for name, text in faults.items()})


def _other(request: Request, asked: dict[str, str], said_: Said, found: Found | None) -> str | None:
    """Return the address of the slots to request, where those shown are to be booked."""
    if found is None or found.step is Step.REQUEST:
        return None
    return address(request, asked, said_, action=str(Step.REQUEST))
