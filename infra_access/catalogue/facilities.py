"""Commands on facilities."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.naming import named_at, note_name
from infra_access.catalogue.publishing import check_publication
from infra_access.catalogue.scopes import facility_scopes, organisation_scopes
from infra_access.catalogue.search_index import reindex
from infra_access.catalogue.vocabularies import PublicationState
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.search_text import order_key

_CLEANERS: Mapping[str, fields.Cleaner] = {
    "name": fields.line(300, required=True),
    "names": fields.names,
    "description": fields.text(20_000),
    "country": fields.country,
    "city": fields.line(200),
    "latitude": fields.coordinate(90),
    "longitude": fields.coordinate(180),
    "timezone": fields.zone,
    "website": fields.address,
    "contact_name": fields.line(200),
    "contact_email": fields.email,
    "contact_phone": fields.optional_line(60),
    "security_contact": fields.email,
    "publication": fields.one_of(PublicationState),
    "source_id": fields.optional_line(200),
}
_SEARCHED = frozenset({"name", "names", "city", "country", "publication"})


class FacilityFields(TypedDict, total=False):
    """What may be given beside the name and the place."""

    names: Mapping[str, str]
    description: str
    city: str
    latitude: float | None
    longitude: float | None
    website: str | None
    contact_name: str
    contact_email: str | None
    contact_phone: str | None
    security_contact: str | None
    publication: str
    source_id: str | None


def create_facility(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    organisation: Organisation,
    name: str,
    country: str,
    timezone: str,
    demo: bool = False,
    **rest: Unpack[FacilityFields],
) -> Facility:
    """Enter a facility, as a draft unless `publication` says otherwise."""
    require(actor, Permission.FACILITY_CREATE, organisation_scopes(organisation))
    stored = fields.cleaned({"name": name, "country": country, "timezone": timezone, **rest}, _CLEANERS)
    stored.setdefault("publication", PublicationState.DRAFT)
    check_publication(actor, organisation, stored["publication"])
    facility = Facility(
        **stored,
        organisation_id=organisation.id,
        named_at=named_at(actor, organisation, now),
        source={},
        created_at=now,
        demo=demo,
    )
    session.add(facility)
    session.flush()  # its public id is made then
    record(
        session,
        actor=actor,
        action="facility.create",
        object_kind="facility",
        object_id=facility.public_id,
        now=now,
        details={"name": facility.name, "organisation": organisation.public_id, "publication": facility.publication},
    )
    return facility


def update_facility(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    facility: Facility,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> Facility:
    """Change fields of a facility, its publication among them."""
    require(actor, Permission.FACILITY_UPDATE, facility_scopes(session, facility))
    fields.check_version(facility.version, expected_version)
    stored = fields.cleaned(changes, _CLEANERS)
    changed = {field for field, value in stored.items() if getattr(facility, field) != value}
    organisation = session.get_one(Organisation, facility.organisation_id)
    if "publication" in changed:
        check_publication(actor, organisation, stored["publication"])
    note_name(facility, organisation, stored, actor=actor, now=now)
    for field, value in stored.items():
        setattr(facility, field, value)
    facility.name_key = order_key(facility.name)
    session.flush()
    if changed & _SEARCHED:
        reindex(session, session.scalars(select(Instrument.id).where(Instrument.facility_id == facility.id)))
    record(
        session,
        actor=actor,
        action="facility.update",
        object_kind="facility",
        object_id=facility.public_id,
        now=now,
        details={"changed": sorted(changed)},
    )
    return facility
