"""/me: the caller, and their tokens. A new token is answered once and kept nowhere."""

from typing import Any

from sqlalchemy import select

from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Country, Instant, Integer, Line, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out, page_of
from infra_access.api.serving import Created
from infra_access.catalogue.models import Organisation
from infra_access.core.authority import Permission
from infra_access.people.accounts import update_account
from infra_access.people.models import Account, ApiToken
from infra_access.people.tokens import LONGEST_DAYS, SCOPES, create_token, revoke_token, tokens_of


class GrantOut(Out):
    """A role within a scope."""

    role = Line(most=40)
    scope = Line("Such as facility:7mkq2x9ahc0v4tzn, country:DE or network.", most=100)


class MeOut(Out):
    """The caller's account."""

    id = PublicId()
    email = Line(most=254)
    name = Line(most=200)
    phone = Line(most=60, allow_none=True)
    orcid = Line(most=40, allow_none=True)
    country_of_work = Country(allow_none=True)
    locale = Line(most=10)
    timezone = Line(most=64)
    organisations = ListOf(PublicId(), "Whom the caller can act for.", most=1_000)
    roles = ListOf(Part(GrantOut), most=10_000)
    token_scope = Choice(SCOPES, "What the token of this call may do.")
    version = Integer(low=1)


class MeBody(Body):
    """Changes of one's own account."""

    name = Line(most=200, filled=True)
    phone = Line(most=60, allow_none=True)
    orcid = Line(most=40, allow_none=True)
    country_of_work = Country(allow_none=True)
    locale = Line(most=10)
    timezone = Line(most=64)


class TokenBody(Body):
    """A new token."""

    name = Line("To know it by.", most=100, filled=True, required=True)
    scope = Choice(SCOPES, required=True)
    expires_in_days = Integer("90 by default.", low=1, high=LONGEST_DAYS)


class TokenOut(Out):
    """A token, without its secret."""

    id = PublicId()
    name = Line(most=100)
    scope = Choice(SCOPES)
    hint = Line("Its first characters.", most=12)
    created_at = Instant()
    expires_at = Instant()


class NewTokenOut(TokenOut):
    """A new token with its secret, which nobody can show again."""

    token = Line(most=200)


@resource("api.me", "GET", permission=Permission.OWN_ACCOUNT, out=MeOut)
def read(call: Call) -> dict[str, Any]:
    """Show the caller's account."""
    return _account(call, call.row)


@resource("api.me", "PATCH", permission=Permission.OWN_ACCOUNT, body=MeBody, out=MeOut, version="version")
def change(call: Call) -> dict[str, Any]:
    """Change one's own name, phone, ORCID iD, country of work, language or time zone."""
    return _account(call, update_account(call.db, account=call.row, changes=call.body, **call.changes))


@resource("api.tokens", "GET", permission=Permission.OWN_ACCOUNT, out=page_of(TokenOut))
def tokens(call: Call) -> dict[str, Any]:
    """List the caller's live tokens, newest first; there are at most 50."""
    return {"items": [_token(token) for token in tokens_of(call.db, call.actor, now=call.now)], "next": None}


@resource(
    "api.tokens",
    "POST",
    permission=Permission.OWN_ACCOUNT,
    body=TokenBody,
    out=NewTokenOut,
    status=201,
    keeps_answer=False,
)
def create(call: Call) -> Created:
    """Make a token; the answer holds its secret, once."""
    token, secret = create_token(call.db, actor=call.actor, now=call.now, **call.body)
    return Created({**_token(token), "token": secret}, f"/api/v1/me/tokens/{token.public_id}")


@resource("api.token", "GET", permission=Permission.OWN_ACCOUNT, out=TokenOut)
def token(call: Call) -> dict[str, Any]:
    """Show a token of the caller's, without its secret."""
    return _token(call.row)


@resource("api.token", "DELETE", permission=Permission.OWN_ACCOUNT)
def delete(call: Call) -> None:
    """End a token of the caller's; from the next call on it is refused."""
    revoke_token(call.db, actor=call.actor, now=call.now, token=call.row)


def _token(token: ApiToken) -> dict[str, Any]:
    return {name: getattr(token, name) for name in TokenOut._declared_fields if name != "id"} | {"id": token.public_id}


def _account(call: Call, account: Account) -> dict[str, Any]:
    organisations = select(Organisation.public_id).where(Organisation.id.in_(call.actor.organisation_ids))
    own = {name: getattr(account, name) for name in (*MeBody._declared_fields, "email", "version")}
    return {
        **own,
        "id": account.public_id,
        "organisations": sorted(call.db.scalars(organisations)),
        "roles": [
            {"role": grant.role, "scope": ":".join(part for part in grant.scope if part)} for grant in call.actor.grants
        ],
        "token_scope": call.actor.token_scope or "write",
    }
