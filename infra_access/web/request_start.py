"""How a request begins: by which way in, and what is known of it before anybody has typed anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pyramid.request import Request

from infra_access.access_requests.conversations.enquiries import enquiry_of
from infra_access.access_requests.models import AccessRoute
from infra_access.access_requests.routes import RouteView, routes_of
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.ledger.units import units_of
from infra_access.people.accounts import account_of
from infra_access.people.affiliations import affiliations_of
from infra_access.scheduling.places import Place
from infra_access.web.booking_form import named
from infra_access.web.corrections import Entries
from infra_access.web.forms import values_of
from infra_access.web.presenters.ways_in import ways_in
from infra_access.web.request_form import days_of

_ROOM = timedelta(days=28)
"""How long after a slot that was found the time asked for lasts, in which another may be taken."""
_KEPT = ("start", "end", "as", "conversation")


@dataclass(frozen=True, slots=True)
class Start:
    """What a request begins with: the answers, the row of whoever asks, the slot that was found, if one was."""

    entered: dict[str, str | None]
    me: Entries
    slot: TimeSpan | None


def choose_way(request: Request, place: Place, views: Sequence[RouteView]) -> dict[str, Any]:
    """Show the ways in to an instrument, each leading to the page that is shown."""
    request.override_renderer = "ways_in.jinja2"
    return {
        "place": place,
        "ways": ways_in(views, request.locale_name),
        "page": request.matched_route.name,
        "keep": carried(request),
    }


def carried(request: Request) -> dict[str, str]:
    """Return what the address or the form says beside the answers, to be said again by links to the other form."""
    said: Mapping[str, str] = values_of(request) if request.method == "POST" else request.GET
    return {name: said[name] for name in _KEPT if said.get(name)}


def chosen_way(views: Sequence[RouteView], wanted: str | None) -> RouteView | None:
    """Return the way in of this public id, the only one where nothing was chosen."""
    if wanted is None and len(views) == 1:
        return views[0]
    return next((view for view in views if view.route.public_id == wanted), None)


def posted_way(request: Request, place: Place, *, now: datetime) -> RouteView:
    """Return the way in that a form names. Raises NotFound."""
    views = routes_of(request.db, place.instrument.id, now=now)
    chosen = chosen_way(views, values_of(request).get("route"))
    if chosen is None:
        raise NotFound("access_route.unknown", _("There is no such way in to this instrument. Choose another one."))
    return chosen


def first_answers(request: Request, place: Place, route: AccessRoute, *, now: datetime) -> Start:
    """Return what the account, the way in, a slot that was found and an enquiry say already."""
    account = account_of(request.db, request.actor)
    homes = affiliations_of(request.db, account.id, now=now)
    me = Entries(
        name=account.name,
        email=account.email,
        role="principal",
        organisation=homes[0].organisation_name if homes else "",
        country_of_work=account.country_of_work or "",
    )
    entered: dict[str, str | None] = {"regime": route.regimes[0], "access_type": route.access_types[0]}
    slot = named(request)
    if slot is not None:
        entered |= _for_slot(slot, route.access_unit, place.facility.timezone)
    conversation = request.GET.get("conversation")
    if conversation:
        enquiry = enquiry_of(request.db, conversation, actor=request.actor)
        entered |= {"title": enquiry.title, "summary": enquiry.summary, "conversation": enquiry.conversation}
    return Start(entered | {"acting_for": homes[0].organisation_public_id if homes else ""}, me, slot)


def _for_slot(slot: TimeSpan, access_unit: str, zone: str) -> dict[str, str]:
    """Return what asks for a slot that was found: its time, and some days more, since others may take it meanwhile."""
    first, last = days_of(slot.start, slot.end + _ROOM, zone)
    return {"period.start": first, "period.end": last, "quantity": str(units_of([slot], access_unit))}
