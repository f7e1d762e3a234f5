"""/me/delegations: roles handed over for a time away, those handed to the caller, and taking one back."""

from typing import Any

from infra_access.api.contract import Call, resource
from infra_access.api.fields import Instant, Line, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out
from infra_access.core.authority import Permission
from infra_access.people.accounts import account_by_email
from infra_access.people.delegations import delegations_of, hand_over, own_role_in, take_back
from infra_access.people.roles import scope_named


class DelegationBody(Body):
    """A role to hand over."""

    role = Line(most=40, filled=True, required=True)
    scope = Line("As /me shows it, such as facility:7mkq2x9ahc0v4tzn or network.", most=100, filled=True, required=True)
    to = Line("The mail address of the account that stands in.", most=254, filled=True, required=True)
    since = Instant("Now by default.", allow_none=True)
    until = Instant("Within a year.", required=True)
    reason = Line(most=300)


class DelegationOut(Out):
    """A role handed over; `id` is of the holder's own grant, for taking it back."""

    id = PublicId("For whoever handed it over.", allow_none=True)
    role = Line(most=40)
    scope = Line(most=100)
    handed_over_by = Line(most=200)
    stands_in = Line(most=200)
    since = Instant()
    until = Instant()


class DelegationsOut(Out):
    """Roles handed over by and to the caller."""

    items = ListOf(Part(DelegationOut))


@resource("api.delegations", "GET", permission=Permission.OWN_ACCOUNT, out=DelegationsOut)
def read(call: Call) -> dict[str, Any]:
    """List the roles that the caller handed over, and those handed to the caller, which are not over yet."""
    return _listed(call)


@resource(
    "api.delegations",
    "POST",
    permission=Permission.OWN_ACCOUNT,
    body=DelegationBody,
    out=DelegationsOut,
    errors=(404, 409),
)
def give(call: Call) -> dict[str, Any]:
    """Hand a role over: whoever stands in holds it meanwhile, and the caller does not."""
    body = call.body
    grant = own_role_in(call.db, body["role"], scope_named(call.db, body["scope"]), actor=call.actor, now=call.now)
    hand_over(
        call.db,
        actor=call.actor,
        now=call.now,
        grant=grant,
        to=account_by_email(call.db, body["to"]),
        since=body.get("since"),
        until=body["until"],
        reason=body.get("reason", ""),
    )
    return _listed(call)


@resource("api.delegation_end", "POST", permission=Permission.OWN_ACCOUNT, out=DelegationsOut)
def end(call: Call) -> dict[str, Any]:
    """Take a role back before its time."""
    take_back(call.db, actor=call.actor, now=call.now, grant=call.row)
    return _listed(call)


def _listed(call: Call) -> dict[str, Any]:
    return {
        "items": [
            {
                "id": one.own_id if one.grant.delegated_by_id == call.actor.account_id else None,
                "role": one.grant.role,
                "scope": ":".join(part for part in (one.grant.scope_kind, one.grant.scope_key) if part),
                "handed_over_by": one.from_name,
                "stands_in": one.to_name,
                "since": one.grant.valid_from,
                "until": one.grant.valid_until,
            }
            for one in delegations_of(call.db, actor=call.actor, now=call.now)
        ]
    }
