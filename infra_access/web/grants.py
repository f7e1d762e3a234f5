"""What the reader's teams were granted on an instrument, as the booking form offers it."""

from dataclasses import dataclass
from datetime import datetime

from babel.numbers import format_decimal
from pyramid.request import Request

from infra_access.access_requests.allocation_queries import AllocationView, allocations_of
from infra_access.access_requests.consents import is_drawable
from infra_access.catalogue.models import Instrument
from infra_access.catalogue.vocabularies import AccessUnit, label
from infra_access.core.i18n import _
from infra_access.http.localisation import cldr

MOST = 200


@dataclass(frozen=True, slots=True)
class Grant:
    """An allocation to draw on: its public id, and the request with what is left."""

    value: str
    words: str


def grants_for(request: Request, instrument: Instrument, *, now: datetime) -> list[Grant]:
    """Return the allocations that can be drawn on for an instrument at this moment, newest first."""
    return [
        Grant(view.allocation.public_id, f"{view.access_request.title}: {left_words(request, view)}")
        for view in allocations_of(request.db, actor=request.actor, limit=MOST).items
        if is_drawable(view.allocation, now) and view.left > 0 and instrument.id in {one.id for one in view.instruments}
    ]


def left_words(request: Request, view: AllocationView) -> str:
    """Return how much is left of what was granted: "3.5 of 12 left (Shift)"."""
    form = cldr(request.locale_name)
    said = _(
        "${left} of ${amount} left (${unit})",
        mapping={
            "left": format_decimal(view.left, locale=form),
            "amount": format_decimal(view.allocation.amount, locale=form),
            "unit": request.localize(label(AccessUnit(view.allocation.access_unit))),
        },
    )
    return str(request.localize(said))
