"""Reading single records and lists of the catalogue, and who may see which."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, true, tuple_
from sqlalchemy.orm import Session

from infra_access.catalogue.countries import valid_country
from infra_access.catalogue.models import (
    CatalogueEntry,
    Facility,
    Instrument,
    InstrumentAccessType,
    InstrumentTechnique,
    Organisation,
    OrganisationFact,
    OrganisationIdentifier,
    Resource,
)
from infra_access.catalogue.scopes import scopes_of_facility
from infra_access.catalogue.vocabularies import PublicationState
from infra_access.core.authority import NETWORK, PERMISSIONS, Actor, Permission, Scopes, may
from infra_access.core.errors import Gone, NotFound
from infra_access.core.i18n import _
from infra_access.core.paging import Page, clean_limit, decode_cursor, page_of
from infra_access.core.search_text import order_key


def organisation_by_public_id(session: Session, public_id: str, *, actor: Actor | None) -> Organisation:
    """Return an organisation; all of them are public. Raises NotFound."""
    organisation = session.scalar(select(Organisation).where(Organisation.public_id == public_id))
    if organisation is None or not may(actor, Permission.CATALOGUE_READ):
        raise unknown_record()
    return organisation


def facility_by_public_id(session: Session, public_id: str, *, actor: Actor | None) -> Facility:
    """Return a facility; a draft only to its staff. Raises NotFound, or Gone where it was retired."""
    row = session.execute(
        select(Facility, Organisation.public_id)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .where(Facility.public_id == public_id)
    ).first()
    if row is None:
        raise unknown_record()
    facility: Facility = row[0]
    refuse_invisible(
        actor, facility.name, [facility.publication], scopes_of_facility(public_id, row[1], facility.country)
    )
    return facility


def instrument_by_public_id(session: Session, public_id: str, *, actor: Actor | None) -> Instrument:
    """Return an instrument; a draft only to its staff. Raises NotFound, or Gone where it was retired."""
    row = session.execute(
        select(
            Instrument,
            Facility.publication,
            Facility.public_id.label("facility"),
            Organisation.public_id.label("organisation"),
            Facility.country,
        )
        .join(Facility, Facility.id == Instrument.facility_id)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .where(Instrument.public_id == public_id)
    ).first()
    if row is None:
        raise unknown_record()
    instrument: Instrument = row[0]
    scopes = (("instrument", public_id), *scopes_of_facility(row.facility, row.organisation, row.country))
    refuse_invisible(actor, instrument.name, [instrument.publication, row.publication], scopes)
    return instrument


def published_instruments(session: Session, public_ids: Collection[str]) -> list[Instrument]:
    """Return those of some instruments that everybody sees, in no order; at most one statement."""
    if not public_ids:
        return []
    return list(
        session.scalars(
            select(Instrument)
            .join(CatalogueEntry, CatalogueEntry.instrument_id == Instrument.id)
            .where(Instrument.public_id.in_(public_ids))
        )
    )


def instruments_called(session: Session, names: Collection[str]) -> list[Instrument]:
    """Return those that everybody sees and that have one of these names or public ids; at most one statement."""
    if not names:
        return []
    return list(
        session.scalars(
            select(Instrument)
            .join(CatalogueEntry, CatalogueEntry.instrument_id == Instrument.id)
            .where(or_(Instrument.name.in_(names), Instrument.public_id.in_(names)))
        )
    )


def list_organisations(
    session: Session,
    *,
    q: str = "",
    country: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Page[Organisation]:
    """Return organisations by name; `q` is how the name begins."""
    limit = clean_limit(limit)
    query = select(Organisation)
    if country:
        query = query.where(Organisation.country == valid_country(country))
    if q:
        query = query.where(_begins(Organisation.name_key, q))
    rows = session.scalars(_paged(query, Organisation.name_key, Organisation.id, limit, cursor)).all()
    return page_of(rows, limit, key=lambda row: (row.name_key, row.id))


def list_facilities(
    session: Session,
    *,
    actor: Actor | None,
    organisation: Organisation | None = None,
    country: str | None = None,
    q: str = "",
    limit: int | None = None,
    cursor: str | None = None,
) -> Page[tuple[Facility, Organisation]]:
    """Return facilities by name with their organisations: the published ones, to staff their drafts too."""
    limit = clean_limit(limit)
    query = (
        select(Facility, Organisation)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .where(visible_to(actor))
    )
    if organisation is not None:
        query = query.where(Facility.organisation_id == organisation.id)
    if country:
        query = query.where(Facility.country == valid_country(country))
    if q:
        query = query.where(_begins(Facility.name_key, q))
    rows = session.execute(_paged(query, Facility.name_key, Facility.id, limit, cursor)).all()
    page = page_of(rows, limit, key=lambda row: (row[0].name_key, row[0].id))
    return Page([(row[0], row[1]) for row in page.items], page.next)


def visible_to(actor: Actor | None) -> ColumnElement[bool]:
    """Return the condition under which a list of facilities joined with organisations shows one to this actor."""
    published = Facility.publication == PublicationState.PUBLISHED
    roles = PERMISSIONS[Permission.CATALOGUE_READ_DRAFT].roles
    held = [grant.scope for grant in actor.grants if grant.role in roles] if actor else []
    if NETWORK in held:
        return Facility.publication != PublicationState.RETIRED
    columns = {
        "facility": Facility.public_id,
        "organisation": Organisation.public_id,
        "country": Facility.country,
    }
    own = [
        column.in_(sorted(key for kind, key in held if kind == wanted))
        for wanted, column in columns.items()
        if any(kind == wanted for kind, _unused in held)
    ]
    if not own:
        return published
    return or_(published, and_(Facility.publication == PublicationState.DRAFT, or_(*own)))


def identifiers_of(session: Session, organisation_ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
    """Return the (scheme, value) pairs of each organisation."""
    found: dict[int, list[tuple[str, str]]] = {key: [] for key in organisation_ids}
    for row in session.execute(
        select(OrganisationIdentifier.organisation_id, OrganisationIdentifier.scheme, OrganisationIdentifier.value)
        .where(OrganisationIdentifier.organisation_id.in_(found))
        .order_by(OrganisationIdentifier.id)
    ):
        found[row.organisation_id].append((row.scheme, row.value))
    return found


def facts_of(session: Session, organisation_ids: Iterable[int]) -> dict[int, dict[str, OrganisationFact]]:
    """Return the latest fact of each name (sector, size, startup) of each organisation."""
    found: dict[int, dict[str, OrganisationFact]] = {key: {} for key in organisation_ids}
    for fact in session.scalars(
        select(OrganisationFact)
        .where(OrganisationFact.organisation_id.in_(found))
        .order_by(OrganisationFact.asserted_at, OrganisationFact.id)
    ):
        found[fact.organisation_id][fact.name] = fact
    return found


def techniques_of(session: Session, instrument_ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
    """Return the (key, name) pairs of the techniques of each instrument, by key."""
    found: dict[int, list[tuple[str, str]]] = {key: [] for key in instrument_ids}
    for row in session.execute(
        select(InstrumentTechnique.instrument_id, InstrumentTechnique.key, InstrumentTechnique.name).where(
            InstrumentTechnique.instrument_id.in_(found)
        )
    ):
        found[row.instrument_id].append((row.key, row.name))
    return {key: sorted(pairs) for key, pairs in found.items()}


def access_types_of(session: Session, instrument_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the access types of each instrument, in alphabetical order."""
    found: dict[int, list[str]] = {key: [] for key in instrument_ids}
    for row in session.execute(
        select(InstrumentAccessType.instrument_id, InstrumentAccessType.access_type).where(
            InstrumentAccessType.instrument_id.in_(found)
        )
    ):
        found[row.instrument_id].append(row.access_type)
    return {key: sorted(values) for key, values in found.items()}


