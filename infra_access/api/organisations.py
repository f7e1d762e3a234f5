"""/organisations: legal bodies. Anyone signed in may enter one, which gives no right."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Country, Flag, Free, Instant, Integer, Line, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out, PageQuery, page_of
from infra_access.api.serving import Created
from infra_access.catalogue.models import Organisation
from infra_access.catalogue.organisations import create_organisation, update_organisation
from infra_access.catalogue.queries import facts_of, identifiers_of, list_organisations
from infra_access.catalogue.vocabularies import IdentifierScheme, Sector, SizeBand, Trust
from infra_access.core.authority import Permission
from infra_access.core.paging import Page

NAMES = {"type": "string", "minLength": 1, "maxLength": 300}


class IdentifierBody(Body):
    """An identifier given by a register."""

    scheme = Choice(IdentifierScheme, required=True)
    value = Line(most=100, filled=True, required=True)


class FactsBody(Body):
    """What an organisation says about itself."""

    sector = Choice(Sector)
    size = Choice(SizeBand)
    startup = Flag()


class OrganisationBody(Body):
    """A new organisation, or changes of one."""

    name = Line(most=300, filled=True, required=True)
    names = Free("Names by language.", values=NAMES)
    country = Country(required=True)
    website = Line(most=500, allow_none=True)
    identifiers = ListOf(Part(IdentifierBody), "All identifiers; in a change they replace those there are.", most=20)
    facts = Part(FactsBody)


class IdentifierOut(Out):
    """An identifier given by a register."""

    scheme = Choice(IdentifierScheme)
    value = Line(most=100)


class FactOut(Out):
    """A fact, who says so and since when."""

    value = Line(most=100)
    asserted_by = Line(most=200)
    asserted_at = Instant()


class OrganisationOut(Out):
    """An organisation."""

    id = PublicId()
    name = Line(most=300)
    names = Free("Names by language.")
    country = Country()
    website = Line(most=500, allow_none=True)
    trust = Choice(Trust, "How far its identity has been checked.")
    identifiers = ListOf(Part(IdentifierOut))
    facts = Free("Facts by name: sector, size, startup.")
    demo = Flag("Whether this is demonstration data.")
    version = Integer(low=1)


class OrganisationQuery(PageQuery):
    """Which organisations."""

    q = Line("How the name begins.", most=200)
    country = Country()


@resource(
    "api.organisations",
    "GET",
    permission=Permission.CATALOGUE_READ,
    query=OrganisationQuery,
    out=page_of(OrganisationOut),
)
def list_all(call: Call) -> Page[dict[str, Any]]:
    """List organisations by name."""
    page = list_organisations(call.db, **call.query)
    return Page(shown(call.db, page.items), page.next)


@resource(
    "api.organisations",
    "POST",
    permission=Permission.ORGANISATION_CREATE,
    body=OrganisationBody,
    out=OrganisationOut,
    status=201,
    errors=(409,),
)
def create(call: Call) -> Created:
    """Enter an organisation, self-declared."""
    organisation = create_organisation(call.db, actor=call.actor, now=call.now, **_given(call.body))
    return Created(shown(call.db, [organisation])[0], f"/api/v1/organisations/{organisation.public_id}")


@resource("api.organisation", "GET", permission=Permission.CATALOGUE_READ, out=OrganisationOut)
def read(call: Call) -> dict[str, Any]:
    """Show an organisation."""
    return shown(call.db, [call.row])[0]


@resource(
    "api.organisation",
    "PATCH",
    permission=Permission.OWN_ACCOUNT,
    body=OrganisationBody(partial=True),
    out=OrganisationOut,
    version="version",
    errors=(409,),
)
def change(call: Call) -> dict[str, Any]:
    """Change an organisation."""
    organisation = update_organisation(call.db, organisation=call.row, changes=_given(call.body), **call.changes)
    return shown(call.db, [organisation])[0]


def shown(session: Session, organisations: Sequence[Organisation]) -> list[dict[str, Any]]:
    """Return organisations as the contract shows them. Two statements."""
    keys = [organisation.id for organisation in organisations]
    identifiers, facts = identifiers_of(session, keys), facts_of(session, keys)
    return [
        {
            "id": row.public_id,
            "name": row.name,
            "names": row.names,
            "country": row.country,
            "website": row.website,
            "trust": row.trust,
            "identifiers": [{"scheme": scheme, "value": value} for scheme, value in identifiers[row.id]],
            "facts": {name: FACT.dump(fact) for name, fact in facts[row.id].items()},
            "demo": row.demo,
            "version": row.version,
        }
        for row in organisations
    ]


FACT = FactOut()


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(body)
    if "identifiers" in given:
        given["identifiers"] = [(one["scheme"], one["value"]) for one in given["identifiers"]]
    return given
