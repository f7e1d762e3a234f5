"""/assurances: that staff vouch for a person, noted and withdrawn; and what counts of the caller, under /me."""

from typing import Any

from infra_access.api.contract import Call, resource
from infra_access.api.fields import Instant, Line, Lines, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out, Query
from infra_access.core.authority import Permission
from infra_access.people.assurances import (
    assurances_of,
    assurances_to_withdraw,
    note_assurance,
    withdraw_assurance,
)
from infra_access.people.models import Assurance
from infra_access.people.roles import scope_named


class AssuranceBody(Body):
    """What somebody vouches for."""

    person = Line("The mail address of the person's account.", most=254, filled=True, required=True)
    code = Line("By which rules ask for it, such as identity-high.", most=80, filled=True, required=True)
    source = Line(
        "Who vouches, or what was seen, such as a passport seen on site.", most=200, filled=True, required=True
    )
    scope = Line(
        "Where the caller has the right, as /me shows it, such as facility:7mkq2x9ahc0v4tzn or network.",
        most=100,
        filled=True,
        required=True,
    )
    valid_until = Instant("Until it is withdrawn, by default.", allow_none=True)


class AssuranceEndBody(Body):
    """Why an assurance counts no more."""

    reason = Lines(most=2_000, filled=True, required=True)


class AssurancesQuery(Query):
    """Whose."""

    person = Line("The mail address of the person's account.", most=254, filled=True, required=True)


class AssuranceOut(Out):
    """An assurance of a person."""

    id = PublicId()
    code = Line(most=80)
    source = Line(most=200)
    noted_at = Instant()
    valid_until = Instant(allow_none=True)
    withdrawn_at = Instant(allow_none=True)


class AssurancesOut(Out):
    """Assurances that count."""

    items = ListOf(Part(AssuranceOut), most=1_000)


@resource("api.own_assurances", "GET", permission=Permission.OWN_ACCOUNT, out=AssurancesOut)
def own(call: Call) -> dict[str, Any]:
    """List the assurances of the caller that count now."""
    found = assurances_of(call.db, call.actor.account_id or 0, at=call.now)
    return {"items": [_shown(one) for one in found]}


@resource("api.assurances", "GET", permission=Permission.OWN_ACCOUNT, query=AssurancesQuery, out=AssurancesOut)
def of_a_person(call: Call) -> dict[str, Any]:
    """List the assurances of a person that count now and that the caller may withdraw."""
    found = assurances_to_withdraw(call.db, call.query["person"], actor=call.actor, now=call.now)
    return {"items": [_shown(one) for one in found]}


@resource(
    "api.assurances",
    "POST",
    permission=Permission.OWN_ACCOUNT,
    body=AssuranceBody,
    out=AssuranceOut,
    errors=(404, 409),
)
def note(call: Call) -> dict[str, Any]:
    """Note that somebody vouches for another person, for a scope in which one has the right."""
    given = {**call.body, "scope": scope_named(call.db, call.body["scope"])}
    return _shown(note_assurance(call.db, actor=call.actor, now=call.now, **given))


@resource(
    "api.assurance_withdraw",
    "POST",
    permission=Permission.ASSURANCE_NOTE,
    body=AssuranceEndBody,
    out=AssuranceOut,
    errors=(409,),
)
def withdraw(call: Call) -> dict[str, Any]:
    """Withdraw an assurance: from the next decision on it counts no more."""
    return _shown(
        withdraw_assurance(call.db, actor=call.actor, now=call.now, assurance=call.row, reason=call.body["reason"])
    )


def _shown(one: Assurance) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "code": one.code,
        "source": one.source,
        "noted_at": one.noted_at,
        "valid_until": one.valid_until,
        "withdrawn_at": one.withdrawn_at,
    }