def resources_of(session: Session, instrument_ids: Iterable[int]) -> dict[int, list[Resource]]:
    """Return the active copies of each instrument, in the order in which they were entered."""
    found: dict[int, list[Resource]] = {key: [] for key in instrument_ids}
    for resource in session.scalars(
        select(Resource).where(Resource.instrument_id.in_(found), Resource.active == true()).order_by(Resource.id)
    ):
        found[int(resource.instrument_id or 0)].append(resource)
    return found


def refuse_invisible(actor: Actor | None, name: str, publications: Sequence[str], scopes: Scopes) -> None:
    """Raise NotFound for a draft that is not the actor's to see, Gone for what was retired."""
    if all(state == PublicationState.PUBLISHED for state in publications):
        return
    if may(actor, Permission.CATALOGUE_READ_DRAFT, scopes):
        return
    if PublicationState.DRAFT in publications:
        raise unknown_record()
    message = _('"${name}" was retired and is no longer offered. Search for another one.', mapping={"name": name})
    raise Gone("catalogue.retired", message, details={"name": name})


def unknown_record() -> NotFound:
    """Return the refusal that tells nobody what there is."""
    return NotFound("catalogue.not_found", _("There is no such record. It may have moved: search for its name."))


def _begins(key: Any, q: str) -> ColumnElement[bool]:
    start = order_key(q)
    condition: ColumnElement[bool] = and_(key >= start, key < start + "\U0010ffff")
    return condition


def _paged(
    query: Select[*tuple[Any, ...]], key: Any, id_: Any, limit: int, cursor: str | None
) -> Select[*tuple[Any, ...]]:
    if cursor is not None:
        query = query.where(tuple_(key, id_) > tuple_(*decode_cursor(cursor, (str, int))))
    return query.order_by(key, id_).limit(limit + 1)
