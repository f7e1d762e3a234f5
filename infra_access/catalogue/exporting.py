"""Export of a facility and its instruments as a UNIQUIP file."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.queries import techniques_of
from infra_access.catalogue.standards.uniquip import write
from infra_access.catalogue.uniquip_rows import MARKERS, OWN_PLACE, equipment_row, facility_row
from infra_access.catalogue.vocabularies import PublicationState


def export_uniquip(session: Session, facility: Facility) -> bytes:
    """Return a facility and its published instruments as CSV; importing it again changes nothing."""
    instruments = session.scalars(
        select(Instrument)
        .where(Instrument.facility_id == facility.id, Instrument.publication == PublicationState.PUBLISHED)
        .order_by(Instrument.id)
    ).all()
    techniques = techniques_of(session, [instrument.id for instrument in instruments])
    rows = []
    if facility.source_id != OWN_PLACE:
        rows.append(facility_row(facility, number=2))
    place = rows[0].id if rows else ""
    for number, instrument in enumerate(instruments, start=2 + len(rows)):
        names = [name for _key, name in techniques[instrument.id]]
        rows.append(equipment_row(instrument, number=number, facility_id=place, techniques=names))
    return write(rows, markers=facility.source.get(MARKERS))
