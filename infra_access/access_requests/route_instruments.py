"""The instruments that a way in leads to."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRoute, AccessRouteInstrument
from infra_access.catalogue.models import Instrument
from infra_access.catalogue.vocabularies import PublicationState


def instruments_of(session: Session, route: AccessRoute) -> Sequence[Instrument]:
    """Return the published instruments that a route leads to, by name. One statement."""
    return session.scalars(
        select(Instrument)
        .join(AccessRouteInstrument, AccessRouteInstrument.instrument_id == Instrument.id)
        .where(AccessRouteInstrument.route_id == route.id, Instrument.publication == PublicationState.PUBLISHED)
        .order_by(Instrument.name, Instrument.id)
    ).all()
