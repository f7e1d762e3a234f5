"""Find a time: the first slots over all facilities that the reader may have, each with its decision."""

from collections.abc import Mapping
from typing import Any

from pyramid.request import Request
from pyramid.view import view_config

from infra_access.catalogue.models import Instrument
from infra_access.catalogue.queries import published_instruments
from infra_access.catalogue.search import InstrumentSummary, search
from infra_access.catalogue.vocabularies import label
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.decision import Decision
from infra_access.core.errors import DomainError, Invalid
from infra_access.policy.applicants import visitor_facts
from infra_access.scheduling.find_time.finding import Found, find_time
from infra_access.scheduling.find_time.questions import MOST_TOGETHER
from infra_access.scheduling.find_time.standings import Step
from infra_access.web.corrections import Entries
from infra_access.web.eligibility import applicant
from infra_access.web.find_time_form import UNITS, address, asked_in, by_day, chosen_in, in_sets, named_in, question_in
from infra_access.web.forms import errors_of
from infra_access.web.visitor import Said, country_options, i_am_form, said, said_words

MATCHES = 6
_FIELDS = {
    "end": "last",
    "start": "first",
    "duration_minutes": "hours",
    "access_unit": "hours",
    "instruments": "instrument",
    "together": "order",
}
"""The fields of the form that ask for what a question calls otherwise."""


@view_config(
    route_name="find_time", renderer="find_time.jinja2", request_method="GET", permission=Permission.CATALOGUE_READ
)
def find(request: Request) -> dict[str, Any]:
    """Show the form and, once something was asked, what was found by day."""
    now, said_ = clock.now(), said(request)
    asked = asked_in(request, now)
    words = request.GET.get("add", "").strip()
    found, errors = None, Entries()
    if set(request.GET) - {"as"} and not words:
        found, errors = _found(request, asked, said_)
    return {
        "asked": asked,
        "errors": errors,
        "found": found,
        "looked_until": found.looked_until if found else None,
        "days": by_day(request, found.slots, said_, asked["allocation"]) if found else [],
        "sets": in_sets(request, found.sets, said_, asked["allocation"]) if found else [],
        "refused": _refused(request, found) if found and found.refused else [],
        "to_request": found is not None and found.step is Step.REQUEST and bool(found.slots or found.sets),
        "other": _other(request, asked, said_, found),
        "chosen": chosen_in(request, asked, said_),
        "words": words,
        "matches": _matches(request, asked, said_, words) if words else [],
        "most": MOST_TOGETHER,
        "units": [(str(unit), request.localize(label(unit))) for unit in UNITS],
        "techniques": _techniques(request, asked["technique"]),
        "my_zone": request.actor.timezone if request.actor else None,
        "countries": country_options(request.locale_name),
        "access_types": i_am_form(request)["access_types"],
        "said": said_,
        "said_words": said_words(request, said_),
        "unsaid": address(request, asked, Said()),
        "anywhere": address(request, {**asked, "instrument": "", "allocation": "", "order": ""}, said_),
        "keep": [(name, value) for name, value in asked.items() if value],
        "i_am": i_am_form(request),
    }


def _matches(
    request: Request, asked: Mapping[str, str], said_: Said, words: str
) -> list[tuple[InstrumentSummary, str]]:
    """Return the instruments that words find, each with the address at which it is named too."""
    named = named_in(asked)
    try:
        items = search(request.db, q=words, bookable=True, limit=MATCHES + len(named)).items
    except Invalid:
        return []
    new = [one for one in items if one.public_id not in named][:MATCHES]
    return [(one, address(request, {**asked, "instrument": ",".join((*named, one.public_id))}, said_)) for one in new]


def _techniques(request: Request, current: str) -> list[tuple[str, str]]:
    """Return the techniques that most instruments have as (key, name), and the one that is asked for."""
    facets = search(request.db, bookable=True, limit=1).facets
    found = {one.value: request.localize(one.label) for one in facets.technique} if facets else {}
    return list(({current: current} if current and current not in found else {}).items()) + list(found.items())


def _refused(request: Request, found: Found) -> list[tuple[Instrument, Decision]]:
    refused = found.refused or {}
    return [(one, refused[one.public_id]) for one in published_instruments(request.db, list(refused))]


def _found(request: Request, asked: dict[str, str], said_: Said) -> tuple[Found | None, Entries]:
    """Return what was found and no problem; for a question that cannot be, nothing and why."""
    now = clock.now()
    try:
        whole = question_in(request, asked, now)
        # Of a visitor who said nothing, nothing is known, which is an answer too.
        known = lambda book: applicant(request, said_, book, now=now) or visitor_facts("", book, now)  # noqa: E731
        actor = None if said_ else request.actor
        return find_time(request.db, whole, applicant=known, now=now, actor=actor), Entries()
    except DomainError as error:
        request.response.status_int = error.status
        faults = errors_of(error, request)
        return None, Entries({_FIELDS.get(name.partition(".")[0], name): text for name, text in faults.items()})


def _other(request: Request, asked: dict[str, str], said_: Said, found: Found | None) -> str | None:
    """Return the address of the slots to request, where those shown are to be booked."""
    if found is None or found.step is Step.REQUEST:
        return None
    return address(request, asked, said_, action=str(Step.REQUEST))
