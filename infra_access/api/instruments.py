"""/instruments: what is offered, found by words and facets, with a badge for whoever says who they are."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra_access.api.contract import Call, resource
from infra_access.api.decisions import BadgeOut, VisitorQuery, badges_of
from infra_access.api.fields import Choice, Country, Flag, Free, Integer, Line, Lines, ListOf, Part, PublicId
from infra_access.api.organisations import NAMES
from infra_access.api.schemas import Body, Out, PageQuery, page_of
from infra_access.api.serving import Created
from infra_access.catalogue.facets import Facets
from infra_access.catalogue.instruments import create_instrument, update_instrument
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.offers import Offer, offer_of
from infra_access.catalogue.queries import access_types_of, facility_by_public_id, resources_of, techniques_of
from infra_access.catalogue.search import InstrumentSummary, SearchPage, search
from infra_access.catalogue.vocabularies import (
    AccessType,
    Listing,
    OperationalStatus,
    PublicationState,
    ResourceKind,
    SchedulingAuthority,
)
from infra_access.core.authority import Permission
from infra_access.policy.details import DETAILS
from infra_access.scheduling.details import details_of
from infra_access.scheduling.places import Place


class CapabilityBody(Body):
    """A range of a quantity, with decimal strings."""

    quantity = Line(most=100, filled=True, required=True)
    min = Line(most=40, allow_none=True)
    max = Line(most=40, allow_none=True)
    unit = Line(most=40)


class InstrumentBody(Body):
    """A new instrument, or changes of one."""

    facility = PublicId(required=True)
    name = Line(most=300, filled=True, required=True)
    names = Free("Names by language.", values=NAMES)
    description = Lines(most=20_000)
    manufacturer = Line(most=200, allow_none=True)
    model = Line(most=200, allow_none=True)
    pid = Line("A persistent identifier.", most=200, allow_none=True)
    website = Line(most=500, allow_none=True)
    techniques = ListOf(Line(most=100, filled=True))
    access_types = ListOf(Choice(AccessType))
    capabilities = ListOf(Part(CapabilityBody))
    hazards = ListOf(Line(most=200, filled=True))
    control_codes = ListOf(Line(most=60, filled=True))
    tags = ListOf(Line(most=60, filled=True))
    contact_name = Line(most=200)
    contact_email = Line(most=254, allow_none=True)
    status = Choice(OperationalStatus)
    status_note = Lines("Why the status changes, for those who have booked time.", most=2_000)
    listing = Choice(Listing)
    scheduling_authority = Choice(SchedulingAuthority)
    publication = Choice(PublicationState)
    copies = Integer("How many there are of it.", low=1, high=100)
    resources = ListOf(Line(most=200, filled=True), "The name of each copy, instead of their number.", most=100)


class ResourceOut(Out):
    """A copy of an instrument."""

    id = PublicId()
    kind = Choice(ResourceKind)
    name = Line(most=200)


class TechniqueOut(Out):
    """A technique; `key` is what `?technique=` takes."""

    key = Line(most=100)
    name = Line(most=100)


class SummaryOut(Out):
    """An instrument in a list."""

    id = PublicId()
    name = Line(most=300)
    names = Free("Names by language.")
    facility = PublicId()
    facility_name = Line(most=300)
    organisation = PublicId()
    organisation_name = Line(most=300)
    country = Country()
    city = Line(most=200)
    timezone = Line(most=64)
    status = Choice(OperationalStatus)
    listing = Choice(Listing)
    offer = Choice(Offer, "What one can do: book a time, ask for one, or ask a question.")
    techniques = ListOf(Part(TechniqueOut))
    access_types = ListOf(Choice(AccessType))
    demo = Flag("Whether this is demonstration data.")
    eligibility = Part(BadgeOut, allow_none=True)


class InstrumentOut(Out):
    """An instrument."""

    id = PublicId()
    facility = PublicId()
    facility_name = Line(most=300)
    country = Country()
    timezone = Line(most=64)
    name = Line(most=300)
    names = Free("Names by language.")
    description = Lines(most=20_000)
    manufacturer = Line(most=200, allow_none=True)
    model = Line(most=200, allow_none=True)
    pid = Line(most=200, allow_none=True)
    website = Line(most=500, allow_none=True)
    techniques = ListOf(Part(TechniqueOut))
    access_types = ListOf(Choice(AccessType))
    capabilities = ListOf(Free())
    hazards = ListOf(Line(most=200))
    control_codes = ListOf(Line(most=60))
    tags = ListOf(Line(most=60))
    contact_name = Line(most=200)
    contact_email = Line(most=254, allow_none=True)
    status = Choice(OperationalStatus)
    listing = Choice(Listing)
    scheduling_authority = Choice(SchedulingAuthority)
    offer = Choice(Offer)
    publication = Choice(PublicationState)
    resources = ListOf(Part(ResourceOut))
    eligibility = Part(BadgeOut, allow_none=True)
    hidden = ListOf(Line(most=40), "The fields that are empty here, since they are shown once access was granted.")
    version = Integer(low=1)


class FacetOut(Out):
    """A value to narrow the search by, and how many instruments it leaves."""

    value = Line(most=200)
    label = Line(most=300)
    count = Integer(low=0)


class FacetsOut(Out):
    """The values of each facet, the most frequent first."""

    country = ListOf(Part(FacetOut), most=300)
    technique = ListOf(Part(FacetOut))
    access_type = ListOf(Part(FacetOut))
    status = ListOf(Part(FacetOut))


class InstrumentQuery(PageQuery, VisitorQuery):
    """Which instruments."""

    q = Line("Words that all occur; the last one may be a beginning.", most=200)
    country = Country()
    technique = Line(most=100)
    access_type = Choice(AccessType)
    facility = PublicId()
    status = Choice(OperationalStatus)


@resource(
    "api.instruments",
    "GET",
    permission=Permission.CATALOGUE_READ,
    query=InstrumentQuery,
    out=page_of(SummaryOut, facets=Part(FacetsOut), total=Integer(low=0)),
)
def find(call: Call) -> dict[str, Any]:
    """Search published instruments."""
    given = {key: value for key, value in call.query.items() if key != "as"}
    page = search(call.db, **given)
    badge = badges_of(call, [item.id for item in page.items])
    return _found(page, badge)


@resource(
    "api.instruments",
    "POST",
    permission=Permission.OWN_ACCOUNT,
    body=InstrumentBody(exclude=("status_note",)),
    out=InstrumentOut,
    status=201,
    errors=(404, 409, 410),
)
def create(call: Call) -> Created:
    """Enter an instrument of a facility in which one has the right; a draft unless said otherwise."""
    given = dict(call.body)
    facility = facility_by_public_id(call.db, given.pop("facility"), actor=call.actor)
    instrument = create_instrument(call.db, actor=call.actor, now=call.now, facility=facility, **given)
    return Created(shown(call, instrument, facility), f"/api/v1/instruments/{instrument.public_id}")


@resource(
    "api.instrument", "GET", permission=Permission.CATALOGUE_READ, query=VisitorQuery, out=InstrumentOut, errors=(410,)
)
def read(call: Call) -> dict[str, Any]:
    """Show an instrument, with the caller's badge."""
    place: Place = call.row
    return shown(call, place.instrument, place.facility)


