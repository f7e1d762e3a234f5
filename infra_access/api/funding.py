"""/funding-sources: where the caller's money comes from, and how much of it is left."""

from typing import Any

from infra_access.accounting.funding import create_funding, funding_of, update_funding
from infra_access.accounting.models import FundingSource
from infra_access.accounting.vocabularies import FundingKind
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Amount, Choice, Day, Flag, Instant, Integer, Line, PublicId
from infra_access.api.schemas import Body, Out, page_of
from infra_access.api.serving import Created
from infra_access.catalogue.models import Organisation
from infra_access.catalogue.queries import organisation_by_public_id
from infra_access.core.authority import Permission
from infra_access.core.paging import Page


class FundingBody(Body):
    """A new source."""

    kind = Choice(FundingKind, required=True)
    name = Line(most=200, filled=True, required=True)
    reference = Line("The number by which the payer knows it.", most=200)
    currency = Line("Three letters, such as EUR.", most=3, filled=True, required=True)
    limit = Amount("The most that may be spent.", required=True)
    valid_from = Day(required=True)
    valid_until = Day("Its last day.", required=True)
    organisation = PublicId("Whose money it is; the caller's own if left out.")


class FundingChangeBody(Body):
    """What changes; what is left out stays. What is reserved stays reserved."""

    name = Line(most=200, filled=True)
    reference = Line(most=200)
    limit = Amount("Not below what is booked or spent.")
    valid_from = Day()
    valid_until = Day()
    active = Flag("Whether it can pay for anything more.")


class FundingOut(Out):
    """A source; `used` counts what is booked or was used."""

    id = PublicId()
    organisation = PublicId(allow_none=True)
    kind = Choice(FundingKind)
    name = Line(most=200)
    reference = Line(most=200)
    currency = Line(most=3)
    limit = Amount(answered=True)
    used = Amount(answered=True)
    left = Amount(answered=True)
    valid_from = Day()
    valid_until = Day()
    active = Flag()
    created_at = Instant()
    version = Integer(low=1)


@resource("api.funding_sources", "GET", permission=Permission.FUNDING_CREATE, out=page_of(FundingOut))
def list_own(call: Call) -> Page[dict[str, Any]]:
    """List the sources that the caller may spend, those that last longest first."""
    return Page([_shown(call, one) for one in funding_of(call.db, actor=call.actor, now=call.now)], None)


@resource(
    "api.funding_sources",
    "POST",
    permission=Permission.FUNDING_CREATE,
    body=FundingBody,
    out=FundingOut,
    status=201,
    errors=(403, 404),
)
def create(call: Call) -> Created:
    """State where money comes from."""
    given = {"reference": "", **call.body}
    given["limit_amount"] = given.pop("limit")
    if "organisation" in given:
        given["organisation"] = organisation_by_public_id(call.db, given["organisation"], actor=call.actor)
    funding = create_funding(call.db, actor=call.actor, now=call.now, **given)
    return Created(_shown(call, funding), f"/api/v1/funding-sources/{funding.public_id}")


@resource("api.funding_source", "GET", permission=Permission.FUNDING_CREATE, out=FundingOut)
def read(call: Call) -> dict[str, Any]:
    """Show a source and what is left of it."""
    return _shown(call, call.row)


@resource(
    "api.funding_source",
    "PATCH",
    permission=Permission.FUNDING_CREATE,
    body=FundingChangeBody,
    out=FundingOut,
    version="version",
    errors=(409,),
)
def change(call: Call) -> dict[str, Any]:
    """Put a source right."""
    changes = {("limit_amount" if key == "limit" else key): value for key, value in call.body.items()}
    return _shown(call, update_funding(call.db, funding=call.row, changes=changes, **call.changes))


def _shown(call: Call, funding: FundingSource) -> dict[str, Any]:
    same = (
        "kind",
        "name",
        "reference",
        "currency",
        "used",
        "valid_from",
        "valid_until",
        "active",
        "created_at",
        "version",
    )
    # The few organisations of one person; each is read once.
    owner = call.db.get_one(Organisation, funding.organisation_id) if funding.organisation_id else None
    return {name: getattr(funding, name) for name in same} | {
        "id": funding.public_id,
        "organisation": owner.public_id if owner else None,
        "limit": funding.limit_amount,
        "left": funding.limit_amount - funding.used,
    }
