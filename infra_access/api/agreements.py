"""/access-requests/{id}/agreement: the terms with their text and its hash, and accepting them."""

from typing import Any

from infra_access.access_requests.agreement_queries import SIDES, AgreementView, agreement_of, sides_of
from infra_access.access_requests.agreements import accept
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Flag, Free, Instant, Line, Lines, ListOf, Part, PublicId, Strict
from infra_access.api.schemas import Body, Out
from infra_access.core.authority import Permission


class AcceptBody(Body):
    """Which text was read."""

    text_hash = Line("The hash of the text that was read.", most=64, filled=True, required=True)


class AcceptedOut(Out):
    """That one side accepted."""

    side = Choice(SIDES)
    name = Line(most=200)
    at = Instant()


class AgreementOut(Out):
    """The terms of a request."""

    id = PublicId()
    access_request = PublicId()
    title = Line(most=200)
    template_version = Line(most=40)
    text = Lines(most=200_000)
    points = Free("What the text states as data: ip, sharing, publication, cost_shares, risk_shares, ...")
    text_hash = Strict("SHA-256 of the text in UTF-8.", type="string", pattern="^[0-9a-f]{64}$")
    created_at = Instant()
    accepted = ListOf(Part(AcceptedOut))
    complete = Flag("Whether both sides accepted.")
    may_accept = ListOf(Choice(SIDES), "The sides that the caller may still accept for.")


@resource("api.agreement", "GET", permission=Permission.REQUEST_READ, out=AgreementOut)
def read(call: Call) -> dict[str, Any]:
    """Show the terms of an access request."""
    return shown(call, agreement_of(call.db, call.row.access_request))


@resource(
    "api.agreement_accept",
    "POST",
    permission=Permission.OWN_ACCOUNT,
    body=AcceptBody,
    out=AgreementOut,
    version="access_request.version",
)
def give(call: Call) -> dict[str, Any]:
    """Accept the terms for one's side; the second side's acceptance makes the request active."""
    view = accept(call.db, access_request=call.row.access_request, text_hash=call.body["text_hash"], **call.changes)
    return shown(call, view)


def shown(call: Call, view: AgreementView) -> dict[str, Any]:
    """Return the terms as the contract shows them."""
    row, access_request = view.agreement, call.row.access_request
    done = {one.side for one in view.accepted}
    return {
        "id": row.public_id,
        "access_request": access_request.public_id,
        "title": row.title,
        "template_version": row.template_version,
        "text": row.text,
        "points": row.points,
        "text_hash": row.text_hash,
        "created_at": row.created_at,
        "accepted": view.accepted,
        "complete": view.is_complete,
        "may_accept": sorted(sides_of(call.db, access_request, call.actor, call.now) - done),
    }
