"""/standing-authorisations: a yes given ahead to later requests, who has one, and revoking it."""

from typing import Any

from infra_access.access_requests.approvals.authorisations import (
    AuthorisationView,
    authorisation_by_public_id,
    authorisations,
    authorise,
    revoke,
)
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Amount, Choice, Flag, Instant, Integer, Line, Lines, ListOf, PublicId
from infra_access.api.schemas import Body, Out, page_of
from infra_access.api.serving import Created
from infra_access.catalogue.vocabularies import Regime
from infra_access.core.authority import Permission
from infra_access.people.roles import scope_named


class AuthorisationBody(Body):
    """A yes ahead."""

    role = Line("A role that the caller holds in the scope.", most=40, filled=True, required=True)
    scope = Line("Such as network, country:KE, or the id of a facility.", most=100, filled=True, required=True)
    organisation = PublicId("For whom; an organisation or a person, not both.", allow_none=True)
    person = Line("The mail address of an account.", most=254, allow_none=True)
    instruments = ListOf(PublicId(), "Only for these.", most=100)
    purposes = ListOf(Line(most=200, filled=True), "Only for these.")
    regimes = ListOf(Choice(Regime), "Only for these.")
    most_units = Amount("The most that one request may ask for.", allow_none=True)
    reason = Lines("Each approval that it gives quotes it.", most=5_000, filled=True, required=True)
    conditions = Lines(most=5_000, allow_none=True)
    since = Instant("Now by default.", allow_none=True)
    until = Instant("Within three years.", required=True)


class RevokeBody(Body):
    """Why it ends."""

    reason = Lines(most=5_000, filled=True, required=True)


class AuthorisationOut(Out):
    """A standing authorisation."""

    id = PublicId()
    role = Line(most=40)
    scope = Line(most=100)
    organisation = PublicId(allow_none=True)
    organisation_name = Line(most=300, allow_none=True)
    person = Line("A name.", most=200, allow_none=True)
    instruments = ListOf(PublicId())
    purposes = ListOf(Line(most=200))
    regimes = ListOf(Choice(Regime))
    most_units = Amount(answered=True, allow_none=True)
    reason = Lines(most=5_000)
    conditions = Lines(most=5_000, allow_none=True)
    given_by = Line(most=200)
    given_at = Instant()
    since = Instant()
    until = Instant()
    revoked_at = Instant(allow_none=True)
    revoked_because = Lines(most=5_000, allow_none=True)
    live = Flag("Whether it answers requests now.")
    answered = Integer("How many approvals it has given.", low=0)
    version = Integer(low=1)


@resource("api.authorisations", "GET", permission=Permission.APPROVAL_LIST, out=page_of(AuthorisationOut))
def list_own(call: Call) -> dict[str, Any]:
    """List those that the caller gave, may revoke or profits from, newest first; at most 200."""
    return {
        "items": [_shown(call, view) for view in authorisations(call.db, actor=call.actor, now=call.now)],
        "next": None,
    }


@resource(
    "api.authorisations",
    "POST",
    permission=Permission.APPROVAL_LIST,
    body=AuthorisationBody,
    out=AuthorisationOut,
    status=201,
    errors=(403, 404),
)
def give(call: Call) -> Created:
    """Say yes ahead, in a role that the caller holds, to an organisation or a person of others."""
    given = dict(call.body)
    scope = scope_named(call.db, given.pop("scope"))
    made = authorise(call.db, actor=call.actor, now=call.now, scope=scope, **given)
    view = authorisation_by_public_id(call.db, made.public_id, actor=call.actor, now=call.now)
    return Created(_shown(call, view), f"/api/v1/standing-authorisations/{made.public_id}")


@resource("api.authorisation", "GET", permission=Permission.APPROVAL_LIST, out=AuthorisationOut)
def read(call: Call) -> dict[str, Any]:
    """Show one."""
    return _shown(call, call.row)


@resource(
    "api.authorisation_revoke",
    "POST",
    permission=Permission.APPROVAL_DECIDE,
    body=RevokeBody,
    out=AuthorisationOut,
    version="authorisation.version",
    errors=(409,),
)
def end(call: Call) -> dict[str, Any]:
    """Revoke one; what it answered before stays as decided."""
    row = revoke(call.db, authorisation=call.row.authorisation, reason=call.body["reason"], **call.changes)
    return _shown(call, authorisation_by_public_id(call.db, row.public_id, actor=call.actor, now=call.now))


def _shown(call: Call, view: AuthorisationView) -> dict[str, Any]:
    row = view.authorisation
    return {
        "id": row.public_id,
        "role": row.role,
        "scope": ":".join(part for part in (row.scope_kind, row.scope_key) if part),
        "organisation": view.organisation and view.organisation.public_id,
        "organisation_name": view.organisation and view.organisation.name,
        "person": view.person,
        "instruments": [instrument.public_id for instrument in view.instruments],
        "purposes": row.purposes,
        "regimes": row.regimes,
        "most_units": row.most_units,
        "reason": row.reason,
        "conditions": row.conditions,
        "given_by": view.given_by,
        "given_at": row.given_at,
        "since": row.valid_from,
        "until": row.valid_until,
        "revoked_at": row.revoked_at,
        "revoked_because": row.revoked_because,
        "live": view.is_live(call.now),
        "answered": view.answered,
        "version": row.version,
    }
