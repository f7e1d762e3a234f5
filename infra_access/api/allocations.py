"""/allocations: what the caller's teams were granted, used so far, and left."""

from typing import Any

from infra_access.access_requests.allocation_queries import AllocationView, allocations_of
from infra_access.access_requests.vocabularies import AllocationState
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Amount, Choice, Instant, Integer, Line, Lines, ListOf, Part, PublicId
from infra_access.api.schemas import Out, PageQuery, page_of
from infra_access.catalogue.vocabularies import AccessUnit
from infra_access.core.authority import Permission
from infra_access.core.paging import Page


class AllocatedInstrumentOut(Out):
    """An instrument that a grant is for."""

    id = PublicId()
    name = Line(most=300)


class AllocationOut(Out):
    """What an access request was granted."""

    id = PublicId()
    access_request = PublicId()
    title = Line(most=300)
    route = PublicId()
    facility = PublicId()
    timezone = Line("The zone of the facility.", most=64)
    instruments = ListOf(Part(AllocatedInstrumentOut))
    access_unit = Choice(AccessUnit)
    granted = Amount(answered=True)
    used = Amount(answered=True)
    left = Amount(answered=True)
    valid_from = Instant()
    valid_until = Instant()
    review_at = Instant(
        "When a consent behind it is looked at again; from then on nothing new is booked.", allow_none=True
    )
    conditions = Lines(most=300_000, allow_none=True)
    state = Choice(AllocationState)
    version = Integer(low=1)


@resource("api.allocations", "GET", permission=Permission.ALLOCATION_LIST, query=PageQuery, out=page_of(AllocationOut))
def list_own(call: Call) -> Page[dict[str, Any]]:
    """List what the caller's teams were granted, newest first."""
    page = allocations_of(call.db, actor=call.actor, **call.query)
    return Page([shown(view) for view in page.items], page.next)


def shown(view: AllocationView) -> dict[str, Any]:
    """Return an allocation as the contract shows it."""
    row = view.allocation
    return {
        "id": row.public_id,
        "access_request": view.access_request.public_id,
        "title": view.access_request.title,
        "route": view.route.public_id,
        "facility": view.facility.public_id,
        "timezone": view.facility.timezone,
        "instruments": [{"id": one.public_id, "name": one.name} for one in view.instruments],
        "access_unit": row.access_unit,
        "granted": row.amount,
        "used": row.used,
        "left": view.left,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "review_at": row.review_at,
        "conditions": row.conditions,
        "state": row.state,
        "version": row.version,
    }