@resource(
    "api.instrument",
    "PATCH",
    permission=Permission.INSTRUMENT_LABEL,
    errors=(409, 410),
    body=InstrumentBody(partial=True, exclude=("facility", "copies", "resources")),
    out=InstrumentOut,
    version="instrument.version",
)
def change(call: Call) -> dict[str, Any]:
    """Change an instrument, its techniques, status and publication among them.

    Labels and control codes are taken off by the export control officer or an access administrator, who change nothing
    else; rules may hang on them.
    """
    place: Place = call.row
    instrument = update_instrument(call.db, instrument=place.instrument, changes=call.body, **call.changes)
    return shown(call, instrument, place.facility)


_OWN = frozenset(InstrumentOut._declared_fields) - {
    "id", "facility", "facility_name", "country", "timezone", "techniques", "access_types", "offer", "resources",
    "eligibility", "hidden", *DETAILS,
}  # fmt: skip


def shown(call: Call, instrument: Instrument, facility: Facility) -> dict[str, Any]:
    """Return an instrument as the contract shows it."""
    key = instrument.id
    details = details_of(call.db, instrument, actor=call.visitor, now=call.now)
    return {
        **{name: getattr(instrument, name) for name in _OWN},
        **details.shown,
        "hidden": details.hidden,
        "id": instrument.public_id,
        "facility": facility.public_id,
        "facility_name": facility.name,
        "country": facility.country,
        "timezone": facility.timezone,
        "techniques": _techniques(techniques_of(call.db, [key])[key]),
        "access_types": access_types_of(call.db, [key])[key],
        "offer": offer_of(instrument),
        "resources": [
            {"id": row.public_id, "kind": row.kind, "name": row.name} for row in resources_of(call.db, [key])[key]
        ],
        "eligibility": badges_of(call, [key]).get(key),
    }


def _found(page: SearchPage, badge: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    facets: Facets | None = page.facets
    assert facets is not None, "the search counts facets unless told otherwise"
    return {
        "items": [_summary(item, badge.get(item.id)) for item in page.items],
        "next": page.next,
        "facets": facets.as_mapping(),
        "total": facets.total,
    }


def _summary(item: InstrumentSummary, badge: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "id": item.public_id,
        "name": item.name,
        "names": item.names,
        "facility": item.facility_public_id,
        "facility_name": item.facility_name,
        "organisation": item.organisation_public_id,
        "organisation_name": item.organisation_name,
        "country": item.country,
        "city": item.city,
        "timezone": item.timezone,
        "status": item.status,
        "listing": item.listing,
        "offer": item.offer,
        "techniques": _techniques(item.techniques),
        "access_types": item.access_types,
        "demo": item.demo,
        "eligibility": badge,
    }


def _techniques(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"key": key, "name": name} for key, name in pairs]
