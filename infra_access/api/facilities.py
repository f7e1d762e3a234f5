"""/facilities: places of organisations where instruments stand."""

from collections.abc import Sequence
from typing import Any

from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Country, Flag, Free, Integer, Line, Lines, Number, PublicId
from infra_access.api.organisations import NAMES
from infra_access.api.schemas import Body, Out, PageQuery, page_of
from infra_access.api.serving import Created
from infra_access.catalogue.facilities import create_facility, update_facility
from infra_access.catalogue.models import Facility, Organisation
from infra_access.catalogue.queries import list_facilities, organisation_by_public_id
from infra_access.catalogue.vocabularies import PublicationState
from infra_access.core.authority import Permission
from infra_access.core.paging import Page


class FacilityBody(Body):
    """A new facility, or changes of one."""

    organisation = PublicId(required=True)
    name = Line(most=300, filled=True, required=True)
    names = Free("Names by language.", values=NAMES)
    description = Lines(most=20_000)
    country = Country(required=True)
    city = Line(most=200)
    latitude = Number(low=-90, high=90, allow_none=True)
    longitude = Number(low=-180, high=180, allow_none=True)
    timezone = Line("A name of the IANA list, such as Europe/Berlin.", most=64, required=True)
    website = Line(most=500, allow_none=True)
    contact_name = Line(most=200)
    contact_email = Line(most=254, allow_none=True)
    contact_phone = Line(most=60, allow_none=True)
    security_contact = Line(most=254, allow_none=True)
    publication = Choice(PublicationState)


class FacilityOut(Out):
    """A facility."""

    id = PublicId()
    organisation = PublicId()
    organisation_name = Line(most=300)
    name = Line(most=300)
    names = Free("Names by language.")
    description = Lines(most=20_000)
    country = Country()
    city = Line(most=200)
    latitude = Number(low=-90, high=90, allow_none=True)
    longitude = Number(low=-180, high=180, allow_none=True)
    timezone = Line("The zone of its opening hours and calendars.", most=64)
    website = Line(most=500, allow_none=True)
    contact_name = Line(most=200)
    contact_email = Line(most=254, allow_none=True)
    contact_phone = Line(most=60, allow_none=True)
    publication = Choice(PublicationState)
    demo = Flag("Whether this is demonstration data.")
    version = Integer(low=1)


class FacilityQuery(PageQuery):
    """Which facilities."""

    q = Line("How the name begins.", most=200)
    country = Country()
    organisation = PublicId()


@resource(
    "api.facilities",
    "GET",
    permission=Permission.CATALOGUE_READ,
    query=FacilityQuery,
    out=page_of(FacilityOut),
    errors=(404,),
)
def list_all(call: Call) -> Page[dict[str, Any]]:
    """List facilities by name."""
    given = dict(call.query)
    if "organisation" in given:
        given["organisation"] = organisation_by_public_id(call.db, given["organisation"], actor=call.visitor)
    page = list_facilities(call.db, actor=call.visitor, **given)
    return Page(shown(page.items), page.next)


@resource(
    "api.facilities",
    "POST",
    permission=Permission.OWN_ACCOUNT,
    body=FacilityBody,
    out=FacilityOut,
    status=201,
    errors=(404, 409),
)
def create(call: Call) -> Created:
    """Enter a facility of an organisation in which one has the right; a draft unless said otherwise."""
    given = dict(call.body)
    organisation = organisation_by_public_id(call.db, given.pop("organisation"), actor=call.actor)
    facility = create_facility(call.db, actor=call.actor, now=call.now, organisation=organisation, **given)
    return Created(shown([(facility, organisation)])[0], f"/api/v1/facilities/{facility.public_id}")


@resource("api.facility", "GET", permission=Permission.CATALOGUE_READ, out=FacilityOut, errors=(410,))
def read(call: Call) -> dict[str, Any]:
    """Show a facility."""
    return _one(call, call.row)


@resource(
    "api.facility",
    "PATCH",
    permission=Permission.FACILITY_UPDATE,
    body=FacilityBody(partial=True, exclude=("organisation",)),
    out=FacilityOut,
    version="version",
    errors=(409, 410),
)
def change(call: Call) -> dict[str, Any]:
    """Change a facility, its publication among them."""
    return _one(call, update_facility(call.db, facility=call.row, changes=call.body, **call.changes))


def shown(rows: Sequence[tuple[Facility, Organisation]]) -> list[dict[str, Any]]:
    """Return facilities as the contract shows them."""
    own = set(FacilityOut._declared_fields) - {"id", "organisation", "organisation_name"}
    return [
        {
            **{name: getattr(facility, name) for name in own},
            "id": facility.public_id,
            "organisation": organisation.public_id,
            "organisation_name": organisation.name,
        }
        for facility, organisation in rows
    ]


def _one(call: Call, facility: Facility) -> dict[str, Any]:
    return shown([(facility, call.db.get_one(Organisation, facility.organisation_id))])[0]
